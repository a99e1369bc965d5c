/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of ufw: fragments of shell that ufw-init sources under "set -e". Assignments of constants are followed,
 * and what certainly ends the shell: a file that is not there, a quotation mark without its partner, a command that
 * does not exist. Everything else that is no assignment is uncertain.
 */
#include "parse/ufw_settings.h"

#include "base/ctype.h"
#include "base/text.h"
#include "parse/ufw.h"

static const char *const names[UFW_NAME_COUNT] = {
    [UFW_ENABLED] = "ENABLED",
    [UFW_IPV6] = "IPV6",
    [UFW_INPUT_POLICY] = "DEFAULT_INPUT_POLICY",
    [UFW_OUTPUT_POLICY] = "DEFAULT_OUTPUT_POLICY",
    [UFW_FORWARD_POLICY] = "DEFAULT_FORWARD_POLICY",
    [UFW_MANAGE_BUILTINS] = "MANAGE_BUILTINS",
};

struct fragment {
	struct target *target;
	struct arena *arena;
	struct ufw_settings *settings;
	struct load_report *report;
	const char *path;
	struct blob content;
	size_t offset;
	unsigned line;
	size_t line_start; /* of the command that is read */
	unsigned line_of_command;
};

struct word {
	struct text text; /* without quotation marks */
	size_t equals; /* where the first unquoted = stands, 0: nowhere */
	bool expands; /* $, ` or what else the shell replaces */
};

enum word_end {
	WORD_ENDED,
	WORD_NONE, /* the command is over */
	WORD_OPEN, /* the file ends inside of quotation marks */
	WORD_BEYOND, /* a character that makes more of it than a simple command */
};

static char peek(const struct fragment *fragment)
{
	return fragment->offset < fragment->content.size ? fragment->content.data[fragment->offset] : '\0';
}

static bool is_one_of(char c, const char *characters)
{
	return c && strchr(characters, c);
}

static bool at_end(const struct fragment *fragment)
{
	return fragment->offset >= fragment->content.size;
}

static char advance(struct fragment *fragment)
{
	char c = fragment->content.data[fragment->offset++];

	if (c == '\n')
		fragment->line++;
	return c;
}

static struct place place_of_command(const struct fragment *fragment)
{
	const char *text = fragment->content.data + fragment->line_start;
	const char *newline = memchr(text, '\n', fragment->content.size - fragment->line_start);
	size_t length = newline ? (size_t)(newline - text) : fragment->content.size - fragment->line_start;

	return (struct place){
	    .path = fragment->path, .line = fragment->line_of_command, .text = text, .text_length = (unsigned)length};
}

static void add_character(struct word *word, char c)
{
	text_add(&word->text, &c, 1);
}

/* Behind a backslash outside of quotation marks. */
static void read_escaped(struct fragment *fragment, struct word *word)
{
	char c;

	if (at_end(fragment))
		return;
	c = advance(fragment);
	if (c != '\n')
		add_character(word, c);
}

static enum word_end read_single_quoted(struct fragment *fragment, struct word *word)
{
	while (!at_end(fragment)) {
		char c = advance(fragment);

		if (c == '\'')
			return WORD_ENDED;
		add_character(word, c);
	}
	return WORD_OPEN;
}

/* Whether a command's output or the like is to be put in, in which quotation marks would mean something else. */
static bool is_substitution(const struct fragment *fragment, char c)
{
	return c == '`' || (c == '$' && is_one_of(peek(fragment), "({"));
}

static enum word_end read_double_quoted(struct fragment *fragment, struct word *word)
{
	while (!at_end(fragment)) {
		char c = advance(fragment);

		if (c == '"')
			return WORD_ENDED;
		if (is_substitution(fragment, c))
			return WORD_BEYOND;
		if (c == '$')
			word->expands = true;
		if (c == '\\' && is_one_of(peek(fragment), "$`\"\\\n")) {
			c = advance(fragment);
			if (c == '\n')
				continue;
		}
		add_character(word, c);
	}
	return WORD_OPEN;
}

