/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: does sshd accept its configuration? Every reason for which it would not (parse/sshd_config.h) becomes a
 * problem, with the smallest repair that lets nobody in who was kept out: a typing error is corrected where it can only
 * have been one, an element goes from a list, a line that cannot restrict becomes a comment. Anything else is left.
 */
#include "stage/config_repair.h"

#include "base/text.h"

/* sshd stops at the first; with that many, the rest can wait for the next look. */
enum {
	PROBLEM_LIMIT = 500,
	DIRECTORY_LIMIT = 16,
};

/* The part of a problem's identity that is not the path: the text of its line, which stays when lines move. */
static const char *distinct_subject(struct config_stage *stage, enum problem_code code, const char *path,
				    const char *subject)
{
	unsigned same = 1;

	for (size_t i = 0; i < stage->findings->problems.count; i++) {
		const struct problem *other = stage->findings->problems.items[i];
		const char *rest;

		if (other->code != code || !other->path || !string_equal(other->path, path))
			continue;
		rest = string_after(other->subject, subject);
		same += rest && (!*rest || string_after(rest, " ("));
	}
	return same == 1 ? subject : arena_printf(stage->arena, "%s (%u)", subject, same);
}

static struct problem *raise_line(struct config_stage *stage, enum problem_code code, const struct source_line *line,
				  const struct sshd_config_error *error)
{
	const char *subject = distinct_subject(stage, code, line->file->path, source_line_summary(stage, line));
	struct problem *problem = problem_raise(stage->findings, code, line->file->path, line->number, "%s", subject);

	if (error->message)
		problem_evidence(stage->findings, problem, "%s", error->message);
	return problem;
}

/* About no line that could be edited: sshd's own words are the subject. */
static struct problem *raise_message(struct config_stage *stage, enum problem_code code,
				     const struct sshd_config_error *error, const char *path, unsigned line)
{
	return problem_raise(stage->findings, code, path, line, "%s",
			     error->message   ? error->message
			     : error->keyword ? error->keyword
					      : "a configuration that sshd refuses");
}

static void check_missing(struct config_stage *stage, const struct sshd_config_error *error)
{
	const char *path = error->path ? error->path : stage->facts->config.main_path;
	struct problem *problem = problem_raise(stage->findings, PROBLEM_CONFIG_MISSING, path, 0, "%s", path);

	if (error->message)
		problem_evidence(stage->findings, problem, "%s", error->message);
	repair_missing_file(stage, problem, path);
}

/* An -o option of sshd's command line. */
static void check_option(struct config_stage *stage, const struct sshd_config_error *error)
{
	const struct ssh_service *service = &stage->facts->service;
	const char *path = service->options_path ? service->options_path : service->command_path;
	struct problem *problem = raise_message(stage, PROBLEM_CONFIG_OPTION, error, path,
						service->options_path ? service->options_line : service->command_line);

	problem->class = REPAIR_REPORT;
	problem_remedy(stage->findings, problem, "%s", "correct the -o option on sshd's command line");
}

/* A ListenAddress that cannot be used, since AddressFamily leaves its family out. */
static void repair_listen_address(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	static const char *const wildcards[] = {"0.0.0.0", "::", "[::]"};
	const struct sshd_config *config = &stage->facts->config;
	const struct sshd_setting *setting = NULL;
	size_t others = 0;
	bool wildcard = false;

	while ((setting = sshd_config_next(config, "ListenAddress", setting)))
		others++;
	for (size_t i = 0; i < config->errors.count; i++) {
		const struct sshd_config_error *error = &config->errors.items[i];

		others -= others && error->kind == SSHD_CONFIG_CONFLICT && error->keyword &&
			  string_equal_nocase(error->keyword, "ListenAddress");
	}
	for (size_t i = 0; i < ARRAY_SIZE(wildcards); i++)
		wildcard =
		    wildcard || (line->words.count == 1 && string_equal(line->words.items[0].value, wildcards[i]));
	/* Without any address left, sshd listens on all of them: what the line did not ask for. */
	if (others || wildcard)
		repair_comment_out(stage, problem, line, "of a family that AddressFamily leaves out");
	else
		repair_leave(stage, problem, line);
}

