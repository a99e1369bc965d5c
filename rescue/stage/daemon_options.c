/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that sshd is started with: those it refuses, and those with which it does not stay to listen. */
#include "stage/daemon.h"

#include "base/ctype.h"
#include "base/text.h"
#include "policy.h"

enum {
	CONTINUED_LINES = 16, /* of one ExecStart= */
};

/* getopt(3) of sshd.c. */
static const char options_with_argument[] = "CEbcfghkopu";
static const char options_alone[] = "46DGQRTdeiqrtV";

/* --- editing a line of words --- */

struct place {
	const char *path;
	unsigned line;
};

/* Where the options stand: the environment file they came from, or the ExecStart= itself. */
static struct place options_place(const struct ssh_service *service)
{
	return service->options_path ? (struct place){service->options_path, service->options_line}
				     : (struct place){service->command_path, service->command_line};
}

static bool is_separator(char c)
{
	return char_is_space(c) || c == '"' || c == '\'' || c == '=' || c == '\0';
}

/* The end of word at text, when it stands there: blanks in it are as many as you like in text. */
static const char *match_word(const char *text, const char *word)
{
	while (*word) {
		if (*word == ' ') {
			if (!char_is_space(*text))
				return NULL;
			while (char_is_space(*text))
				text++;
			word++;
		} else if (*text++ != *word++) {
			return NULL;
		}
	}
	return is_separator(*text) ? text : NULL;
}

/* The line with one word replaced, or taken out with the blanks around it; NULL when the word does not stand in it. */
static char *replace_word(struct arena *arena, const char *line, const char *word, const char *replacement)
{
	for (const char *at = line; *at; at++) {
		const char *end, *start = at;

		if (at > line && !is_separator(at[-1]))
			continue;
		end = match_word(at, word);
		if (!end)
			continue;
		if (!*replacement) {
			while (start > line && char_is_space(start[-1]))
				start--;
			while (start == at && char_is_space(*end))
				end++;
		}
		return arena_printf(arena, "%.*s%s%s", (int)(start - line), line, replacement, end);
	}
	return NULL;
}

static bool read_line(struct daemon_stage *stage, const char *path, unsigned number, const char **ret)
{
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	if (target_read(stage->facts->target, path, TARGET_FILE_LIMIT, stage->arena, &content, NULL) < 0)
		return false;
	for (unsigned i = 1; next_line(&content, &offset, &line, &length); i++) {
		if (i < number)
			continue;
		if (length && line[length - 1] == '\r')
			length--;
		*ret = arena_memdup(stage->arena, line, length);
		return true;
	}
	return false;
}

/* Attaches the edit that replaces words[i] by replacements[i] in the line of the options, or in one that continues it.
 * All or nothing. */
static void attach_edit(struct daemon_stage *stage, struct problem *problem, const struct place *place,
			const string_list *words, const string_list *replacements)
{
	char *resolved;

	problem->class = REPAIR_REPORT;
	if (!place->path || target_resolve(stage->facts->target, place->path, true, stage->arena, &resolved) < 0)
		return;
	problem_remedy(stage->findings, problem, "systemctl edit --full %s", stage->facts->service.service_name);
	if (!policy_allows_path(EDIT_REPLACE_LINE, resolved))
		return;
	for (unsigned number = place->line; number < place->line + CONTINUED_LINES; number++) {
		const char *line, *before;

		if (!read_line(stage, resolved, number, &line))
			return;
		before = line;
		for (size_t i = 0; line && i < words->count; i++)
			line = replace_word(stage->arena, line, words->items[i], replacements->items[i]);
		if (line) {
			problem->class = problem->info->class;
			problem_remedy(stage->findings, problem, "correct the options in %s", resolved);
			problem_repair(stage->findings, problem, VERB_CORRECT, "%s -> %s", before, line);
			repair_replace_line(stage->findings, problem, resolved, number, line);
			return;
		}
		if (!string_ends_with(before, "\\"))
			return;
	}
}

static const char *join(struct arena *arena, const string_list *words)
{
	struct text text = {.arena = arena};

	text_add(&text, "", 0);
	for (size_t i = 0; i < words->count; i++)
		text_printf(&text, "%s%s", i ? " " : "", words->items[i]);
	return text.data;
}

/* --- words that sshd refuses --- */

/* What is left of "-DZ" without the letters that sshd does not know; "" for a word that is to go altogether. */
static char *known_letters(struct arena *arena, const char *word)
{
	char *kept = arena_strdup(arena, word);
	size_t length = 1;

	if (*word != '-' || word[1] == '-' || strchr(word, ' '))
		return arena_strdup(arena, "");
	for (const char *c = word + 1; *c; c++) {
		/* An option that lacks its argument, or whose argument is bad. */
		if (strchr(options_with_argument, *c))
			return arena_strdup(arena, "");
		if (strchr(options_alone, *c))
			kept[length++] = *c;
	}
	kept[length] = '\0';
	return length > 1 ? kept : arena_strdup(arena, "");
}

