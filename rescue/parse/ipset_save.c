/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `ipset restore` does with the output of `ipset save` (ipset(8) 7.17): sets and their elements. It stops at the
 * first command that fails; what came before stays. */
#include <stdlib.h>

#include "base/ctype.h"
#include "parse/iptables_save.h"

enum {
	NAME_LIMIT = 31, /* IPSET_MAXNAMELEN - 1 */
	WORD_LIMIT = 64, /* in one line */
	PROTOCOL_TCP = 6,
	DEFAULT_MAXIMUM = 65536, /* elements of a hash */
};

/* What a set's creation says about its elements. */
struct ipset {
	struct set *set;
	uint64_t maximum; /* elements; 0: any number */
	unsigned netmask; /* of hash:ip and bitmap:ip; 0: none */
	uint64_t markmask;
	struct number_range range; /* of a bitmap */
};

struct ipset_loader {
	struct ruleset *ruleset;
	struct arena *arena;
	struct load_report *report;
	struct place place;
	bool refused;
	ARRAY_OF(struct ipset) ipsets;
	char *words[WORD_LIMIT];
	size_t word_count;
	bool exist; /* -exist: what is there already, or no more, is no error */
};

static const char *const set_types[] = {
    "hash:ip",	    "hash:net",		 "hash:ip,port",   "hash:net,port", "hash:ip,port,ip", "hash:ip,port,net",
    "hash:net,net", "hash:net,port,net", "hash:net,iface", "hash:ip,mark",  "hash:mac",	       "hash:ip,mac",
    "bitmap:ip",    "bitmap:ip,mac",	 "bitmap:port",	   "list:set",
};

static bool fail(struct ipset_loader *loader, const char *message)
{
	if (!loader->refused)
		load_note(loader->arena, loader->report, LOAD_REFUSED, loader->place, "Error in line %u: %s",
			  loader->place.line, message);
	loader->refused = true;
	return false;
}

static struct ipset *find_ipset(struct ipset_loader *loader, const char *name)
{
	for (size_t i = loader->ipsets.count; i-- > 0;) {
		if (string_equal(loader->ipsets.items[i].set->name, name))
			return &loader->ipsets.items[i];
	}
	return NULL;
}

static void cut_words(struct ipset_loader *loader, char *line)
{
	loader->word_count = 0;
	while (loader->word_count < WORD_LIMIT) {
		bool quoted;

		while (char_is_space(*line))
			line++;
		if (!*line)
			return;
		quoted = *line == '"';
		line += quoted;
		loader->words[loader->word_count++] = line;
		while (*line && (quoted ? *line != '"' : !char_is_space(*line)))
			line++;
		if (*line)
			*line++ = '\0';
	}
}

/* --- create ------------------------------------------------------------------- */

/* Options that take a value which says nothing about what is in the set. */
static bool is_plain_option(const char *word, bool *ret_value)
{
	static const char *const with_value[] = {"hashsize", "timeout", "bucketsize", "initval", "size",
						 "probes",   "resize",	"gc",	      "packets", "bytes",
						 "skbmark",  "skbprio", "skbqueue",   "comment"};
	static const char *const alone[] = {"counters", "skbinfo", "forceadd", "comment"};

	for (size_t i = 0; i < ARRAY_SIZE(with_value); i++) {
		*ret_value = true;
		if (string_equal(with_value[i], word))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		*ret_value = false;
		if (string_equal(alone[i], word))
			return true;
	}
	return false;
}

static bool read_range(struct ipset_loader *loader, struct ipset *ipset, const char *text)
{
	uint64_t first, last;
	char *copy = arena_strdup(loader->arena, text), *dash = strchr(copy, '-');

	if (string_equal(ipset->set->ipset_type, "bitmap:port")) {
		if (!dash)
			return fail(loader, "Syntax error: a range of ports is wanted");
		*dash = '\0';
		if (!parse_number(copy, UINT16_MAX, &first) || !parse_number(dash + 1, UINT16_MAX, &last))
			return fail(loader, "Syntax error: cannot parse the range of ports");
		ipset->range = (struct number_range){number_of(first), number_of(last)};
		return true;
	}
	return address_parse_range(text, false, &ipset->range) ||
	       fail(loader, "Syntax error: cannot parse the range of addresses");
}

