/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall: do the rules that are loaded at boot let a new connection in? Rules are not evaluated yet: every program of
 * the boot that may load some is raised as "not judged", unless its rules provably drop nothing. Nothing here may take
 * a firewall for none, so what is recognised as harmless is kept narrow and everything else is not.
 */
#include "stage/stage.h"

#include <errno.h>

#include "base/text.h"
#include "parse/interfaces.h"
#include "stage/firewall_rules.h"

enum {
	SCRIPT_LIMIT = 1024 * 1024,
};

struct firewall {
	const struct facts *facts;
	struct findings *findings;
};

static bool starts(const struct firewall *firewall, const char *unit)
{
	return unit_boot_starts(firewall->facts->units, unit, NULL);
}

static int read_text(const struct firewall *firewall, const char *path, struct blob *ret, struct node_stat *stat)
{
	return target_read(firewall->facts->target, path, SCRIPT_LIMIT, firewall->facts->arena, ret, stat);
}

static void raise_unevaluated(const struct firewall *firewall, const char *what, const char *path, unsigned line,
			      const char *evidence)
{
	struct problem *problem =
	    problem_raise(firewall->findings, PROBLEM_FIREWALL_UNEVALUATED, path, line, "%s", what);

	if (evidence)
		problem_evidence(firewall->findings, problem, "%s", evidence);
	problem_remedy(firewall->findings, problem, "%s",
		       "read the rules: a new TCP connection to the SSH port must be accepted, and the answer let out");
}

/* Firewalls by the unit that loads them, and where their rules are. */
static const struct firewall_unit {
	const char *unit;
	const char *rules[3]; /* the first that is there is named */
} firewall_units[] = {
    {"firewalld.service", {"/etc/firewalld/firewalld.conf"}},
    {"ferm.service", {"/etc/ferm/ferm.conf", "/etc/ferm.conf"}},
    {"shorewall.service", {"/etc/shorewall/rules", "/etc/shorewall/shorewall.conf"}},
    {"shorewall6.service", {"/etc/shorewall6/rules", "/etc/shorewall6/shorewall6.conf"}},
    {"shorewall-lite.service", {"/etc/shorewall-lite/shorewall-lite.conf"}},
    {"shorewall6-lite.service", {"/etc/shorewall6-lite/shorewall6-lite.conf"}},
    {"csf.service", {"/etc/csf/csf.conf"}},
    {"lfd.service", {"/etc/csf/csf.conf"}},
    {"apf.service", {"/etc/apf/conf.apf"}},
    {"firehol.service", {"/etc/firehol/firehol.conf"}},
    {"foomuuri.service", {"/etc/foomuuri"}},
    {"vuurmuur.service", {"/etc/vuurmuur/config.conf"}},
    {"arno-iptables-firewall.service", {"/etc/arno-iptables-firewall/firewall.conf"}},
    {"SuSEfirewall2.service", {"/etc/sysconfig/SuSEfirewall2"}},
    {"SuSEfirewall2_init.service", {"/etc/sysconfig/SuSEfirewall2"}},
    {"ebtables.service", {"/etc/ebtables.rules", "/etc/sysconfig/ebtables"}},
    {"iptables-restore.service", {"/var/lib/iptables/rules-save"}},
    {"ip6tables-restore.service", {"/var/lib/ip6tables/rules-save"}},
    {"opensnitch.service", {"/etc/opensnitchd/default-config.json"}},
};

/* Those that have a judge of their own below. */
static const char *const judged_units[] = {"ufw.service", "nftables.service", "netfilter-persistent.service",
					   "iptables.service", "ip6tables.service"};

static bool is_known_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(firewall_units); i++) {
		if (string_equal(firewall_units[i].unit, name))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(judged_units); i++) {
		if (string_equal(judged_units[i], name))
			return true;
	}
	return false;
}

static void check_known_units(const struct firewall *firewall)
{
	for (size_t i = 0; i < ARRAY_SIZE(firewall_units); i++) {
		const struct firewall_unit *known = &firewall_units[i];
		const char *path = known->rules[0];

		if (!starts(firewall, known->unit))
			continue;
		for (size_t j = ARRAY_SIZE(known->rules); j-- > 0;) {
			if (known->rules[j] && target_exists(firewall->facts->target, known->rules[j]))
				path = known->rules[j];
		}
		raise_unevaluated(firewall, known->unit, path, 0, NULL);
	}
}

