/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a merge, a crash or a deletion left without sense. */
#include "stage/config_repair.h"

#include <errno.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

char conflict_mark(const struct source_line *line)
{
	static const char marks[] = "<|=>";

	for (const char *mark = marks; *mark; mark++) {
		size_t length = 0;

		while (line->text[length] == *mark)
			length++;
		if (length == 7 && (line->text[7] == '\0' || line->text[7] == ' '))
			return *mark;
	}
	return '\0';
}

enum {
	CONFLICT_LINES = 1000, /* a longer region is no merge of two versions of a configuration */
	REFUSED_LINES = 100, /* nobody makes as many mistakes in one file */
};

/* Line numbers of the marks; base is 0 without a "|||||||" part. */
struct conflict {
	unsigned start, base, middle, end;
};

static bool find_conflict(struct config_stage *stage, const struct source_line *start, struct conflict *ret)
{
	struct source_line line;

	*ret = (struct conflict){.start = start->number};
	for (unsigned number = start->number + 1; source_line_read(stage, start->file, number, &line); number++) {
		switch (conflict_mark(&line)) {
		case '<':
			return false;
		case '|':
			if (ret->base || ret->middle)
				return false;
			ret->base = number;
			break;
		case '=':
			if (ret->middle)
				return false;
			ret->middle = number;
			break;
		case '>':
			ret->end = number;
			return ret->middle && number - ret->start <= CONFLICT_LINES;
		default:
			break;
		}
	}
	return false;
}

/* The next line in from … end that may keep somebody out; its number, or end. */
static unsigned next_restriction(struct config_stage *stage, struct source_file *file, unsigned from, unsigned end,
				 struct source_line *ret)
{
	while (from < end && source_line_read(stage, file, from, ret) &&
	       (!*ret->keyword.value || !option_restricts(ret->keyword.value)) && !ret->binary)
		from++;
	return from;
}

/* Whether both sides restrict in the same words and order: then whichever wins restricts as much. */
static bool sides_restrict_alike(struct config_stage *stage, struct source_file *file, const struct conflict *conflict)
{
	unsigned ours_end = conflict->base ? conflict->base : conflict->middle;
	unsigned ours = conflict->start + 1, theirs = conflict->middle + 1;

	for (;; ours++, theirs++) {
		struct source_line a, b;

		ours = next_restriction(stage, file, ours, ours_end, &a);
		theirs = next_restriction(stage, file, theirs, conflict->end, &b);
		if (ours == ours_end || theirs == conflict->end)
			return ours == ours_end && theirs == conflict->end;
		if (a.binary || b.binary ||
		    !string_equal(source_line_summary(stage, &a), source_line_summary(stage, &b)))
			return false;
	}
}

/* Whether our side has the line already, and sshd would stumble over it a second time. */
static bool is_second(struct config_stage *stage, const struct conflict *conflict, const struct source_line *theirs)
{
	enum keyword_id id = keyword_id_of(theirs->keyword.value);
	unsigned end = conflict->base ? conflict->base : conflict->middle;
	struct source_line ours;

	if (id != KEYWORD_SUBSYSTEM && id != KEYWORD_PORT && id != KEYWORD_LISTEN_ADDRESS && id != KEYWORD_HOST_KEY)
		return false;
	for (unsigned number = conflict->start + 1; number < end; number++) {
		source_line_read(stage, theirs->file, number, &ours);
		if (keyword_id_of(ours.keyword.value) != id || !ours.words.count || !theirs->words.count)
			continue;
		if (string_equal(ours.words.items[0].value, theirs->words.items[0].value))
			return true;
	}
	return false;
}

