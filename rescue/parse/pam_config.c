/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/pam_config.h"

#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

enum {
	DEPTH_LIMIT = 32, /* PAM_SUBSTACK_MAX_LEVEL is 16; includes count as well */
	ENTRY_LIMIT = 4096, /* of all stacks together */
	LINE_LIMIT = 64 * 1024, /* lines of all files together: an include may be named again and again */
	ANY_FACILITY = PAM_FACILITY_COUNT,
};

struct pam_parser {
	struct target *target;
	struct arena *arena;
	struct pam_config *config;
	size_t entries, lines;
};

/* Where a file's lines go. */
struct pam_file {
	const char *path;
	unsigned facility; /* of the include, or ANY_FACILITY */
	unsigned level, depth;
};

static bool read_service(struct pam_parser *parser, const char *name, struct pam_file file);

/* --- control ---------------------------------------------------------------------------------------------------- */

static const char *const answer_names[PAM_ANSWER_COUNT] = {
    "success", "new_authtok_reqd", "ignore", "module_unknown", "auth_err", "perm_denied", "acct_expired",
};

static const struct {
	const char *name;
	int success, ignore, other;
} controls[] = {
    {"required", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_BAD},
    {"requisite", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_DIE},
    {"sufficient", PAM_ACTION_DONE, PAM_ACTION_IGNORE, PAM_ACTION_IGNORE},
    {"optional", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_IGNORE},
};

static void set_all(struct pam_entry *entry, int action)
{
	for (size_t i = 0; i < PAM_ANSWER_COUNT; i++)
		entry->actions[i] = action;
}

static bool parse_action(const char *word, int *ret)
{
	static const char *const names[] = {"ignore", "ok", "done", "bad", "die", "reset"};
	uint64_t jump;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (string_equal_nocase(word, names[i])) {
			*ret = PAM_ACTION_IGNORE + (int)i;
			return true;
		}
	}
	if (!parse_number(word, ENTRY_LIMIT, &jump) || jump == 0)
		return false;
	*ret = (int)jump;
	return true;
}

/* "success=1 default=ignore": the first value of an answer counts, default fills the rest. */
static bool parse_brackets(char *text, struct pam_entry *entry)
{
	enum {
		UNSET = PAM_ACTION_IGNORE - 1
	};
	int fallback = UNSET, action;
	char *word;

	set_all(entry, UNSET);
	while (*(word = cut_word(&text))) {
		char *equals = strchr(word, '=');

		if (!equals)
			return false;
		*equals = '\0';
		if (!parse_action(equals + 1, &action))
			return false;
		if (string_equal_nocase(word, "default"))
			fallback = action;
		for (size_t i = 0; i < PAM_ANSWER_COUNT; i++) {
			if (string_equal_nocase(word, answer_names[i]))
				entry->actions[i] = action;
		}
	}
	for (size_t i = 0; i < PAM_ANSWER_COUNT; i++) {
		if (entry->actions[i] == UNSET)
			entry->actions[i] = fallback == UNSET ? PAM_ACTION_BAD : fallback;
	}
	return true;
}

static bool parse_control(char *word, struct pam_entry *entry)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		if (!string_equal_nocase(word, controls[i].name))
			continue;
		set_all(entry, controls[i].other);
		entry->actions[PAM_ANSWER_SUCCESS] = entry->actions[PAM_ANSWER_NEW_PASSWORD] = controls[i].success;
		entry->actions[PAM_ANSWER_IGNORE] = controls[i].ignore;
		return true;
	}
	if (*word != '[' || length < 2 || word[length - 1] != ']')
		return false;
	word[length - 1] = '\0';
	return parse_brackets(word + 1, entry);
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

/* The next word; brackets hold one together, and "\]" does not end them. NULL at the end. */
static char *next_token(char **rest)
{
	char *start = *rest, *end;

	while (char_is_space(*start))
		start++;
	if (!*start)
		return NULL;
	end = start;
	if (*start == '[') {
		while (*end && *end != ']')
			end += end[0] == '\\' && end[1] ? 2 : 1;
		end += *end == ']';
	} else {
		while (*end && !char_is_space(*end))
			end++;
	}
	*rest = end + (*end != '\0');
	*end = '\0';
	return start;
}

static const char *const facility_names[PAM_FACILITY_COUNT] = {"auth", "account", "session", "password"};

static unsigned find_facility(const char *word)
{
	unsigned i;

	for (i = 0; i < PAM_FACILITY_COUNT && !string_equal_nocase(word, facility_names[i]); i++)
		;
	return i;
}

static struct pam_entry *add_entry(struct pam_parser *parser, unsigned facility, struct pam_entry entry)
{
	struct pam_stack *stack = &parser->config->stacks[facility];