/* ufw-init(8) loads rules only when the last ENABLED= says yes; without the file it stops. */
static void check_ufw(const struct firewall *firewall)
{
	static const char path[] = "/etc/ufw/ufw.conf";
	const char *line;
	struct blob content;
	size_t offset = 0, length;
	bool enabled = true;
	int r;

	if (!starts(firewall, "ufw.service"))
		return;
	r = read_text(firewall, path, &content, NULL);
	if (r == -ENOENT || (r == 0 && content.size == 0))
		return;
	while (r == 0 && next_line(&content, &offset, &line, &length)) {
		const char *value = string_after(arena_memdup(firewall->facts->arena, line, length), "ENABLED=");

		if (value)
			enabled = !string_equal_nocase(value, "no") && !string_equal_nocase(value, "\"no\"");
	}
	if (enabled)
		raise_unevaluated(firewall, "ufw.service", "/etc/ufw/user.rules", 0, "/etc/ufw/ufw.conf: ENABLED=yes");
}

typedef bool (*harmless)(const struct blob *rules);

/* Raises the unit for the first of its rules files that could drop something. What is missing loads nothing. */
static void check_rules_files(const struct firewall *firewall, const char *unit, const char *const *paths, size_t count,
			      harmless is_harmless)
{
	for (size_t i = 0; i < count; i++) {
		struct blob content;
		int r = read_text(firewall, paths[i], &content, NULL);

		if (r == -ENOENT || (r == 0 && is_harmless(&content)))
			continue;
		raise_unevaluated(firewall, unit, paths[i], 0, NULL);
		return;
	}
}

static void check_iptables(const struct firewall *firewall)
{
	static const char *const ipv4[] = {"/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"};
	static const char *const ipv6[] = {"/etc/sysconfig/ip6tables", "/etc/iptables/ip6tables.rules"};

	if (starts(firewall, "iptables.service"))
		check_rules_files(firewall, "iptables.service", ipv4, ARRAY_SIZE(ipv4), iptables_rules_are_harmless);
	if (starts(firewall, "ip6tables.service"))
		check_rules_files(firewall, "ip6tables.service", ipv6, ARRAY_SIZE(ipv6), iptables_rules_are_harmless);
}

/* netfilter-persistent(8) runs plug-ins; the two of iptables-persistent read one file each, that of ipset-persistent
 * drops nothing by itself. */
static void check_netfilter_persistent(const struct firewall *firewall)
{
	static const char *const known[] = {"10-ipset", "15-ip4tables", "25-ip6tables"};
	static const char *const rules[] = {"/etc/iptables/rules.v4", "/etc/iptables/rules.v6", "/etc/iptables/rules"};
	static const char *const directories[] = {"/usr/share/netfilter-persistent/plugins.d",
						  "/etc/netfilter-persistent/plugins.d"};
	static const char unit[] = "netfilter-persistent.service";

	if (!starts(firewall, unit))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		dir_list entries = {0};

		target_list(firewall->facts->target, directories[i], firewall->facts->arena, &entries);
		for (size_t j = 0; j < entries.count; j++) {
			bool plain = false;

			for (size_t k = 0; k < ARRAY_SIZE(known); k++)
				plain = plain || string_equal(entries.items[j].name, known[k]);
			if (plain)
				continue;
			raise_unevaluated(
			    firewall, unit,
			    arena_printf(firewall->facts->arena, "%s/%s", directories[i], entries.items[j].name), 0,
			    "a plug-in that sshrescue does not know");
			return;
		}
	}
	check_rules_files(firewall, unit, rules, ARRAY_SIZE(rules), iptables_rules_are_harmless);
}

/* The rules files are what nft(8) is told to read with -f or --file. */
static void check_nftables(const struct firewall *firewall)
{
	static const char name[] = "nftables.service";
	const struct unit_setting *command = NULL;
	const struct unit *unit;
	string_list paths = {0};

	if (!starts(firewall, name))
		return;
	unit = unit_load(firewall->facts->units, name);
	for (const char *const *key = (const char *const[]){"ExecStart", "ExecStartPre", "ExecStartPost", NULL}; *key;
	     key++) {
		while ((command = unit_next(unit, "Service", *key, command))) {
			char *path = nft_command_rules_file(firewall->facts->arena, command->value);

			if (!path) {
				raise_unevaluated(firewall, name, command->path, command->line, command->value);
				return;
			}
			if (*path)
				*array_push(firewall->facts->arena, &paths) = path;
		}
	}
	check_rules_files(firewall, name, (const char *const *)paths.items, paths.count, nft_rules_are_harmless);
}