static void repair_conflict(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	const struct keyword_rule *rule = option_in_use(stage, line->keyword.value);

	if (rule && is_algorithm_list(rule->grammar)) {
		repair_empty_list(stage, problem, line, rule);
		return;
	}
	switch (rule ? rule->id : KEYWORD_NONE) {
	case KEYWORD_AUTHORIZED_KEYS_COMMAND:
		/* The command only gives keys: without it fewer get in, and those that the files name still do. */
		repair_comment_out(stage, problem, line, "needs AuthorizedKeysCommandUser");
		break;
	case KEYWORD_SUBSYSTEM:
		repair_second_subsystem(stage, problem, line);
		break;
	case KEYWORD_LISTEN_ADDRESS:
		repair_listen_address(stage, problem, line);
		break;
	default:
		repair_leave(stage, problem, line);
		problem_remedy(stage->findings, problem, "%s",
			       "correct the lines by hand: each is in order, but not together with the others");
		break;
	}
}

/* A keyword that has its place outside of Match blocks. To move it would change what it means. */
static void repair_misplaced(struct config_stage *stage, struct problem *problem, const struct source_line *line)
{
	if (line_may_go(stage, line, true)) {
		repair_comment_out(stage, problem, line, "not allowed in a Match block");
		return;
	}
	repair_leave(stage, problem, line);
	problem_remedy(stage->findings, problem, "%s",
		       "move the line above the first Match if it is meant for everybody, else remove it");
}

static void check_line(struct config_stage *stage, const struct sshd_config_error *error,
		       const struct source_line *line)
{
	struct problem *problem;

	switch (error->kind) {
	case SSHD_CONFIG_UNKNOWN_KEYWORD:
	case SSHD_CONFIG_GARBAGE:
		problem = raise_line(stage, PROBLEM_CONFIG_KEYWORD, line, error);
		repair_keyword(stage, problem, line, error->in_match);
		break;
	case SSHD_CONFIG_BAD_VALUE:
		problem = raise_line(stage, PROBLEM_CONFIG_VALUE, line, error);
		repair_value(stage, problem, line, error);
		break;
	case SSHD_CONFIG_MISSING_VALUE:
		/* The keyword and its value may be one word, by a character that only looks like a blank. */
		if (!option_in_use(stage, line->keyword.value) && !option_is_like_match(line->keyword.value)) {
			problem = raise_line(stage, PROBLEM_CONFIG_KEYWORD, line, error);
			repair_keyword(stage, problem, line, error->in_match);
			break;
		}
		/* What follows was meant for some connections only. */
		if (option_is_like_match(line->keyword.value)) {
			problem = raise_line(stage, PROBLEM_CONFIG_MATCH, line, error);
			repair_match(stage, problem, line);
			break;
		}
		problem = raise_line(stage, PROBLEM_CONFIG_VALUE_MISSING, line, error);
		repair_drop(stage, problem, line, error->in_match, "no value");
		break;
	case SSHD_CONFIG_EXTRA_ARGUMENTS:
		problem = raise_line(stage, PROBLEM_CONFIG_ARGUMENTS, line, error);
		repair_extra_arguments(stage, problem, line, error);
		break;
	case SSHD_CONFIG_BAD_QUOTES:
		problem = raise_line(stage, PROBLEM_CONFIG_QUOTES, line, error);
		repair_quotes(stage, problem, line, error->in_match);
		break;
	case SSHD_CONFIG_NOT_IN_MATCH:
		problem = raise_line(stage, PROBLEM_CONFIG_NOT_IN_MATCH, line, error);
		repair_misplaced(stage, problem, line);
		break;
	case SSHD_CONFIG_BAD_MATCH:
		problem = raise_line(stage, PROBLEM_CONFIG_MATCH, line, error);
		repair_match(stage, problem, line);
		break;
	case SSHD_CONFIG_CONFLICT:
		problem = raise_line(stage, PROBLEM_CONFIG_CONFLICT, line, error);
		repair_conflict(stage, problem, line);
		break;
	case SSHD_CONFIG_BAD_INCLUDE:
		problem = raise_line(stage, PROBLEM_CONFIG_INCLUDE, line, error);
		repair_include(stage, problem, line);
		break;
	default:
		raise_message(stage, PROBLEM_CONFIG_NOT_UNDERSTOOD, error, line->file->path, line->number);
		break;
	}
}

