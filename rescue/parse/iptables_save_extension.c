/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extensions that a rule loads, and what becomes of them: a match's tests, a target's verdict. */
#include <stdio.h>

#include "base/ctype.h"
#include "parse/iptables_save_private.h"

enum {
	TARGET_NAME_LIMIT = 28,
};

static const struct extension *find_extension(const struct save_loader *loader,
					      const struct extension_table *const *tables, size_t count,
					      const char *name)
{
	bool ipv6 = loader->input->ipv6;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < tables[i]->count; j++) {
			const struct extension *extension = &tables[i]->items[j];

			if (string_equal(extension->name, name) &&
			    !(ipv6 ? extension->ipv4_only : extension->ipv6_only))
				return extension;
		}
	}
	return NULL;
}

static const struct extension *find_match(const struct save_loader *loader, const char *name)
{
	static const struct extension_table *const tables[] = {&packet_matches, &state_matches, &rate_matches,
							       &set_matches, &other_matches};

	if (loader->input->ipv6 && (string_equal(name, "icmpv6") || string_equal(name, "ipv6-icmp")))
		name = "icmp6";
	if (loader->input->ipv6 && string_equal(name, "ipv6-mh"))
		name = "mh";
	return find_extension(loader, tables, ARRAY_SIZE(tables), name);
}

static const struct extension *find_target(const struct save_loader *loader, const char *name)
{
	static const struct extension_table *const tables[] = {&plain_targets, &set_targets};

	return find_extension(loader, tables, ARRAY_SIZE(tables), name);
}

/* The targets that need no extension. */
static const struct standard_target {
	const char *name;
	enum verdict_kind kind;
} standard_targets[] = {
    {"ACCEPT", VERDICT_ACCEPT},
    {"DROP", VERDICT_DROP},
    {"RETURN", VERDICT_RETURN},
    {"QUEUE", VERDICT_NOT_UNDERSTOOD},
};

static const struct standard_target *find_standard(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(standard_targets); i++) {
		if (string_equal(standard_targets[i].name, name))
			return &standard_targets[i];
	}
	return NULL;
}

const struct option_use *option_of(const struct rule_line *line, const struct extension_use *use, unsigned id)
{
	for (size_t i = 0; i < line->options.count; i++) {
		const struct option_use *option = &line->options.items[i];

		if (option->use == use->number && option->form->id == id)
			return option;
	}
	return NULL;
}

/* An extension by its name, or NULL for one that may be there but is not known to this program. */
static bool load_extension(struct rule_line *line, const char *name, const struct extension *known, bool target)
{
	struct save_loader *loader = line->loader;
	enum answer installed = extension_installed(loader, known ? known->name : name);

	if (installed == ANSWER_NO)
		return refuse(loader, "Couldn't load %s `%s':No such file or directory", target ? "target" : "match",
			      name);
	if (known)
		return true;
	if (installed == ANSWER_MAYBE)
		uncertain(loader, "whether the %s `%s' is installed is not known", target ? "target" : "match", name);
	line->lenient = true;
	return true;
}

bool add_match(struct rule_line *line, const char *name)
{
	struct save_loader *loader = line->loader;
	const struct extension *extension = find_match(loader, name);
	struct extension_use *use;

	if (!*name || string_equal(name, "standard"))
		return refuse(loader, "Couldn't load match `%s':No such file or directory", name);
	if (!load_extension(line, name, extension, false))
		return false;
	/* A second one of a kind takes the options from now on. */
	for (size_t i = 0; i < line->matches.count; i++)
		line->matches.items[i].closed =
		    line->matches.items[i].closed || (extension && line->matches.items[i].extension == extension);
	use = array_push(loader->arena, &line->matches);
	*use = (struct extension_use){.extension = extension, .name = name, .number = (unsigned)line->matches.count};
	return true;
}

bool load_protocol_match(struct rule_line *line)
{
	const struct extension *extension = NULL;

	if (!line->has_protocol || line->implicit_match_loaded)
		return false;
	line->implicit_match_loaded = true;
	extension = find_match(line->loader, protocol_name(line->protocol));
	for (size_t i = 0; extension && i < line->matches.count; i++) {
		if (line->matches.items[i].extension == extension)
			return false;
	}
	return extension && add_match(line, extension->name);
}

