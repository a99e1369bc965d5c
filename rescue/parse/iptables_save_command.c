/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One command of iptables(8), as getopt_long(3) and do_parse() of iptables/xshared.c read it. Long options may be
 * shortened as far as they stay the only ones of that beginning; the options of a loaded extension join the others.
 */
#include "base/ctype.h"
#include "parse/iptables_save_private.h"

enum {
	INTERFACE_NAME_LIMIT = 15,
};

enum argument_kind {
	ARGUMENT_NONE,
	ARGUMENT_REQUIRED,
	ARGUMENT_OPTIONAL,
};

/* The options of the program itself. */
static const struct global_option {
	const char *name;
	char letter;
	enum argument_kind argument;
} global_options[] = {
    {"append", 'A', ARGUMENT_REQUIRED},
    {"delete", 'D', ARGUMENT_REQUIRED},
    {"check", 'C', ARGUMENT_REQUIRED},
    {"insert", 'I', ARGUMENT_REQUIRED},
    {"replace", 'R', ARGUMENT_REQUIRED},
    {"list", 'L', ARGUMENT_OPTIONAL},
    {"list-rules", 'S', ARGUMENT_OPTIONAL},
    {"flush", 'F', ARGUMENT_OPTIONAL},
    {"zero", 'Z', ARGUMENT_OPTIONAL},
    {"new-chain", 'N', ARGUMENT_REQUIRED},
    {"delete-chain", 'X', ARGUMENT_OPTIONAL},
    {"rename-chain", 'E', ARGUMENT_REQUIRED},
    {"policy", 'P', ARGUMENT_REQUIRED},
    {"source", 's', ARGUMENT_REQUIRED},
    {"destination", 'd', ARGUMENT_REQUIRED},
    {"src", 's', ARGUMENT_REQUIRED},
    {"dst", 'd', ARGUMENT_REQUIRED},
    {"protocol", 'p', ARGUMENT_REQUIRED},
    {"in-interface", 'i', ARGUMENT_REQUIRED},
    {"jump", 'j', ARGUMENT_REQUIRED},
    {"table", 't', ARGUMENT_REQUIRED},
    {"match", 'm', ARGUMENT_REQUIRED},
    {"numeric", 'n', ARGUMENT_NONE},
    {"out-interface", 'o', ARGUMENT_REQUIRED},
    {"verbose", 'v', ARGUMENT_NONE},
    {"wait", 'w', ARGUMENT_OPTIONAL},
    {"wait-interval", 'W', ARGUMENT_OPTIONAL},
    {"exact", 'x', ARGUMENT_NONE},
    {"fragments", 'f', ARGUMENT_NONE},
    {"version", 'V', ARGUMENT_NONE},
    {"help", 'h', ARGUMENT_OPTIONAL},
    {"line-numbers", '0', ARGUMENT_NONE},
    {"modprobe", 'M', ARGUMENT_REQUIRED},
    {"set-counters", 'c', ARGUMENT_REQUIRED},
    {"goto", 'g', ARGUMENT_REQUIRED},
    {"ipv4", '4', ARGUMENT_NONE},
    {"ipv6", '6', ARGUMENT_NONE},
};

/* An option that a word names. */
struct found_option {
	const struct global_option *global;
	struct extension_use *use; /* of an extension */
	const struct option_form *form;
	bool ambiguous;
};

/* Where the words are read. */
struct word_reader {
	struct rule_line *line;
	const string_list *words;
	size_t next;
	bool negate; /* a "!" came just before */
};

static bool bad_argument(const struct word_reader *reader, const char *word)
{
	return refuse(reader->line->loader, "Bad argument `%s'", word);
}

/* --- looking options up ------------------------------------------------------ */

static enum argument_kind argument_of(const struct found_option *found)
{
	if (found->global)
		return found->global->argument;
	return found->form->value == VALUE_NONE	      ? ARGUMENT_NONE
	       : found->form->value == VALUE_OPTIONAL ? ARGUMENT_OPTIONAL
						      : ARGUMENT_REQUIRED;
}