	if (++parser->entries > ENTRY_LIMIT) {
		parser->config->not_understood = true;
		return NULL;
	}
	*array_push(parser->arena, &stack->entries) = entry;
	return &stack->entries.items[stack->entries.count - 1];
}

static void add_failure(struct pam_parser *parser, unsigned facility, struct pam_entry entry)
{
	entry.module = NULL;
	set_all(&entry, PAM_ACTION_BAD);
	add_entry(parser, facility, entry);
}

static void parse_module(struct pam_parser *parser, unsigned facility, struct pam_entry entry, char *module, char *rest)
{
	struct pam_entry *added;
	char *word;

	entry.module = module;
	added = add_entry(parser, facility, entry);
	while (added && (word = next_token(&rest)))
		*array_push(parser->arena, &added->arguments) = word;
}

/* Debian's @include: unlike "include" it stops libpam where the file is not there. */
static void include(struct pam_parser *parser, const struct pam_file *file, const char *name,
		    const struct pam_entry *entry)
{
	const struct pam_file included = {.facility = file->facility, .level = file->level, .depth = file->depth + 1};
	struct pam_entry *aborted;

	if ((name && read_service(parser, name, included)) || parser->config->aborted)
		return;
	aborted = ARENA_NEW(parser->arena, struct pam_entry);
	*aborted = *entry;
	parser->config->aborted = aborted;
}

static void parse_line(struct pam_parser *parser, const struct pam_file *file, char *line, unsigned number)
{
	struct pam_entry entry = {.level = file->level, .path = file->path, .line = number};
	char *word = next_token(&line), *control, *module;
	unsigned facility;
	bool substack;

	if (string_equal_nocase(word, "@include")) {
		include(parser, file, next_token(&line), &entry);
		return;
	}
	entry.silent = *word == '-';
	facility = find_facility(word + entry.silent);
	if (facility == PAM_FACILITY_COUNT) {
		/* Of no stack: libpam puts what fails into the most sensitive one. */
		add_failure(parser, file->facility == ANY_FACILITY ? PAM_FACILITY_AUTH : file->facility, entry);
		return;
	}
	if (file->facility != ANY_FACILITY && facility != file->facility)
		return;
	control = next_token(&line);
	module = control ? next_token(&line) : NULL;
	if (!module) {
		add_failure(parser, facility, entry);
		return;
	}
	substack = string_equal_nocase(control, "substack");
	if (substack || string_equal_nocase(control, "include")) {
		if (!read_service(parser, module,
				  (struct pam_file){
				      .facility = facility, .level = file->level + substack, .depth = file->depth + 1}))
			add_failure(parser, facility, entry);
	} else if (parse_control(control, &entry)) {
		parse_module(parser, facility, entry, module, line);
	} else {
		add_failure(parser, facility, entry);
	}
}

/* Lines as _pam_assemble_line() puts them together: a comment ends one, a backslash at the end joins the next. */
static void parse_content(struct pam_parser *parser, const struct pam_file *file, const struct blob *content)
{
	struct text whole = {.arena = parser->arena};
	const char *line;
	size_t offset = 0, length;
	unsigned number = 0, first = 0;

	while (next_line(content, &offset, &line, &length)) {
		const char *hash = memchr(line, '#', length);
		bool joined;

		number++;
		if (++parser->lines > LINE_LIMIT) {
			parser->config->not_understood = true;
			return;
		}
		if (!whole.size)
			first = number;
		if (hash)
			length = (size_t)(hash - line);
		while (length && char_is_space(line[length - 1]))
			length--;
		joined = !hash && length && line[length - 1] == '\\';
		text_add(&whole, line, length - joined);
		if (joined) {
			text_add_string(&whole, " ");
			continue;
		}
		if (whole.size && whole.data[strspn(whole.data, " \t\r\f\v")])
			parse_line(parser, file, arena_memdup(parser->arena, whole.data, whole.size), first);
		whole.size = 0;
	}
}

/* A file in /etc/pam.d, or the vendor's in /usr/lib/pam.d. */
static bool read_service(struct pam_parser *parser, const char *name, struct pam_file file)
{
	static const char *const directories[] = {"/etc/pam.d/", "/usr/lib/pam.d/", "/usr/etc/pam.d/"};
	struct blob content;

	if (file.depth > DEPTH_LIMIT || parser->config->not_understood) {
		parser->config->not_understood = true;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		file.path = arena_printf(parser->arena, "%s%s", *name == '/' ? "" : directories[i], name);
		if (target_read(parser->target, file.path, TARGET_FILE_LIMIT, parser->arena, &content, NULL) == 0) {
			parse_content(parser, &file, &content);
			return true;
		}
	}
	return false;
}