bool set_target(struct rule_line *line, const char *name, bool is_goto)
{
	struct save_loader *loader = line->loader;
	const struct extension *extension;

	if (line->jump)
		return refuse(loader, "multiple -j flags not allowed");
	if (!*name)
		return refuse(loader, "Invalid target name (too short)");
	if (strlen(name) > TARGET_NAME_LIMIT)
		return refuse(loader, "Invalid target name `%s' (%d chars max)", name, TARGET_NAME_LIMIT);
	for (const char *c = name; *c; c++) {
		if (char_is_space(*c))
			return refuse(loader, "Invalid target name `%s'", name);
	}
	line->jump = name;
	line->is_goto = is_goto;
	if (is_goto) {
		if (!table_find_chain(loader->table, name))
			return refuse(loader, "Chain '%s' does not exist", name);
		return true;
	}
	if (find_standard(name))
		return true;
	extension = find_target(loader, name);
	if (table_find_chain(loader->table, name) && (!extension || extension_installed(loader, name) == ANSWER_NO))
		return true;
	line->target = (struct extension_use){.extension = extension, .name = name};
	return load_extension(line, name, extension, true);
}

/* --- what they come to ---------------------------------------------------------- */

static bool check_options(const struct rule_line *line, const struct extension_use *use)
{
	const struct extension *extension = use->extension;
	unsigned seen = 0, exclusive;

	for (size_t i = 0; i < line->options.count; i++) {
		if (line->options.items[i].use == use->number)
			seen |= 1U << line->options.items[i].form->id;
	}
	for (size_t i = 0; i < extension->option_count; i++) {
		const struct option_form *form = &extension->options[i];

		if ((form->flags & OPTION_REQUIRED) && !(seen & 1U << form->id))
			return refuse(line->loader, "%s: option \"--%s\" must be specified", extension->name,
				      form->name);
	}
	if (extension->one_of && !(seen & extension->one_of))
		return refuse(line->loader, "%s: %s", extension->name, extension->one_of_message);
	exclusive = seen & extension->exclusive;
	if (exclusive & (exclusive - 1))
		return refuse(line->loader, "%s: options cannot be used together", extension->name);
	return true;
}

/* Whether the rule's protocol is one of a list of names. */
static bool asks_for_protocol(const struct rule_line *line, const char *names)
{
	char wanted[32];

	if (!line->has_protocol || line->protocol_negated)
		return false;
	snprintf(wanted, sizeof(wanted), " %s ", protocol_name(line->protocol));
	return strstr(names, wanted) != NULL;
}

static bool apply_extension(struct rule_line *line, const struct extension_use *use, bool target)
{
	const struct extension *extension = use->extension;
	struct save_loader *loader = line->loader;

	if (!extension) {
		if (target)
			rule_add_not_understood(line, use->name);
		else
			rule_add_unknown(line, use->name);
		return true;
	}
	for (size_t i = 0; i < line->options.count; i++) {
		if (line->options.items[i].use == use->number && !read_value(line, use, &line->options.items[i]))
			return false;
	}
	if (!check_options(line, use))
		return false;
	if (extension->protocols && !asks_for_protocol(line, extension->protocols))
		return refuse(loader, "%s needs one of the protocols%s", extension->name, extension->protocols);
	if (extension->tables && !(extension->tables & loader->table_bit) &&
	    (loader->input->legacy || !extension->legacy_tables_only))
		return refuse(loader, "Invalid argument: %s is not for table %s", extension->name, loader->table->name);
	if (extension->hooks)
		line->hooks &= extension->hooks;
	return extension->apply(line, use);
}

static bool apply_standard(struct rule_line *line, const struct standard_target *standard)
{
	struct save_loader *loader = line->loader;

	if (loader->table_bit == TABLE_NAT && standard->kind == VERDICT_DROP)
		return refuse(loader, "The \"nat\" table is not intended for filtering, the use of DROP is therefore "
				      "inhibited.");
	if (standard->kind != VERDICT_NOT_UNDERSTOOD) {
		rule_add_verdict(line, standard->kind, NULL);
		return true;
	}
	if (!loader->input->legacy)
		return refuse(loader, "RULE_APPEND failed (No such file or directory): rule in chain %s",
			      line->chain_name);
	rule_add_not_understood(line, standard->name);
	return true;
}

static bool apply_jump(struct rule_line *line)
{
	struct save_loader *loader = line->loader;
	struct chain *chain;

	if (!line->jump)
		return true;
	if (line->target.name)
		return apply_extension(line, &line->target, true);
	if (!line->is_goto && find_standard(line->jump))
		return apply_standard(line, find_standard(line->jump));
	chain = table_find_chain(loader->table, line->jump);
	if (!chain)
		return refuse(loader, "Chain '%s' does not exist", line->jump);
	if (chain->base)
		return refuse(loader, "No such file or directory: rule jumps to chain %s", chain->name);
	rule_add_verdict(line, line->is_goto ? VERDICT_GOTO : VERDICT_JUMP, chain);
	return true;
}

bool apply_extensions(struct rule_line *line)
{
	for (size_t i = 0; i < line->matches.count; i++) {
		if (!apply_extension(line, &line->matches.items[i], false))
			return false;
	}
	return apply_jump(line);
}