static bool read_create_option(struct ipset_loader *loader, struct ipset *ipset, size_t *next)
{
	const char *word = loader->words[(*next)++], *value = *next < loader->word_count ? loader->words[*next] : "";
	uint64_t number = 0;
	bool takes_value;

	if (string_equal(word, "family")) {
		++*next;
		ipset->set->ipv6 = string_equal(value, "inet6");
		return ipset->set->ipv6 || string_equal(value, "inet") || string_equal(value, "unspec") ||
		       fail(loader, "Syntax error: unknown family");
	}
	if (string_equal(word, "range")) {
		++*next;
		return read_range(loader, ipset, value);
	}
	if (string_equal(word, "maxelem") || string_equal(word, "netmask")) {
		++*next;
		if (!parse_number(value, UINT32_MAX, &number))
			return fail(loader, "Syntax error: a number is wanted");
		if (*word == 'm')
			ipset->maximum = number;
		else
			ipset->netmask = (unsigned)number;
		return (*word == 'm' || (number && number <= (ipset->set->ipv6 ? 128 : 32))) ||
		       fail(loader, "Syntax error: netmask is out of range");
	}
	if (string_equal(word, "markmask")) {
		++*next;
		ipset->markmask = strtoull(value, NULL, 0);
		return true;
	}
	if (string_equal(word, "-exist") || string_equal(word, "-!")) {
		loader->exist = true;
		return true;
	}
	if (!is_plain_option(word, &takes_value))
		return fail(loader, arena_printf(loader->arena, "Unknown argument: `%s'", word));
	*next += takes_value && !string_equal(word, "comment");
	return true;
}

static unsigned count_fields(const char *type)
{
	unsigned count = 1;

	for (; *type; type++)
		count += *type == ',';
	return count;
}

static bool run_create(struct ipset_loader *loader)
{
	const char *name = loader->word_count > 1 ? loader->words[1] : "", *type = NULL;
	struct ipset ipset = {.markmask = UINT32_MAX};
	size_t next = 3;

	if (loader->word_count < 3)
		return fail(loader, "Missing mandatory argument to command create");
	if (strlen(name) > NAME_LIMIT)
		return fail(loader, "Syntax error: setname is longer than 31 characters");
	for (size_t i = 0; i < ARRAY_SIZE(set_types); i++) {
		if (string_equal(set_types[i], loader->words[2]))
			type = set_types[i];
	}
	if (!type)
		return fail(loader,
			    arena_printf(loader->arena, "Syntax error: typename '%s' is unknown", loader->words[2]));
	ipset.set = ARENA_NEW(loader->arena, struct set);
	ipset.set->name = arena_strdup(loader->arena, name);
	ipset.set->ipset_type = type;
	ipset.set->field_count = count_fields(type);
	ipset.maximum = string_after(type, "hash:") ? DEFAULT_MAXIMUM : 0;
	while (next < loader->word_count) {
		if (!read_create_option(loader, &ipset, &next))
			return false;
	}
	if (find_ipset(loader, name))
		return loader->exist || fail(loader, "Set cannot be created: set with the same name already exists");
	if (string_after(type, "bitmap:") && number_compare(ipset.range.first, ipset.range.last) >= 0)
		return fail(loader, "Mandatory option `range' is missing");
	*array_push(loader->arena, &loader->ipsets) = ipset;
	return true;
}

/* --- elements ------------------------------------------------------------------- */

static bool read_address_field(struct ipset_loader *loader, const struct ipset *ipset, const char *text, bool net,
			       struct key_field *ret)
{
	unsigned bits = ipset->set->ipv6 ? 128 : 32;
	const char *prefix = strchr(text, '/');
	uint64_t number;