/* Damage of more than a line: marks of a merge, bytes that are no text, another file's text. */
static bool check_damage(struct config_stage *stage, const struct sshd_config_error *error,
			 const struct source_line *line)
{
	struct problem *problem;
	struct source_line first = *line;

	if (conflict_mark(line)) {
		/* The first line of the region tells one conflict from another. */
		if (conflict_mark(line) == '<')
			source_line_read(stage, line->file, line->number + 1, &first);
		problem = raise_line(stage, PROBLEM_CONFIG_MERGE_CONFLICT, &first, error);
		problem->line = line->number;
		/* What a side says is judged only when it is clear which one counts. */
		stage->findings->partial[STAGE_CONFIG] = true;
		repair_merge_conflict(stage, problem, line);
		return true;
	}
	if (!line->binary && !is_no_configuration(line->file))
		return false;
	if (!line->file->garbage_seen) {
		line->file->garbage_seen = true;
		problem = problem_raise(stage->findings, PROBLEM_CONFIG_GARBAGE, line->file->path, line->number, "%s",
					line->file->path);
		stage->findings->partial[STAGE_CONFIG] = true;
		repair_garbage(stage, problem, line->file);
	}
	return true;
}

static void check_error(struct config_stage *stage, const struct sshd_config_error *error)
{
	struct source_file *file;
	struct source_line line;
	struct problem *problem;

	if (error->kind == SSHD_CONFIG_MISSING) {
		check_missing(stage, error);
		return;
	}
	if (error->path && error->line && config_file_kind(stage, error->path) != FILE_OF_SSHD) {
		file = source_open(stage, error->path);
		if (!file->garbage_seen)
			check_foreign_file(stage, file->path);
		file->garbage_seen = true;
		return;
	}
	if (error->kind == SSHD_CONFIG_NOT_UNDERSTOOD) {
		problem = raise_message(stage, PROBLEM_CONFIG_NOT_UNDERSTOOD, error, error->path, error->line);
		if (error->path && source_line_read(stage, source_open(stage, error->path), error->line, &line))
			problem_evidence(stage->findings, problem, "%s", source_line_summary(stage, &line));
		return;
	}
	if (!error->path) {
		check_option(stage, error);
		return;
	}
	file = source_open(stage, error->path);
	if (!source_line_read(stage, file, error->line, &line)) {
		problem = raise_message(stage, PROBLEM_CONFIG_INCLUDE, error, error->path, error->line);
		problem->class = REPAIR_REPORT;
		problem_remedy(stage->findings, problem, "%s", "make the file readable, or correct what includes it");
		return;
	}
	/* A file that is included twice, or the repair of an earlier problem, settles this line too. */
	if (!file->settled[line.number] && !check_damage(stage, error, &line))
		check_line(stage, error, &line);
	file->settled[line.number] = true;
}

/* Nothing that sshd would stop at, or say a word about. */
static void check_directories(const struct facts *facts, struct findings *findings)
{
	const struct sshd_config *config = &facts->config;

	for (size_t i = 0; i < config->directories.count && i < DIRECTORY_LIMIT; i++) {
		const struct sshd_config_directory *directory = &config->directories.items[i];
		struct problem *problem = problem_raise(findings, PROBLEM_CONFIG_DIRECTORY,
							directory->file ? directory->file : directory->path,
							directory->line, "%s", directory->path);

		if (directory->file)
			problem_remedy(findings, problem, "include the files in it: Include %s/*.conf",
				       directory->path);
		else
			problem_remedy(findings, problem, "%s", "move it out of the way and restore the file");
	}
}

void stage_config(const struct facts *facts, struct findings *findings)
{
	struct config_stage stage = {.facts = facts, .findings = findings, .arena = findings->arena};

	/* What the parser knows depends on which sshd it is. */
	if (facts->binary.read_error) {
		findings->skipped[STAGE_CONFIG] = true;
		return;
	}
	for (size_t i = 0; i < facts->config.errors.count; i++) {
		if (i == PROBLEM_LIMIT) {
			findings->partial[STAGE_CONFIG] = true;
			break;
		}
		check_error(&stage, &facts->config.errors.items[i]);
	}
	check_directories(facts, findings);
}