static bool same_option(const struct found_option *a, const struct found_option *b)
{
	if (a->global || b->global)
		return a->global && b->global && a->global->letter == b->global->letter;
	return a->use == b->use && a->form->id == b->form->id;
}

/* Takes note of an option whose name begins as the word does; true when it is the whole name. */
static bool consider(struct found_option *found, const struct found_option *candidate, const char *name,
		     const char *word, size_t length)
{
	if (strncmp(name, word, length) != 0)
		return false;
	if (!name[length]) {
		*found = *candidate;
		return true;
	}
	if (!found->global && !found->form)
		*found = *candidate;
	else if (!same_option(found, candidate))
		found->ambiguous = true;
	return false;
}

static bool consider_extension(struct found_option *found, struct extension_use *use, const char *word, size_t length)
{
	for (size_t i = 0; use->extension && !use->closed && i < use->extension->option_count; i++) {
		struct found_option candidate = {.use = use, .form = &use->extension->options[i]};

		if (consider(found, &candidate, candidate.form->name, word, length))
			return true;
	}
	return false;
}

/* The long option that the first length characters of word name; false when there is none, or more than one. */
static bool find_long_option(struct rule_line *line, const char *word, size_t length, struct found_option *ret)
{
	*ret = (struct found_option){0};
	for (size_t i = 0; i < ARRAY_SIZE(global_options); i++) {
		struct found_option candidate = {.global = &global_options[i]};

		if (consider(ret, &candidate, candidate.global->name, word, length))
			return true;
	}
	if (line->target.name && consider_extension(ret, &line->target, word, length))
		return true;
	for (size_t i = line->matches.count; i-- > 0;) {
		if (consider_extension(ret, &line->matches.items[i], word, length))
			return true;
	}
	return (ret->global || ret->form) && !ret->ambiguous;
}

/* --- options of extensions ----------------------------------------------------- */

static bool take_extension_option(struct word_reader *reader, const struct found_option *found, const char *value)
{
	struct rule_line *line = reader->line;
	const struct option_form *form = found->form;
	const struct extension *extension = found->use->extension;
	struct option_use *use;

	if (reader->negate && !(form->flags & OPTION_NEGATABLE))
		return refuse(line->loader, "%s: option \"--%s\" cannot be inverted.", extension->name, form->name);
	if (!(form->flags & OPTION_REPEATABLE) && option_of(line, found->use, form->id))
		return refuse(line->loader, "%s: option \"--%s\" can only be used once.", extension->name, form->name);
	use = array_push(line->loader->arena, &line->options);
	*use = (struct option_use){
	    .form = form, .use = found->use->number, .negate = reader->negate, .text = value ? value : ""};
	if (form->value == VALUE_TWO_TEXTS) {
		const char *second = reader->next < reader->words->count ? reader->words->items[reader->next] : "-";

		if (*second == '-' || *second == '!')
			return refuse(line->loader, "--%s requires two args.", form->name);
		use->second = second;
		reader->next++;
	}
	return true;
}

/* --- the program's own options --------------------------------------------------- */

static bool set_interface(struct rule_line *line, const char *name, bool negate, bool in)
{
	struct save_loader *loader = line->loader;
	const char **interface = in ? &line->in_interface : &line->out_interface;

	if (*interface)
		return refuse(loader, "multiple -%c flags not allowed", in ? 'i' : 'o');
	if (!*name)
		return refuse(loader, "Empty interface is likely to be undesired");
	if (strlen(name) > INTERFACE_NAME_LIMIT)
		return refuse(loader, "interface name `%s' must be shorter than IFNAMSIZ (%d)", name,
			      INTERFACE_NAME_LIMIT);
	*interface = name;
	*(in ? &line->in_negated : &line->out_negated) = negate;
	return true;
}