	/* A mask is written as a number of bits only. */
	if ((prefix && !parse_number(prefix + 1, bits, &number)) ||
	    !address_parse_range(text, ipset->set->ipv6, &ret->range))
		return fail(loader, arena_printf(loader->arena, "Syntax error: cannot parse %s: %s address expected",
						 text, ipset->set->ipv6 ? "IPv6" : "IPv4"));
	if (net && string_ends_with(text, "/0") && !strstr(ipset->set->ipset_type, "iface") &&
	    !string_equal(ipset->set->ipset_type, "hash:net,net"))
		return fail(loader, "The value of the CIDR parameter of the IP address is invalid");
	if (ipset->netmask) {
		ret->range.first = number_prefix_first(ret->range.first, bits, ipset->netmask);
		ret->range.last = number_prefix_last(ret->range.last, bits, ipset->netmask);
	}
	return true;
}

/* "tcp:22-25", "22"; *ret_ours: it is about TCP. */
static bool read_port_field(struct ipset_loader *loader, const struct ipset *ipset, char *text, struct key_field *ret,
			    bool *ret_ours)
{
	char *colon = strchr(text, ':'), *dash;
	uint64_t first, last;

	if (colon && !string_equal(ipset->set->ipset_type, "bitmap:port")) {
		*colon = '\0';
		if (!string_equal(text, "tcp") && !string_equal(text, "6")) {
			*ret_ours = false;
			return true;
		}
	}
	if (colon)
		text = colon + 1;
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (string_equal(text, "ssh"))
		first = 22;
	else if (!parse_number(text, UINT16_MAX, &first))
		return fail(loader, arena_printf(loader->arena, "Syntax error: cannot parse '%s' as a port", text));
	last = first;
	if (dash && !parse_number(dash + 1, UINT16_MAX, &last))
		return fail(loader, "Syntax error: cannot parse the range of ports");
	ret->range.first = number_of(first < last ? first : last);
	ret->range.last = number_of(first < last ? last : first);
	return true;
}

static bool read_mark_field(struct ipset_loader *loader, const struct ipset *ipset, const char *text,
			    struct key_field *ret)
{
	uint64_t mark = 0;
	int digit;

	for (const char *c = string_after(text, "0x"); c && (digit = char_hex_value(*c)) >= 0 && mark <= UINT32_MAX;
	     c++)
		mark = mark * 16 + (uint64_t)digit;
	if (!string_after(text, "0x") && !parse_number(text, UINT32_MAX, &mark))
		return fail(loader, "Syntax error: cannot parse the mark");
	/* The packet's mark is looked up under the mask; what differs outside of it is not worked out. */
	if (ipset->markmask != UINT32_MAX)
		ipset->set->unknown = true;
	ret->range = (struct number_range){number_of(mark), number_of(mark)};
	return true;
}

static bool read_field(struct ipset_loader *loader, const struct ipset *ipset, const char *field, size_t length,
		       char *text, struct key_field *ret, bool *ret_ours)
{
	if (strncmp(field, "ip", length) == 0 || strncmp(field, "net", length) == 0)
		return read_address_field(loader, ipset, text, *field == 'n', ret);
	if (strncmp(field, "port", length) == 0)
		return read_port_field(loader, ipset, text, ret, ret_ours);
	if (strncmp(field, "mark", length) == 0)
		return read_mark_field(loader, ipset, text, ret);
	if (strncmp(field, "iface", length) == 0) {
		const char *port = string_after(text, "physdev:");

		/* A port of a bridge: which one a packet came by is not followed. */
		ipset->set->unknown = ipset->set->unknown || port;
		ret->interface.name = arena_strdup(loader->arena, text);
		return true;
	}
	if (strncmp(field, "set", length) == 0) {
		ret->interface.name = arena_strdup(loader->arena, text);
		return find_ipset(loader, text) ||
		       fail(loader, "Set to be added/deleted/tested as element does not exist.");
	}
	return true; /* hardware addresses are not looked at */
}