/* Where the programs of an administrator live; those of packages come with a unit that is known by name. */
static bool is_local_program(const char *path)
{
	static const char *const prefixes[] = {"/usr/local/", "/opt/", "/etc/", "/root/", "/srv/", "/home/"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (string_after(path, prefixes[i]))
			return true;
	}
	return false;
}

/* Whether a command mentions a firewall tool, or runs an administrator's script that does. */
static bool command_mentions_firewall(const struct firewall *firewall, const char *command)
{
	if (mentions_firewall(command, strlen(command)))
		return true;
	for (const char *next = command; *next;) {
		size_t length;
		char *word;
		struct blob content;

		next += strspn(next, " \t\"'@-:+!|;");
		length = strcspn(next, " \t\"';");
		word = arena_memdup(firewall->facts->arena, next, length);
		if (is_local_program(word) && read_text(firewall, word, &content, NULL) == 0 &&
		    script_mentions_firewall(&content))
			return true;
		next += length;
	}
	return false;
}

static void check_unit(const struct firewall *firewall, const char *name)
{
	const struct unit *unit;

	if (is_known_unit(name) || !starts(firewall, name))
		return;
	unit = unit_load(firewall->facts->units, name);
	for (size_t i = 0; i < unit->settings.count; i++) {
		const struct unit_setting *setting = &unit->settings.items[i];

		if (!string_equal(setting->section, "Service") || !string_after(setting->key, "ExecStart") ||
		    !command_mentions_firewall(firewall, setting->value))
			continue;
		raise_unevaluated(firewall, name, setting->path, setting->line, setting->value);
		return;
	}
}

/* What an administrator enabled: units may carry any name, their commands tell. */
static void check_enabled_units(const struct firewall *firewall)
{
	static const char *const patterns[] = {"/etc/systemd/system/*.wants/*.service",
					       "/etc/systemd/system/*.requires/*.service"};
	string_list seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list links = {0};

		target_glob(firewall->facts->target, patterns[i], firewall->facts->arena, &links);
		for (size_t j = 0; j < links.count && seen.count < 1000; j++) {
			char *name = strrchr(links.items[j], '/') + 1;
			bool known = false;

			for (size_t k = 0; k < seen.count && !known; k++)
				known = string_equal(seen.items[k], name);
			if (known)
				continue;
			*array_push(firewall->facts->arena, &seen) = name;
			check_unit(firewall, name);
		}
	}
}

/* Executable scripts that the boot runs when an interface comes up, and rc.local. */
static void check_scripts(const struct firewall *firewall)
{
	static const char *const patterns[] = {
	    "/etc/rc.local",
	    "/etc/rc.d/rc.local",
	    "/etc/network/if-pre-up.d/*",
	    "/etc/network/if-up.d/*",
	    "/etc/NetworkManager/dispatcher.d/*",
	    "/etc/NetworkManager/dispatcher.d/pre-up.d/*",
	    "/etc/networkd-dispatcher/*.d/*",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list paths = {0};

		target_glob(firewall->facts->target, patterns[i], firewall->facts->arena, &paths);
		for (size_t j = 0; j < paths.count; j++) {
			struct node_stat stat;
			struct blob content;

			if (read_text(firewall, paths.items[j], &content, &stat) < 0 || !(stat.mode & 0111) ||
			    !script_mentions_firewall(&content))
				continue;
			raise_unevaluated(firewall, paths.items[j], paths.items[j], 0, NULL);
		}
	}
}

static bool is_up_command(const char *word)
{
	return string_equal(word, "pre-up") || string_equal(word, "up") || string_equal(word, "post-up");
}