void repair_merge_conflict(struct config_stage *stage, struct problem *problem, const struct source_line *start)
{
	struct source_file *file = start->file;
	struct conflict conflict = {0};
	bool known = conflict_mark(start) == '<' && find_conflict(stage, start, &conflict);

	if (file->read_only || !known || !sides_restrict_alike(stage, file, &conflict)) {
		for (unsigned number = conflict.start; known && number <= conflict.end; number++) {
			struct source_line line;

			/* They are this problem's, not one of their own. */
			source_line_read(stage, file, number, &line);
			file->settled[number] = file->settled[number] || conflict_mark(&line);
		}
		problem->class = REPAIR_REPORT;
		problem_remedy(stage->findings, problem, "%s",
			       file->read_only ? file->read_only
			       : known	       ? "resolve the merge by hand: the two sides differ in who may get in"
					       : "resolve the merge by hand: its marks are not complete");
		return;
	}
	for (unsigned number = conflict.start; number <= conflict.end; number++) {
		struct source_line line;
		const char *reason = NULL;

		source_line_read(stage, file, number, &line);
		if (conflict_mark(&line))
			reason = "mark of an unresolved merge";
		else if (!*line.keyword.value)
			continue;
		else if (conflict.base && number > conflict.base && number < conflict.middle)
			reason = "what the merged versions came from";
		else if (number > conflict.middle && is_second(stage, &conflict, &line))
			reason = "both sides of a merge have this";
		if (reason)
			repair_comment_out(stage, problem, &line, reason);
	}
	problem_repair(stage->findings, problem, VERB_COMMENT_OUT, "%s", "the marks; both sides stay");
}

/* --- whole files --- */