static bool set_protocol(struct rule_line *line, const char *name, bool negate)
{
	if (line->has_protocol)
		return refuse(line->loader, "multiple -p flags not allowed");
	if (!find_protocol(name, &line->protocol))
		return refuse(line->loader, "unknown protocol \"%s\" specified", name);
	if (negate && !line->protocol)
		return refuse(line->loader, "rule would never match protocol");
	line->has_protocol = true;
	line->protocol_negated = negate;
	return true;
}

static bool set_addresses(struct rule_line *line, const char *text, bool negate, bool source)
{
	const char **addresses = source ? &line->source_text : &line->destination_text;

	if (*addresses)
		return refuse(line->loader, "multiple -%c flags not allowed", source ? 's' : 'd');
	*addresses = text;
	*(source ? &line->sources_negated : &line->destinations_negated) = negate;
	return true;
}

/* The next word where it cannot be an option: a rule's number, a policy. */
static const char *take_plain_word(struct word_reader *reader)
{
	const char *word = reader->next < reader->words->count ? reader->words->items[reader->next] : "-";

	if (*word == '-' || *word == '!')
		return NULL;
	reader->next++;
	return word;
}

static bool take_rule_number(struct word_reader *reader)
{
	const char *word;

	if (reader->line->index)
		return true;
	word = take_plain_word(reader);
	if (!word)
		return reader->line->command != 'R' || refuse(reader->line->loader, "-R requires a rule number");
	if (!read_number(word, UINT32_MAX, &reader->line->index) || !reader->line->index)
		return refuse(reader->line->loader, "Invalid rule number `%s'", word);
	return true;
}

static bool start_command(struct word_reader *reader, char letter, const char *value)
{
	struct rule_line *line = reader->line;

	if (reader->negate)
		return refuse(line->loader, "unexpected '!' flag");
	if (line->command)
		return refuse(line->loader, "Cannot use -%c with -%c", letter, line->command);
	line->command = letter;
	line->chain_name = value;
	switch (letter) {
	case 'I':
	case 'R':
	case 'D':
		return take_rule_number(reader);
	case 'P':
	case 'E':
		line->second_name = take_plain_word(reader);
		if (!line->second_name)
			return refuse(line->loader, "-%c requires a chain and %s", letter,
				      letter == 'P' ? "a policy" : "a new chain name");
		return true;
	case 'F':
	case 'X':
	case 'Z':
	case 'L':
	case 'S':
		if (!line->chain_name)
			line->chain_name = take_plain_word(reader);
		if (letter != 'F' && letter != 'X')
			(void)take_plain_word(reader);
		return true;
	default:
		return true;
	}
}

static bool take_counters(struct word_reader *reader, const char *packets)
{
	uint64_t number;
	const char *bytes = take_plain_word(reader);

	if (!bytes)
		return refuse(reader->line->loader, "-c requires packet and byte counter");
	if (!parse_number(packets, UINT64_MAX, &number))
		return refuse(reader->line->loader, "-c packet counter not numeric");
	if (!parse_number(bytes, UINT64_MAX, &number))
		return refuse(reader->line->loader, "-c byte counter not numeric");
	return true;
}