static void check_interfaces(const struct firewall *firewall)
{
	struct interfaces interfaces;

	interfaces_load(firewall->facts->target, firewall->facts->arena, &interfaces);
	for (size_t i = 0; i < interfaces.lines.count; i++) {
		const struct interfaces_line *line = &interfaces.lines.items[i];

		if (is_up_command(line->words[0]) && command_mentions_firewall(firewall, line->text))
			raise_unevaluated(firewall, line->text, line->path, line->line, NULL);
	}
}

/* "@reboot" lines of crontab(5). */
static void check_crontabs(const struct firewall *firewall)
{
	static const char *const patterns[] = {"/etc/crontab", "/etc/cron.d/*", "/var/spool/cron/crontabs/*",
					       "/var/spool/cron/*"};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list paths = {0};

		target_glob(firewall->facts->target, patterns[i], firewall->facts->arena, &paths);
		for (size_t j = 0; j < paths.count; j++) {
			struct blob content;
			const char *line;
			size_t offset = 0, length;
			unsigned number = 0;

			if (read_text(firewall, paths.items[j], &content, NULL) < 0)
				continue;
			while (next_line(&content, &offset, &line, &length)) {
				char *text = arena_memdup(firewall->facts->arena, line, length);
				const char *command = string_after(text + strspn(text, " \t"), "@reboot");

				number++;
				if (command && command_mentions_firewall(firewall, command))
					raise_unevaluated(firewall, text, paths.items[j], number, NULL);
			}
		}
	}
}

/* A System V script runs when no unit of the same name is there: systemd-sysv-generator(8). */
static void check_init_scripts(const struct firewall *firewall)
{
	static const char *const patterns[] = {"/etc/rc[S235].d/S[0-9][0-9]*", "/etc/rc.d/rc[35].d/S[0-9][0-9]*"};
	string_list seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list links = {0};

		target_glob(firewall->facts->target, patterns[i], firewall->facts->arena, &links);
		for (size_t j = 0; j < links.count && seen.count < 1000; j++) {
			char *name = strrchr(links.items[j], '/') + strlen("/S00");
			struct blob content;
			bool known = false;

			for (size_t k = 0; k < seen.count && !known; k++)
				known = string_equal(seen.items[k], name);
			*array_push(firewall->facts->arena, &seen) = name;
			if (known || read_text(firewall, links.items[j], &content, NULL) < 0 ||
			    !script_mentions_firewall(&content) ||
			    unit_load(firewall->facts->units, arena_printf(firewall->facts->arena, "%s.service", name))
				    ->state != UNIT_NOT_FOUND)
				continue;
			raise_unevaluated(firewall, name, links.items[j], 0, NULL);
		}
	}
}

/* Filters that systemd itself puts around a service: systemd.resource-control(5), systemd.exec(5). */
static void check_unit_filters(const struct firewall *firewall, const struct unit *unit)
{
	static const char *const keys[] = {"IPAddressDeny",  "IPIngressFilterPath", "IPEgressFilterPath",
					   "BPFProgram",     "SocketBindDeny",	    "RestrictNetworkInterfaces",
					   "PrivateNetwork", "NetworkNamespacePath"};

	for (size_t i = 0; unit && i < unit->settings.count; i++) {
		const struct unit_setting *setting = &unit->settings.items[i];

		if (!*setting->value || string_equal_nocase(setting->value, "no") ||
		    string_equal_nocase(setting->value, "false"))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
			if (string_equal(setting->key, keys[j]))
				raise_unevaluated(
				    firewall,
				    arena_printf(firewall->facts->arena, "%s of %s", setting->key, unit->name),
				    setting->path, setting->line, setting->value);
		}
	}
}

void stage_firewall(const struct facts *facts, struct findings *findings)
{
	struct firewall firewall = {.facts = facts, .findings = findings};

	if (facts->init != INIT_SYSTEMD) {
		findings->skipped[STAGE_FIREWALL] = true;
		return;
	}
	check_known_units(&firewall);
	check_ufw(&firewall);
	check_nftables(&firewall);
	check_iptables(&firewall);
	check_netfilter_persistent(&firewall);
	check_enabled_units(&firewall);
	check_scripts(&firewall);
	check_interfaces(&firewall);
	check_crontabs(&firewall);
	check_init_scripts(&firewall);
	check_unit_filters(&firewall, facts->service.service);
	check_unit_filters(&firewall, facts->service.socket);
	check_unit_filters(&firewall, unit_load(facts->units, "system.slice"));
}