static enum word_end read_word(struct fragment *fragment, struct word *word)
{
	*word = (struct word){.text.arena = fragment->arena};
	text_add(&word->text, "", 0);
	while (peek(fragment) == ' ' || peek(fragment) == '\t')
		advance(fragment);
	if (at_end(fragment) || is_one_of(peek(fragment), "\n;#"))
		return WORD_NONE;
	while (!at_end(fragment) && !is_one_of(peek(fragment), " \t\n;")) {
		enum word_end end = WORD_ENDED;
		char c = advance(fragment);

		if (is_one_of(c, "&|<>(){}") || is_substitution(fragment, c))
			return WORD_BEYOND;
		if (c == '\'') {
			end = read_single_quoted(fragment, word);
		} else if (c == '"') {
			end = read_double_quoted(fragment, word);
		} else if (c == '\\') {
			read_escaped(fragment, word);
		} else {
			if (c == '=' && !word->equals)
				word->equals = word->text.size;
			if (c == '$' || c == '~')
				word->expands = true;
			add_character(word, c);
		}
		if (end != WORD_ENDED)
			return end;
	}
	return WORD_ENDED;
}

static void skip_line(struct fragment *fragment)
{
	while (!at_end(fragment) && advance(fragment) != '\n')
		;
}

static bool is_assignment(const struct word *word)
{
	if (!word->equals || char_is_digit(word->text.data[0]))
		return false;
	for (size_t i = 0; i < word->equals; i++) {
		if (!char_is_alnum(word->text.data[i]) && word->text.data[i] != '_')
			return false;
	}
	return true;
}

static void assign(struct fragment *fragment, const struct word *word)
{
	for (size_t i = 0; i < UFW_NAME_COUNT; i++) {
		const char *value = string_after(word->text.data, names[i]);

		if (!value || *value != '=')
			continue;
		fragment->settings->items[i] = (struct ufw_setting){
		    .value = value + 1, .unknown = word->expands, .place = place_of_command(fragment)};
		/* The policy that a report can do least harm with is the usual one. */
		if (word->expands && i >= UFW_INPUT_POLICY && i <= UFW_FORWARD_POLICY)
			fragment->settings->items[i].value = "DROP";
		if (word->expands)
			load_note(fragment->arena, fragment->report, LOAD_UNCERTAIN, place_of_command(fragment),
				  "the value of %s is known to the shell only", names[i]);
	}
}

/* What a shell has of its own: reserved words and builtins that a fragment may begin with (dash(1)). */
static bool is_shells_own(const char *name)
{
	static const char *const own[] = {
	    ".",	":",	    "[",      "alias",	  "break",  "case",    "cd",	"command", "do",     "done",
	    "echo",	"elif",	    "else",   "esac",	  "eval",   "exec",    "exit",	"fi",	   "export", "false",
	    "for",	"getopts",  "hash",   "if",	  "in",	    "kill",    "local", "jobs",	   "printf", "pwd",
	    "read",	"readonly", "return", "set",	  "shift",  "test",    "then",	"times",   "trap",   "true",
	    "type",	"!",	    "ulimit", "umask",	  "unset",  "unalias", "until", "wait",	   "while",  "[[",
	    "continue", "let",	    "source", "function", "typeset"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (string_equal(name, own[i]))
			return true;
	}
	return false;
}

/* Whether a shell would certainly not find the command. */
static bool is_missing(const struct fragment *fragment, const struct word *word)
{
	static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin",	     "/sbin",	       "/bin"};
	const char *name = word->text.data;

	if (word->expands || !*name || strlen(name) != word->text.size || strpbrk(name, "/*?[~") || is_shells_own(name))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (target_exists(fragment->target, arena_printf(fragment->arena, "%s/%s", directories[i], name)))
			return false;
	}
	return true;
}

static const char beyond[] = "this line is more than an assignment";

