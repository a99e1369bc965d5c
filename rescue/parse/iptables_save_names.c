/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in rules, and where the target says what they mean: /etc/services, /etc/passwd and /etc/group, the directory of
 * the extensions. */
#include "base/ctype.h"
#include "base/text.h"
#include "parse/iptables_save_private.h"
#include "parse/passwd.h"

enum {
	SERVICES_LIMIT = 4 * 1024 * 1024,
};

/* Those that xtables knows by itself, and the ones of /etc/protocols that rules have. */
static const struct name_number protocols[] = {
    {"tcp", NULL, 6},	     {"udp", NULL, 17},	       {"icmp", NULL, 1},	{"icmpv6", NULL, 58},
    {"ipv6-icmp", NULL, 58}, {"esp", NULL, 50},	       {"ah", NULL, 51},	{"sctp", NULL, 132},
    {"udplite", NULL, 136},  {"ipv6-mh", NULL, 135},   {"mh", NULL, 135},	{"all", NULL, 0},
    {"igmp", NULL, 2},	     {"ipv4", NULL, 4},	       {"ipencap", NULL, 4},	{"ipip", NULL, 94},
    {"gre", NULL, 47},	     {"ospf", NULL, 89},       {"ospfigp", NULL, 89},	{"vrrp", NULL, 112},
    {"pim", NULL, 103},	     {"dccp", NULL, 33},       {"l2tp", NULL, 115},	{"ipv6", NULL, 41},
    {"eigrp", NULL, 88},     {"ipcomp", NULL, 108},    {"ip", NULL, 0},		{"rsvp", NULL, 46},
    {"egp", NULL, 8},	     {"igp", NULL, 9},	       {"ipv6-frag", NULL, 44}, {"ipv6-route", NULL, 43},
    {"ipv6-opts", NULL, 60}, {"ipv6-nonxt", NULL, 59}, {"hopopt", NULL, 0},
};

bool find_protocol(const char *name, unsigned *ret)
{
	uint64_t number;
	char lower[32];
	size_t length = strlen(name);

	if (read_number(name, UINT8_MAX, &number)) {
		*ret = (unsigned)number;
		return true;
	}
	if (length >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= length; i++)
		lower[i] = char_to_lower(name[i]);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (string_equal(protocols[i].name, lower)) {
			*ret = protocols[i].number;
			return true;
		}
	}
	return false;
}

const char *protocol_name(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (protocols[i].number == number)
			return protocols[i].name;
	}
	return "";
}

/* --- services --------------------------------------------------------------- */

static void read_service(struct save_loader *loader, char *line)
{
	char *comment = strchr(line, '#'), *name, *port, *protocol;
	uint64_t number;

	if (comment)
		*comment = '\0';
	name = cut_word(&line);
	port = cut_word(&line);
	protocol = strchr(port, '/');
	if (!*name || !protocol)
		return;
	*protocol++ = '\0';
	if (!parse_number(port, UINT16_MAX, &number))
		return;
	for (; *name; name = cut_word(&line))
		*array_push(loader->arena, &loader->names->services) =
		    (struct name_number){name, protocol, (unsigned)number};
}

static void read_services(struct save_loader *loader)
{
	struct target *target = loader->input->target;
	struct blob content;
	const char *line;
	size_t offset = 0, length;

	if (loader->names->services_read)
		return;
	loader->names->services_read = true;
	if (!target || target_read(target, "/etc/services", SERVICES_LIMIT, loader->arena, &content, NULL) < 0)
		return;
	loader->names->services_known = true;
	while (next_line(&content, &offset, &line, &length))
		read_service(loader, arena_memdup(loader->arena, line, length));
}

enum answer find_service(struct save_loader *loader, const char *name, const char *protocol, unsigned *ret)
{
	/* The ones that every version of that file has: no need to read it. */
	static const struct name_number common[] = {
	    {"ssh", NULL, 22},	  {"http", NULL, 80},	{"https", NULL, 443}, {"domain", NULL, 53},
	    {"smtp", NULL, 25},	  {"ftp", NULL, 21},	{"telnet", NULL, 23}, {"pop3", NULL, 110},
	    {"imap2", NULL, 143}, {"bootps", NULL, 67}, {"bootpc", NULL, 68}, {"ntp", NULL, 123},
	};