/* Reads the element in words[2] into fields. */
static bool read_element(struct ipset_loader *loader, const struct ipset *ipset, struct key_field *fields,
			 bool *ret_ours)
{
	const char *field = strchr(ipset->set->ipset_type, ':') + 1;
	char *rest = loader->words[2];

	*ret_ours = true;
	for (unsigned i = 0; i < ipset->set->field_count; i++) {
		size_t length = strcspn(field, ",");
		char *text = rest, *comma = rest ? strchr(rest, ',') : NULL;

		if (comma)
			*comma++ = '\0';
		rest = comma;
		/* bitmap:ip,mac may leave the second one out. */
		if (!text && !string_equal(ipset->set->ipset_type, "bitmap:ip,mac"))
			return fail(loader, "Syntax error: Second element is missing from the input");
		if (text && !read_field(loader, ipset, field, length, text, &fields[i], ret_ours))
			return false;
		field += length + (field[length] == ',');
	}
	return !rest || fail(loader, "Syntax error: Elem separator in the input, but the set has no more elements");
}

static bool read_element_options(struct ipset_loader *loader, const struct ipset *ipset, struct set_element *element)
{
	for (size_t i = 3; i < loader->word_count; i++) {
		const char *word = loader->words[i];
		bool takes_value;

		if (string_equal(word, "nomatch"))
			element->exclude = true;
		else if (string_equal(word, "wildcard"))
			element->key[ipset->set->field_count - 1].interface.prefix = true;
		else if (string_equal(word, "-exist") || string_equal(word, "-!"))
			loader->exist = true;
		else if (string_equal(word, "before") || string_equal(word, "after"))
			i++;
		else if (is_plain_option(word, &takes_value))
			i += takes_value;
		else
			return fail(loader, arena_printf(loader->arena, "Unknown argument: `%s'", word));
	}
	return true;
}

static bool out_of_range(const struct ipset *ipset, const struct key_field *field)
{
	return string_after(ipset->set->ipset_type, "bitmap:") &&
	       (number_compare(field->range.first, ipset->range.first) < 0 ||
		number_compare(field->range.last, ipset->range.last) > 0);
}

static bool run_add(struct ipset_loader *loader, struct ipset *ipset)
{
	struct set_element element = {.place = loader->place};
	bool ours;

	element.key = arena_alloc(loader->arena, ipset->set->field_count * sizeof(*element.key));
	if (!read_element(loader, ipset, element.key, &ours) || !read_element_options(loader, ipset, &element))
		return false;
	if (out_of_range(ipset, &element.key[0]))
		return fail(loader, "Element is out of the range of the set");
	if (!ours)
		return true;
	if (ipset->maximum && ipset->set->elements.count >= ipset->maximum && !loader->exist)
		return fail(loader, "Hash is full, cannot add more elements");
	*array_push(loader->arena, &ipset->set->elements) = element;
	return true;
}

/* What one element less leaves is not worked out: nobody saves that. */
static bool run_delete(struct ipset_loader *loader, struct ipset *ipset)
{
	struct key_field fields[8] = {0};
	bool ours;

	if (!read_element(loader, ipset, fields, &ours))
		return false;
	ipset->set->unknown = true;
	return true;
}

/* --- the rest --------------------------------------------------------------------- */

static bool run_swap(struct ipset_loader *loader, struct ipset *from, const char *to_name, bool rename)
{
	struct ipset *to = find_ipset(loader, to_name), ipset;
	const char *name = from->set->name;

	if (rename) {
		if (to)
			return fail(loader, "Set cannot be renamed: a set with the new name already exists");
		from->set->name = arena_strdup(loader->arena, to_name);
		return true;
	}
	if (!to)
		return fail(loader, "Sets cannot be swapped: the second set does not exist");
	if (!string_equal(from->set->ipset_type, to->set->ipset_type) || from->set->ipv6 != to->set->ipv6)
		return fail(loader, "The sets cannot be swapped: their type does not match");
	from->set->name = to->set->name;
	to->set->name = name;
	ipset = *from;
	*from = *to;
	*to = ipset;
	return true;
}

