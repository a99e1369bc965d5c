/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Include lines that bring in too much: files that were never meant for sshd, or those that are read already. */
#include "stage/config_repair.h"

#include <fnmatch.h>

#include "base/text.h"

enum {
	INCLUDED_LIMIT = 200, /* files that one line brings in; of more it is not said that they are not needed */
	INCLUDE_LIMIT = 1000, /* Include lines of a file that are looked at */
	FOREIGN_LIMIT = 16, /* files of others that are told apart in one look */
};

static bool is_below(const char *path, const char *directory)
{
	const char *rest = string_after(path, directory);

	return rest && *rest == '/';
}

static bool matches_any(const char *name, const char *const *patterns)
{
	for (; *patterns; patterns++) {
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	}
	return false;
}

enum file_kind config_file_kind(struct config_stage *stage, const char *path)
{
	/* What other programs, or sshd for another purpose, keep beside the configuration. */
	static const char *const others[] = {"ssh_host_*", "*.pub",	   "moduli*",	       "primes",
					     "ssh_config", "ssh_config.*", "ssh_known_hosts*", "authorized_keys*",
					     "*_key",	   "*.key",	   "shosts.equiv",     NULL};
	static const char *const names[] = {"*sshd*", "*.conf", "*.config", NULL};
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char start[11] = "";

	/* Whatever it is called, the lines of a private key are nobody's to read. */
	if (target_pread(stage->facts->target, path, start, sizeof(start) - 1, 0) > 0 &&
	    string_equal(start, "-----BEGIN"))
		return FILE_OF_OTHERS;
	if (is_below(path, "/etc/ssh/ssh_config.d"))
		return FILE_OF_OTHERS;
	if (is_below(path, "/etc/ssh") || is_below(path, "/usr/etc/ssh"))
		return matches_any(name, others) ? FILE_OF_OTHERS : FILE_OF_SSHD;
	if (is_below(path, "/etc/crypto-policies") || is_below(path, "/usr/share/crypto-policies"))
		return FILE_OF_SSHD;
	return strstr(path, "ssh") && matches_any(name, names) ? FILE_OF_SSHD : FILE_OF_UNKNOWN;
}

static bool list_has(const string_list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (string_equal(list->items[i], item))
			return true;
	}
	return false;
}

static bool is_include(const struct source_line *line)
{
	return string_equal_nocase(line->keyword.value, "Include");
}

/* Adds the files that an Include line brings in; false when that cannot be told. */
static bool add_included(struct config_stage *stage, const struct source_line *line, string_list *paths)
{
	for (size_t i = 0; i < line->words.count; i++) {
		const char *value = line->words.items[i].value;
		string_list found = {0};

		if (target_glob(stage->facts->target,
				*value == '/' ? value : arena_printf(stage->arena, "/etc/ssh/%s", value), stage->arena,
				&found) < 0 ||
		    found.count > INCLUDED_LIMIT)
			return false;
		for (size_t j = 0; j < found.count; j++) {
			struct node_stat stat;
			char *resolved;

			/* sshd reads a directory as an empty file. */
			if (target_stat(stage->facts->target, found.items[j], &stat) < 0 ||
			    target_resolve(stage->facts->target, found.items[j], true, stage->arena, &resolved) < 0)
				return false;
			if (stat.type != NODE_DIRECTORY)
				*array_push(stage->arena, paths) = resolved;
		}
	}
	return true;
}

typedef void line_visitor(struct config_stage *stage, const struct source_line *line, void *context);

/* Calls visit for each Include line of the file. */
static void visit_includes(struct config_stage *stage, struct source_file *file, line_visitor *visit, void *context)
{
	/* Files may be long, and hardly any of their lines is an Include. */
	cleanup_arena struct arena scratch = {0};
	struct config_stage reader = {.facts = stage->facts, .arena = &scratch};
	struct source_line line;
	unsigned count = 0;

	for (unsigned number = 1; source_line_read(&reader, file, number, &line); number++) {
		if (is_include(&line) && count++ < INCLUDE_LIMIT) {
			source_line_read(stage, file, number, &line);
			visit(stage, &line, context);
		}
		if (number % 1024 == 0)
			arena_release(&scratch);
	}
}