	for (size_t i = 0; i < ARRAY_SIZE(common); i++) {
		if (string_equal(common[i].name, name)) {
			*ret = common[i].number;
			return ANSWER_YES;
		}
	}
	read_services(loader);
	for (size_t i = 0; i < loader->names->services.count; i++) {
		const struct name_number *service = &loader->names->services.items[i];

		if (string_equal(service->name, name) && (!*protocol || string_equal(service->protocol, protocol))) {
			*ret = service->number;
			return ANSWER_YES;
		}
	}
	return loader->names->services_known ? ANSWER_NO : ANSWER_MAYBE;
}

/* --- accounts --------------------------------------------------------------- */

static enum answer find_group(struct save_loader *loader, const char *name, uint64_t *ret)
{
	const struct group_entry *group;

	if (!loader->names->groups) {
		loader->names->groups = ARENA_NEW(loader->arena, struct group_file);
		group_load(loader->input->target, loader->arena, "/etc/group", loader->names->groups);
	}
	group = group_by_name(loader->names->groups, name);
	*ret = group ? group->gid : 0;
	return group ? ANSWER_YES : loader->names->groups->error ? ANSWER_MAYBE : ANSWER_NO;
}

static enum answer find_user(struct save_loader *loader, const char *name, uint64_t *ret)
{
	const struct passwd_entry *user;

	if (!loader->names->users) {
		loader->names->users = ARENA_NEW(loader->arena, struct passwd_file);
		passwd_load(loader->input->target, loader->arena, "/etc/passwd", loader->names->users);
	}
	user = passwd_by_name(loader->names->users, name);
	*ret = user ? user->uid : 0;
	return user ? ANSWER_YES : loader->names->users->error ? ANSWER_MAYBE : ANSWER_NO;
}

enum answer find_account(struct save_loader *loader, const char *name, bool group, uint64_t *ret)
{
	*ret = 0;
	if (string_equal(name, "root"))
		return ANSWER_YES;
	if (!loader->input->target)
		return ANSWER_MAYBE;
	return group ? find_group(loader, name, ret) : find_user(loader, name, ret);
}

/* --- extensions ------------------------------------------------------------- */

/* Where distributions have the directory that xtables was built with. */
static const char *const extension_directories[] = {
    "/usr/lib/*/xtables", "/usr/lib64/xtables",	  "/usr/lib/xtables",	    "/lib/*/xtables",	 "/lib64/xtables",
    "/lib/xtables",	  "/usr/libexec/xtables", "/usr/local/lib/xtables", "/usr/lib/iptables", "/lib64/iptables",
};

static void read_extensions(struct save_loader *loader)
{
	struct target *target = loader->input->target;

	if (loader->names->extensions_read)
		return;
	loader->names->extensions_read = true;
	for (size_t i = 0; target && i < ARRAY_SIZE(extension_directories); i++) {
		string_list directories = {0};

		if (target_glob(target, extension_directories[i], loader->arena, &directories) < 0)
			continue;
		for (size_t j = 0; j < directories.count; j++) {
			dir_list entries = {0};

			if (target_list(target, directories.items[j], loader->arena, &entries) < 0)
				continue;
			loader->names->extensions_known = loader->names->extensions_known || entries.count > 0;
			for (size_t k = 0; k < entries.count; k++)
				*array_push(loader->arena, &loader->names->extensions) = entries.items[k].name;
		}
	}
}

/* "libxt_NAME.so", or with the family's own prefix. */
static bool is_extension_file(const struct save_loader *loader, const char *file, const char *name)
{
	const char *const prefixes[] = {"libxt_", loader->input->ipv6 ? "libip6t_" : "libipt_"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *rest = string_after(file, prefixes[i]);

		rest = rest ? string_after(rest, name) : NULL;
		if (rest && string_equal(rest, ".so"))
			return true;
	}
	return false;
}

enum answer extension_installed(struct save_loader *loader, const char *name)
{
	read_extensions(loader);
	if (!loader->names->extensions_known)
		return ANSWER_MAYBE;
	for (size_t i = 0; i < loader->names->extensions.count; i++) {
		if (is_extension_file(loader, loader->names->extensions.items[i], name))
			return ANSWER_YES;
	}
	return ANSWER_NO;
}

struct save_names *iptables_save_names(struct arena *arena)
{
	return ARENA_NEW(arena, struct save_names);
}