/* word: the last one of the option, which some of the program's functions take for its value. */
static bool take_global_option(struct word_reader *reader, char letter, const char *value, const char *word)
{
	static const char may_be_negated[] = "psdiof";
	struct rule_line *line = reader->line;
	struct save_loader *loader = line->loader;

	if (strchr("ADCIRLSFZNXEP", letter))
		return start_command(reader, letter, value);
	if (reader->negate && !strchr(may_be_negated, letter))
		return refuse(loader,
			      letter == 'm' || letter == 'j' || letter == 'g' ? "cannot have ! before -%c"
									      : "unexpected '!' flag (-%c)",
			      letter);
	switch (letter) {
	case 'p':
		return set_protocol(line, word, reader->negate);
	case 's':
	case 'd':
		return set_addresses(line, word, reader->negate, letter == 's');
	case 'i':
	case 'o':
		return set_interface(line, value, reader->negate, letter == 'i');
	case 'j':
		return set_target(line, word, false);
	case 'g':
		return set_target(line, value, true);
	case 'm':
		return add_match(line, value);
	case 'f':
		if (loader->input->ipv6)
			return refuse(loader, "unknown option \"-f\"");
		line->fragment = true;
		line->fragment_negated = reader->negate;
		return true;
	case 'c':
		return take_counters(reader, value);
	case '4':
	case '6':
		line->other_family = line->other_family || (letter == '6') != loader->input->ipv6;
		return true;
	case 't':
		return refuse(loader, "The -t option cannot be used in %s.",
			      loader->input->ipv6 ? "ip6tables-restore" : "iptables-restore");
	case 'w':
	case 'W':
		return refuse(loader, "You cannot use `-%c' from iptables-restore", letter);
	case 'n':
	case 'x':
	case '0':
		return line->command == 'L' || refuse(loader, "Illegal option `-%c' with this command", letter);
	case 'h':
	case 'V':
		return refuse(loader, "-%c: the program ends here without having loaded the table", letter);
	default:
		return true; /* -v, --modprobe */
	}
}

/* --- words -------------------------------------------------------------------- */

/* The value of an option: behind "=" or the letter, else the next word. */
static bool take_value(struct word_reader *reader, enum argument_kind argument, const char *word, const char *attached,
		       const char **ret, const char **ret_word)
{
	*ret_word = word;
	*ret = attached;
	if (argument != ARGUMENT_REQUIRED || attached)
		return true;
	if (reader->next >= reader->words->count)
		return refuse(reader->line->loader, "option \"%s\" requires an argument", word);
	*ret = *ret_word = reader->words->items[reader->next++];
	return true;
}

/* An option that nothing known has: of an unknown extension, with all up to the next option, or none at all. */
static bool skip_unknown_option(struct word_reader *reader, const char *word)
{
	if (!reader->line->lenient)
		return refuse(reader->line->loader, "unknown option \"%s\"", word);
	while (reader->next < reader->words->count && *reader->words->items[reader->next] != '-' &&
	       !string_equal(reader->words->items[reader->next], "!"))
		reader->next++;
	return true;
}

static bool take_long_option(struct word_reader *reader, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '='), *value, *last;
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	struct found_option found;

	if (!find_long_option(reader->line, name, length, &found) &&
	    (!load_protocol_match(reader->line) || !find_long_option(reader->line, name, length, &found)))
		return !reader->line->loader->refused && skip_unknown_option(reader, word);
	if (equals && argument_of(&found) == ARGUMENT_NONE)
		return refuse(reader->line->loader, "option \"%s\" does not allow an argument", word);
	if (!take_value(reader, argument_of(&found), word, equals ? equals + 1 : NULL, &value, &last))
		return false;
	if (found.global)
		return take_global_option(reader, found.global->letter, value, last);
	return take_extension_option(reader, &found, value);
}

static bool take_short_options(struct word_reader *reader, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct global_option *option = NULL;
		const char *value, *last;

		for (size_t i = 0; i < ARRAY_SIZE(global_options); i++) {
			if (global_options[i].letter == *letter && *letter != '0')
				option = &global_options[i];
		}
		if (!option)
			return skip_unknown_option(reader, word);
		if (option->argument == ARGUMENT_NONE) {
			if (!take_global_option(reader, *letter, NULL, word))
				return false;
			continue;
		}
		if (!take_value(reader, option->argument, word, letter[1] ? letter + 1 : NULL, &value, &last))
			return false;
		return take_global_option(reader, *letter, value, last);
	}
	return true;
}