static void remove_ipset(struct ipset_loader *loader, const struct ipset *ipset)
{
	size_t index = (size_t)(ipset - loader->ipsets.items);

	for (; index + 1 < loader->ipsets.count; index++)
		loader->ipsets.items[index] = loader->ipsets.items[index + 1];
	loader->ipsets.count--;
}

static bool run_on_set(struct ipset_loader *loader, char command)
{
	struct ipset *ipset = loader->word_count > 1 ? find_ipset(loader, loader->words[1]) : NULL;

	if (loader->word_count < 2) {
		for (size_t i = 0; command == 'F' && i < loader->ipsets.count; i++)
			loader->ipsets.items[i].set->elements.count = 0;
		if (command == 'X')
			loader->ipsets.count = 0;
		return command == 'F' || command == 'X' || fail(loader, "Missing mandatory argument");
	}
	if (!ipset)
		return (command == 'X' && loader->exist) || fail(loader, "The set with the given name does not exist");
	if (command == 'F')
		ipset->set->elements.count = 0;
	if (command == 'X')
		remove_ipset(loader, ipset);
	if (command == 'F' || command == 'X' || command == 'L')
		return true;
	if (loader->word_count < 3)
		return fail(loader, "Missing second mandatory argument");
	if (command == 'A')
		return run_add(loader, ipset);
	if (command == 'D')
		return run_delete(loader, ipset);
	return run_swap(loader, ipset, loader->words[2], command == 'E');
}

static bool run_line(struct ipset_loader *loader, char *line)
{
	static const struct {
		const char *name;
		char command;
	} commands[] = {
	    {"create", 'N'},  {"n", 'N'},    {"-N", 'N'},   {"--create", 'N'}, {"add", 'A'},   {"-A", 'A'},
	    {"--add", 'A'},   {"del", 'D'},  {"-D", 'D'},   {"--del", 'D'},    {"flush", 'F'}, {"-F", 'F'},
	    {"destroy", 'X'}, {"x", 'X'},    {"-X", 'X'},   {"swap", 'W'},     {"-W", 'W'},    {"rename", 'E'},
	    {"-E", 'E'},      {"list", 'L'}, {"test", 'L'}, {"version", 'V'},  {"quit", 'V'},  {"COMMIT", 'V'},
	};

	loader->exist = false;
	cut_words(loader, line);
	/* "-exist" may come first. */
	if (loader->word_count > 1 &&
	    (string_equal(loader->words[0], "-exist") || string_equal(loader->words[0], "-!"))) {
		memmove(loader->words, loader->words + 1, --loader->word_count * sizeof(*loader->words));
		loader->exist = true;
	}
	if (!loader->word_count || *loader->words[0] == '#')
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!string_equal(commands[i].name, loader->words[0]))
			continue;
		if (commands[i].command == 'V')
			return true;
		return commands[i].command == 'N' ? run_create(loader) : run_on_set(loader, commands[i].command);
	}
	return fail(loader, arena_printf(loader->arena, "No command specified: unknown argument %s", loader->words[0]));
}

void ipset_save_load(struct ruleset *ruleset, struct blob content, const char *path, struct load_report *report)
{
	struct ipset_loader loader = {.ruleset = ruleset, .arena = ruleset->arena, .report = report};
	const char *line;
	size_t offset = 0, length;
	unsigned number = 0;

	for (size_t i = 0; i < ruleset->ipsets.count; i++)
		*array_push(loader.arena, &loader.ipsets) =
		    (struct ipset){.set = ruleset->ipsets.items[i], .markmask = UINT32_MAX};
	while (!loader.refused && next_line(&content, &offset, &line, &length)) {
		loader.place = (struct place){.path = path,
					      .line = ++number,
					      .text = arena_memdup(loader.arena, line, length),
					      .text_length = (unsigned)length};
		run_line(&loader, arena_memdup(loader.arena, line, length));
	}
	ruleset->ipsets.count = 0;
	for (size_t i = 0; i < loader.ipsets.count; i++)
		*array_push(loader.arena, &ruleset->ipsets) = loader.ipsets.items[i].set;
}