static void check_refused(struct daemon_stage *stage)
{
	const struct ssh_service *service = &stage->facts->service;
	struct place place = options_place(service);
	string_list replacements = {0};
	struct problem *problem;

	if (service->bad_options.count == 0)
		return;
	/* sshd stops at the first: the words behind it were not looked at. */
	stage->findings->partial[STAGE_DAEMON] = true;
	for (size_t i = 0; i < service->bad_options.count; i++)
		*array_push(stage->arena, &replacements) = known_letters(stage->arena, service->bad_options.items[i]);
	problem = problem_raise(stage->findings, PROBLEM_DAEMON_OPTION, place.path, place.line, "%s",
				join(stage->arena, &service->bad_options));
	problem_evidence(stage->findings, problem, "%s", join(stage->arena, &service->command));
	attach_edit(stage, problem, &place, &service->bad_options, &replacements);
}

/* --- options with which it does not listen --- */

/* The letters of set that the word holds as options, and the word without them. */
static char *find_letters(struct arena *arena, const char *word, const char *set, bool *ret_found)
{
	char *kept = arena_strdup(arena, word);
	size_t length = 1;

	*ret_found = false;
	for (const char *c = word + 1; *c; c++) {
		if (strchr(options_with_argument, *c)) {
			while (*c)
				kept[length++] = *c++;
			break;
		}
		if (strchr(set, *c))
			*ret_found = true;
		else
			kept[length++] = *c;
	}
	kept[length] = '\0';
	return length > 1 ? kept : arena_strdup(arena, "");
}

/* Whether the word is an option whose argument is the next word. */
static bool takes_next_word(const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		if (strchr(options_with_argument, *c))
			return c[1] == '\0';
	}
	return false;
}

static void raise_mode(struct daemon_stage *stage, char *word, char *replacement, enum severity severity)
{
	struct place place = options_place(&stage->facts->service);
	string_list words = {0}, replacements = {0};
	struct problem *problem =
	    problem_raise(stage->findings, PROBLEM_DAEMON_MODE, place.path, place.line, "%s", word);

	problem->severity = severity;
	problem_evidence(stage->findings, problem, "%s", join(stage->arena, &stage->facts->service.command));
	*array_push(stage->arena, &words) = word;
	*array_push(stage->arena, &replacements) = replacement;
	attach_edit(stage, problem, &place, &words, &replacements);
}

static void check_mode(struct daemon_stage *stage)
{
	const struct ssh_service *service = &stage->facts->service;

	/* A unit that serves one connection of a socket is to use -i. */
	bool listens = service->service_starts || !service->socket_starts;

	for (size_t i = 1; i < service->command.count; i++) {
		char *word = service->command.items[i], *kept;
		bool found;

		if (*word != '-' || !word[1] || word[1] == '-')
			return;
		kept = find_letters(stage->arena, word, listens ? "tTGVi" : "tTGV", &found);
		if (found) {
			raise_mode(stage, word, kept, SEVERITY_BLOCKS);
		} else {
			kept = find_letters(stage->arena, word, "d", &found);
			if (found)
				raise_mode(stage, word, kept, SEVERITY_LIMITS);
		}
		if (takes_next_word(word))
			i++;
	}
}

/* --- files that options name --- */

static void check_config_file(struct daemon_stage *stage)
{
	const struct ssh_service *service = &stage->facts->service;
	struct place place = options_place(service);
	string_list words = {0}, replacements = {0};
	struct problem *problem;
	const char *path = service->config_file;

	if (!path || string_equal(path, "none") || target_exists(stage->facts->target, path))
		return;
	problem = problem_raise(stage->findings, PROBLEM_DAEMON_CONFIG_FILE, place.path, place.line, "%s", path);
	if (!target_exists(stage->facts->target, "/etc/ssh/sshd_config")) {
		problem->class = REPAIR_REPORT;
		return;
	}
	*array_push(stage->arena, &words) = arena_printf(stage->arena, "-f %s", path);
	*array_push(stage->arena, &replacements) = arena_strdup(stage->arena, "");
	attach_edit(stage, problem, &place, &words, &replacements);
	if (problem->edits.count == 0) {
		words.items[0] = arena_printf(stage->arena, "-f%s", path);
		attach_edit(stage, problem, &place, &words, &replacements);
	}
}

/* sshd runs itself, or sshd-session, again for each connection, and wants to know from where. */
static void check_absolute(struct daemon_stage *stage)
{
	const struct ssh_service *service = &stage->facts->service;
	struct problem *problem;

	if (service->command.count == 0 || service->command.items[0][0] == '/')
		return;
	problem = problem_raise(stage->findings, PROBLEM_DAEMON_RELATIVE_PATH, service->command_path,
				service->command_line, "%s", service->command.items[0]);
	problem_remedy(stage->findings, problem, "write ExecStart=%s … in %s", service->binary, service->command_path);
}

void daemon_check_options(struct daemon_stage *stage)
{
	check_absolute(stage);
	check_refused(stage);
	check_mode(stage);
	check_config_file(stage);
}