/* The rest of a line that is more than assignments. False: the shell stops. */
static bool read_command(struct fragment *fragment, const struct word *name, bool exporting)
{
	size_t start = fragment->offset;
	bool fatal = !exporting && is_missing(fragment, name);

	skip_line(fragment);
	/* A failure is none where the line goes on with && or ||. */
	for (size_t i = start; i < fragment->offset; i++)
		fatal = fatal && !is_one_of(fragment->content.data[i], "&|");
	if (fatal)
		load_note(fragment->arena, fragment->report, LOAD_REFUSED, place_of_command(fragment), "%s: not found",
			  name->text.data);
	else
		load_note(fragment->arena, fragment->report, LOAD_UNCERTAIN, place_of_command(fragment), beyond);
	return !fatal;
}

/* One simple command, up to a newline or semicolon. False: the shell stops. */
static bool read_simple_command(struct fragment *fragment)
{
	ARRAY_OF(struct word) assignments = {0};
	bool exporting = false;
	struct word word;
	enum word_end end;

	while ((end = read_word(fragment, &word)) == WORD_ENDED) {
		if (is_assignment(&word))
			*array_push(fragment->arena, &assignments) = word;
		else if (!assignments.count && !exporting && string_equal(word.text.data, "export"))
			exporting = true; /* and what follows are assignments still */
		else
			return read_command(fragment, &word, exporting);
	}
	if (end == WORD_OPEN) {
		load_note(fragment->arena, fragment->report, LOAD_REFUSED, place_of_command(fragment),
			  "Syntax error: Unterminated quoted string");
		return false;
	}
	if (end == WORD_BEYOND) {
		word.expands = true;
		if (is_assignment(&word))
			*array_push(fragment->arena, &assignments) = word;
		load_note(fragment->arena, fragment->report, LOAD_UNCERTAIN, place_of_command(fragment), beyond);
		skip_line(fragment);
	}
	for (size_t i = 0; i < assignments.count; i++)
		assign(fragment, &assignments.items[i]);
	return true;
}

static bool read_fragment(struct target *target, struct arena *arena, const char *path, struct ufw_settings *settings,
			  struct load_report *report)
{
	struct fragment fragment = {
	    .target = target, .arena = arena, .settings = settings, .report = report, .path = path, .line = 1};

	if (target_read(target, path, TARGET_FILE_LIMIT, arena, &fragment.content, NULL) < 0 ||
	    !fragment.content.size) {
		load_note(arena, report, LOAD_REFUSED, (struct place){.path = path}, "Could not find %s (aborting)",
			  path);
		return false;
	}
	while (!at_end(&fragment)) {
		char c = peek(&fragment);

		if (fragment.offset == 0 || fragment.content.data[fragment.offset - 1] == '\n')
			fragment.line_start = fragment.offset;
		fragment.line_of_command = fragment.line;
		if (c == '#')
			skip_line(&fragment);
		else if (c == ' ' || c == '\t' || c == '\n' || c == ';')
			advance(&fragment);
		else if (!read_simple_command(&fragment))
			return false;
	}
	return true;
}

bool ufw_settings_read(struct target *target, struct arena *arena, struct ufw_settings *ret, struct load_report *report)
{
	static const char conf[] = UFW_DIRECTORY "/ufw.conf";
	struct load_report again = {0}; /* the second reading finds what the first one did */

	*ret = (struct ufw_settings){0};
	for (size_t i = 0; i < UFW_NAME_COUNT; i++)
		ret->items[i] = (struct ufw_setting){.value = "", .place.path = i == UFW_ENABLED ? conf : UFW_DEFAULTS};
	if (!read_fragment(target, arena, conf, ret, report))
		return false;
	/* At boot it looks no further then. */
	if (string_equal(ret->items[UFW_ENABLED].value, "no"))
		return true;
	return read_fragment(target, arena, UFW_DEFAULTS, ret, report) &&
	       read_fragment(target, arena, conf, ret, &again);
}

bool ufw_says_yes(const struct ufw_setting *setting)
{
	return setting->unknown || string_equal(setting->value, "yes") || string_equal(setting->value, "YES");
}