static const char *service_path(struct target *target, struct arena *arena, const char *service)
{
	const char *path = arena_printf(arena, "/etc/pam.d/%s", service);

	if (target_exists(target, path))
		return path;
	path = arena_printf(arena, "/usr/lib/pam.d/%s", service);
	return target_exists(target, path) ? path : NULL;
}

void pam_config_load(struct target *target, struct arena *arena, const char *service, struct pam_config *ret)
{
	struct pam_config other = {0};
	struct pam_parser parser = {.target = target, .arena = arena, .config = ret};
	struct pam_file file = {.facility = ANY_FACILITY};

	*ret = (struct pam_config){.path = service_path(target, arena, service)};
	read_service(&parser, service, file);
	parser.config = &other;
	read_service(&parser, "other", file);
	/* A service without a stack of its own gets the one of "other". */
	for (size_t i = 0; i < PAM_FACILITY_COUNT; i++) {
		if (!ret->stacks[i].entries.count)
			ret->stacks[i] = other.stacks[i];
	}
	ret->not_understood = ret->not_understood || other.not_understood;
	if (!ret->aborted)
		ret->aborted = other.aborted;
}

/* --- running ---------------------------------------------------------------------------------------------------- */

struct pam_state {
	bool positive, negative; /* neither: nothing was decided */
	enum pam_answer status;
};

/* The last entry of those that follow at the same level or below it. */
static size_t end_of_level(const struct pam_stack *stack, size_t at)
{
	unsigned level = stack->entries.items[at].level;

	while (at + 1 < stack->entries.count && stack->entries.items[at + 1].level >= level)
		at++;
	return at;
}

/* The entry before the one that a jump leads to; a substack counts as one. *count is what is left of the jump. */
static size_t jump_from(const struct pam_stack *stack, size_t at, int *count)
{
	unsigned level = stack->entries.items[at].level;

	while (*count > 0 && at + 1 < stack->entries.count && stack->entries.items[at + 1].level >= level) {
		do
			at++;
		while (at + 1 < stack->entries.count && stack->entries.items[at + 1].level > level);
		--*count;
	}
	return at;
}

static void fail(struct pam_state *state, enum pam_answer answer, const struct pam_entry *entry,
		 const struct pam_entry **decisive)
{
	if (state->negative)
		return;
	*state = (struct pam_state){.negative = true, .status = answer};
	*decisive = entry;
}

enum pam_answer pam_stack_run(const struct pam_stack *stack, pam_ask *ask, void *context,
			      const struct pam_entry **ret_decisive)
{
	const struct pam_state start = {.status = PAM_ANSWER_DENIED};
	struct pam_state state = start, saved[DEPTH_LIMIT + 2];
	const struct pam_entry *decisive = NULL;
	unsigned level = 0;

	saved[0] = start;
	for (size_t i = 0; i < stack->entries.count; i++) {
		const struct pam_entry *entry = &stack->entries.items[i];
		enum pam_answer answer = entry->module ? ask(context, entry) : PAM_ANSWER_DENIED;
		int action = entry->actions[answer];

		for (; level < entry->level; level++)
			saved[level + 1] = state;
		level = entry->level;
		if (action > 0) {
			i = jump_from(stack, i, &action);
			if (action > 0)
				fail(&state, PAM_ANSWER_DENIED, entry, &decisive);
		} else if (action == PAM_ACTION_RESET) {
			state = saved[level];
		} else if (action == PAM_ACTION_OK || action == PAM_ACTION_DONE) {
			if (!state.negative && (!state.positive || state.status == PAM_ANSWER_SUCCESS) &&
			    answer != PAM_ANSWER_IGNORE) {
				state.positive = state.positive || answer == PAM_ANSWER_SUCCESS;
				state.status = answer;
			}
			if (state.positive && action == PAM_ACTION_DONE)
				i = end_of_level(stack, i);
		} else if (action == PAM_ACTION_BAD || action == PAM_ACTION_DIE) {
			fail(&state, answer, entry, &decisive);
			if (action == PAM_ACTION_DIE)
				i = end_of_level(stack, i);
		}
	}
	if (state.status == PAM_ANSWER_SUCCESS && !state.positive)
		state.status = PAM_ANSWER_DENIED;
	if (ret_decisive)
		*ret_decisive = decisive;
	return state.status;
}

const char *pam_argument(const struct pam_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->arguments.count; i++) {
		const char *rest = string_after(entry->arguments.items[i], name);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

bool pam_has_argument(const struct pam_entry *entry, const char *word)
{
	for (size_t i = 0; i < entry->arguments.count; i++) {
		if (string_equal(entry->arguments.items[i], word))
			return true;
	}
	return false;
}