static bool take_word(struct word_reader *reader)
{
	const char *word = reader->words->items[reader->next++];
	bool taken;

	if (string_equal(word, "!")) {
		if (reader->negate)
			return refuse(reader->line->loader, "multiple consecutive ! not allowed");
		reader->negate = true;
		return true;
	}
	if (string_equal(word, "--"))
		return reader->next == reader->words->count ||
		       refuse(reader->line->loader, "unknown arguments found on commandline");
	if (*word != '-' || !word[1])
		return bad_argument(reader, word);
	taken = word[1] == '-' ? take_long_option(reader, word) : take_short_options(reader, word);
	reader->negate = false;
	return taken;
}

/* --- the whole ------------------------------------------------------------------ */

/* -i where no packet comes in, -o where none goes out. */
static bool check_interfaces(const struct rule_line *line)
{
	static const struct {
		const char *chain;
		bool in;
	} wrong[] = {{"OUTPUT", true}, {"POSTROUTING", true}, {"INPUT", false}, {"PREROUTING", false}};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if ((wrong[i].in ? line->in_interface : line->out_interface) &&
		    string_equal(line->chain_name, wrong[i].chain))
			return refuse(line->loader, "Can't use -%c with %s", wrong[i].in ? 'i' : 'o', wrong[i].chain);
	}
	return true;
}

static bool read_addresses(struct rule_line *line, const char *text, bool negated, address_choices *ret)
{
	const struct number maximum = number_maximum(line->loader->input->ipv6 ? 128 : 32);

	if (!text)
		return true;
	if (!read_address_list(line, text, ret))
		return false;
	if (negated && ret->count > 1)
		return refuse(line->loader, "! not allowed with multiple source or destination IP addresses");
	/* nf_tables has no rule for "no address at all". */
	if (negated && !line->loader->input->legacy &&
	    number_set_covers(&ret->items[0].numbers, number_of(0), maximum) == 1)
		return refuse(line->loader, "Invalid argument: rule in chain %s", line->chain_name);
	return true;
}

static bool has_rule_options(const struct rule_line *line)
{
	return line->has_protocol || line->source_text || line->destination_text || line->in_interface ||
	       line->out_interface || line->jump || line->fragment || line->matches.count > 0;
}

static bool run_line(struct rule_line *line)
{
	if (!line->command)
		return refuse(line->loader, "no command specified");
	if (!strchr("AIDRC", line->command)) {
		if (has_rule_options(line))
			return refuse(line->loader, "Illegal option with this command");
		return run_chain_command(line);
	}
	if (!check_interfaces(line) ||
	    !read_addresses(line, line->source_text, line->sources_negated, &line->sources) ||
	    !read_addresses(line, line->destination_text, line->destinations_negated, &line->destinations))
		return false;
	return apply_extensions(line) && run_rule_command(line);
}

/* Empties the line but keeps the memory of its lists. */
static void reset_line(struct save_loader *loader)
{
	struct rule_line *line = loader->line, old = *line;

	memset(line, 0, sizeof(*line));
	line->loader = loader;
	line->hooks = AT_ALL;
	line->list_count = 1;
	line->matches = old.matches;
	line->options = old.options;
	line->sources = old.sources;
	line->destinations = old.destinations;
	line->composed = old.composed;
	memcpy(line->lists, old.lists, sizeof(line->lists));
	line->matches.count = line->options.count = line->sources.count = line->destinations.count = 0;
	line->lists[0].count = 0;
}

bool run_command(struct save_loader *loader)
{
	struct word_reader reader = {.line = loader->line, .words = &loader->words};

	reset_line(loader);
	while (reader.next < loader->words.count) {
		if (!take_word(&reader))
			return false;
		/* What is for the other program may be nonsense for this one. */
		if (loader->line->other_family)
			return true;
	}
	if (reader.negate)
		return refuse(loader, "nothing appropriate following !");
	return run_line(loader->line);
}