static void collect_included(struct config_stage *stage, const struct source_line *line, void *context)
{
	string_list *paths = context;

	if (paths->count < INCLUDED_LIMIT)
		add_included(stage, line, paths);
}

/* Whether an Include line brings in nothing that sshd would miss: its own file, the main one, what the main one
 * includes by another line, and files that were never meant for sshd. */
static bool is_needless(struct config_stage *stage, const struct source_line *line)
{
	struct source_file *main_file = source_open(stage, stage->facts->config.main_path);
	string_list included = {0};

	if (!add_included(stage, line, &included) || !included.count || included.count > INCLUDED_LIMIT)
		return false;
	if (!stage->main_included_known) {
		stage->main_included_known = true;
		visit_includes(stage, main_file, collect_included, &stage->main_included);
	}
	for (size_t i = 0; i < included.count; i++) {
		const char *path = included.items[i];

		if (!string_equal(path, line->file->path) && !string_equal(path, main_file->path) &&
		    (line->file == main_file || !list_has(&stage->main_included, path)) &&
		    config_file_kind(stage, path) != FILE_OF_OTHERS)
			return false;
	}
	return true;
}

static void leave_include(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	repair_leave(stage, problem, line);
	problem_remedy(
	    stage->findings, problem, "%s",
	    "correct the Include line by hand: what it includes may keep somebody out, so it is not dropped");
}

/* --- a circle --- */

static void comment_out_needless(struct config_stage *stage, const struct source_line *line, void *context)
{
	struct problem *problem = context;

	if (!line->file->read_only && !line->file->settled[line->number] && is_needless(stage, line))
		repair_comment_out(stage, problem, line, "includes what is read already");
}

/* sshd follows Include lines sixteen deep, so in a circle it stops anywhere. The line that closes the circle is the one
 * to go. */
void repair_include(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	const string_list *files = &stage->facts->config.files;

	for (size_t i = 0; i < files->count && !stage->circle_searched; i++) {
		if (config_file_kind(stage, files->items[i]) == FILE_OF_SSHD)
			visit_includes(stage, source_open(stage, files->items[i]), comment_out_needless, problem);
	}
	stage->circle_searched = true;
	if (!problem->edits.count)
		leave_include(stage, problem, line);
}

/* --- files that are no configuration --- */

struct search {
	const char *path;
	unsigned found;
};

static void check_include(struct config_stage *stage, const struct source_line *line, void *context)
{
	struct search *search = context;
	string_list included = {0};
	struct problem *problem;

	add_included(stage, line, &included);
	if (!list_has(&included, search->path))
		return;
	search->found++;
	/* It brought in another one before. */
	if (line->file->settled[line->number])
		return;
	problem = problem_raise(stage->findings, PROBLEM_CONFIG_INCLUDE, line->file->path, line->number, "%s",
				source_line_summary(stage, line));
	/* Nothing of that file is quoted: it may be a key, or passwords. */
	problem_evidence(stage->findings, problem, "it brings in %s, which is no configuration of sshd", search->path);
	if (is_needless(stage, line))
		repair_comment_out(stage, problem, line, "brings in files that are no configuration of sshd");
	else
		leave_include(stage, problem, line);
	line->file->settled[line->number] = true;
}

void check_foreign_file(struct config_stage *stage, const char *path)
{
	const struct sshd_config *config = &stage->facts->config;
	struct search search = {.path = path};
	struct problem *problem;

	if (stage->foreign_seen++ >= FOREIGN_LIMIT) {
		stage->findings->partial[STAGE_CONFIG] = true;
		return;
	}
	for (size_t i = 0; i < config->files.count; i++) {
		if (config_file_kind(stage, config->files.items[i]) == FILE_OF_SSHD)
			visit_includes(stage, source_open(stage, config->files.items[i]), check_include, &search);
	}
	if (search.found || stage->foreign_blamed)
		return;
	stage->foreign_blamed = true;
	problem = problem_raise(stage->findings, PROBLEM_CONFIG_GARBAGE, config->main_path, 0, "%s", config->main_path);
	problem->class = REPAIR_REPORT;
	problem_evidence(stage->findings, problem, "%s is read, which is no configuration of sshd", path);
	problem_remedy(stage->findings, problem, "%s", "correct the link or the Include line that leads there");
}