/* The package's own copy: Debian's openssh-server ships one, SUSE and image-based systems keep /usr/etc. */
static const char *find_pristine_copy(struct config_stage *stage, const char *path, struct blob *ret)
{
	static const char *const copies[] = {"/usr/share/openssh/sshd_config", "/usr/etc/ssh/sshd_config"};

	if (!string_equal(path, "/etc/ssh/sshd_config"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
		if (target_read(stage->facts->target, copies[i], TARGET_FILE_LIMIT, stage->arena, ret, NULL) == 0 &&
		    ret->size)
			return copies[i];
	}
	return NULL;
}

static const char *reinstall_command(const struct os_release *os)
{
	if (os_release_is(os, "debian") || os_release_is(os, "ubuntu"))
		return "apt-get install --reinstall -o Dpkg::Options::=--force-confmiss openssh-server";
	if (os_release_is(os, "fedora") || os_release_is(os, "rhel"))
		return "dnf reinstall openssh-server";
	if (os_release_is(os, "suse") || os_release_is(os, "opensuse"))
		return "zypper install --force openssh-server";
	if (os_release_is(os, "arch"))
		return "pacman -S openssh";
	return "reinstall the package of the SSH server";
}

/* Copies that an administrator or the package manager left: they may be what is wanted, but only a person can tell. */
static const char *left_copies(struct config_stage *stage, const char *path)
{
	struct text names = {.arena = stage->arena};
	string_list copies = {0};

	target_glob(stage->facts->target, arena_printf(stage->arena, "%s[.~_-]*", path), stage->arena, &copies);
	for (size_t i = 0; i < copies.count && i < 5; i++) {
		struct node_stat stat;

		if (target_stat(stage->facts->target, copies.items[i], &stat) == 0 && stat.type == NODE_FILE)
			text_printf(&names, "%s%s", names.size ? ", " : "", copies.items[i]);
	}
	return names.data;
}

static void restore_file(struct config_stage *stage, struct problem *problem, const char *path)
{
	struct blob content;
	const char *pristine = find_pristine_copy(stage, path, &content), *copies = left_copies(stage, path);

	if (copies)
		problem_evidence(stage->findings, problem, "%s%scopies of it that are left: %s",
				 problem->evidence ? problem->evidence : "", problem->evidence ? "; " : "", copies);
	if (!pristine) {
		problem->class = REPAIR_REPORT;
		problem_remedy(stage->findings, problem, "%s%s%s", reinstall_command(&stage->facts->os),
			       copies ? ", or restore one of " : "", copies ? copies : "");
		return;
	}
	problem_repair(stage->findings, problem, VERB_RESTORE, "%s from %s", path, pristine);
	repair_write(stage->findings, problem, path, content, 0644, 0, 0);
}

/* What the name says is there, though sshd cannot read it: nothing that a repair may replace. */
void repair_missing_file(struct config_stage *stage, struct problem *problem, const char *path)
{
	struct node_stat stat;
	int r = target_lstat(stage->facts->target, path, &stat);

	if (r == -ENOENT || r == -ENOTDIR) {
		restore_file(stage, problem, path);
		return;
	}
	problem->class = REPAIR_REPORT;
	if (r == 0 && stat.type == NODE_SYMLINK)
		problem_remedy(stage->findings, problem, "%s", "repair the link or what it leads to");
	else
		problem_remedy(stage->findings, problem, "%s",
			       "move what is there out of the way and restore the file");
}

/* Whether a restricting keyword can still be read somewhere in the bytes. */
static bool shows_restriction(const struct source_line *line)
{
	for (size_t i = 0; i < keyword_rule_count; i++) {
		const char *name = keyword_rules[i].name;
		size_t length = strlen(name);

		if (option_meaning(keyword_rules[i].id)->may_go)
			continue;
		for (size_t start = 0; start + length <= line->length; start++) {
			size_t same = 0;

			while (same < length && char_to_lower(line->text[start + same]) == char_to_lower(name[same]))
				same++;
			if (same == length)
				return true;
		}
	}
	return false;
}

static void comment_out_garbage(struct config_stage *stage, struct problem *problem, struct source_file *file)
{
	const struct sshd_config *config = &stage->facts->config;
	unsigned count = 0;

	for (size_t i = 0; i < config->errors.count; i++) {
		const struct sshd_config_error *error = &config->errors.items[i];
		struct source_line line;

		if (!error->path || !string_equal(error->path, file->path) ||
		    !source_line_read(stage, file, error->line, &line) || !line.binary || file->settled[error->line])
			continue;
		repair_comment_out(stage, problem, &line, "no text");
		count++;
	}
	problem_repair(stage->findings, problem, VERB_COMMENT_OUT, "%u lines that are no text", count);
}

bool is_no_configuration(const struct source_file *file)
{
	return file->errors > REFUSED_LINES;
}

/* What is in a file, line by line. */
struct survey {
	unsigned garbage, text; /* lines */
	/* What the damaged lines still show of a restriction, and what would be lost with the whole file. */
	bool damaged_restriction, restriction;
};

static void survey_file(struct config_stage *stage, struct source_file *file, struct survey *ret)
{
	/* Files may be long, and none of their lines is needed later. */
	cleanup_arena struct arena scratch = {0};
	struct config_stage reader = {.facts = stage->facts, .arena = &scratch};
	struct source_line line;

	*ret = (struct survey){0};
	for (unsigned number = 1; source_line_read(&reader, file, number, &line); number++) {
		if (*line.keyword.value) {
			ret->garbage += line.binary;
			ret->text += !line.binary;
			if (line.binary)
				ret->damaged_restriction = ret->damaged_restriction || shows_restriction(&line);
			else
				ret->restriction = ret->restriction || option_restricts(line.keyword.value);
		}
		if (number % 1024 == 0)
			arena_release(&scratch);
	}
}

void repair_garbage(struct config_stage *stage, struct problem *problem, struct source_file *file)
{
	bool whole = string_equal(file->path, stage->facts->config.main_path);
	struct survey survey;

	survey_file(stage, file, &survey);
	whole = whole && (survey.garbage >= survey.text || is_no_configuration(file));
	problem_evidence(stage->findings, problem, "%u lines are no text, %u are; sshd refuses %u%s", survey.garbage,
			 survey.text, file->errors, is_no_configuration(file) ? " or more" : "");
	if (!file->read_only && whole && !survey.damaged_restriction && !survey.restriction) {
		restore_file(stage, problem, file->path);
	} else if (!file->read_only && !whole && !survey.damaged_restriction && !is_no_configuration(file)) {
		comment_out_garbage(stage, problem, file);
	} else {
		problem->class = REPAIR_REPORT;
		problem_remedy(
		    stage->findings, problem, "%s",
		    file->read_only
			? file->read_only
			: "restore the file from a backup: what can still be read of it may restrict who gets in");
	}
}
