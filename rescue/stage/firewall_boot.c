/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which programs of the boot load packet filter rules, and from which files. Nothing here may take a firewall for none:
 * whatever mentions a firewall and is not understood is raised as not judged.
 */
#include "stage/firewall_boot.h"

#include <errno.h>

#include "base/text.h"
#include "parse/unit_command.h"
#include "stage/condition.h"
#include "stage/firewall_mention.h"

enum {
	SCRIPT_LIMIT = 1024 * 1024,
	UNIT_LIMIT = 1000, /* enabled units that are looked at */
};

static bool starts(const struct search *search, const char *name)
{
	const struct unit_setting *setting;

	return unit_boot_starts(search->facts->units, name, NULL) &&
	       conditions_judge(search->facts, unit_load(search->facts->units, name), &setting, NULL) !=
		   CONDITION_FAILED;
}

void firewall_raise_unevaluated(struct findings *findings, const char *what, const char *path, unsigned line,
				const char *evidence)
{
	struct problem *problem = problem_raise(findings, PROBLEM_FIREWALL_UNEVALUATED, path, line, "%s", what);

	if (evidence)
		problem_evidence(findings, problem, "%s", evidence);
	problem_remedy(findings, problem, "%s",
		       "read the rules: a new TCP connection to the SSH port must be accepted, and the answer let out");
}

int search_read(const struct search *search, const char *path, struct blob *ret, struct node_stat *stat)
{
	int r = target_read(search->facts->target, path, SCRIPT_LIMIT, search->facts->arena, ret, stat);

	if (r == -EFBIG || r == -EIO)
		firewall_raise_unevaluated(search->findings, path, path, 0, strerror(-r));
	return r;
}

struct firewall_loader *search_add_loader(const struct search *search, const char *name, enum firewall_moment moment)
{
	struct firewall_loader *loader = array_push(search->facts->arena, search->loaders);

	*loader = (struct firewall_loader){.name = name, .moment = moment};
	if (moment == MOMENT_UNIT)
		loader->unit = unit_load(search->facts->units, name);
	return loader;
}

static struct firewall_step *add_step(const struct search *search, struct firewall_loader *loader,
				      enum firewall_format format, const char *path)
{
	struct firewall_step *step = array_push(search->facts->arena, &loader->steps);

	*step = (struct firewall_step){.format = format, .path = path};
	return step;
}

/* The program that the unit runs, or NULL where it does not say. */
static const char *unit_program(const struct search *search, const char *name)
{
	const struct unit *unit = unit_load(search->facts->units, name);
	const struct unit_setting *setting = unit_next(unit, "Service", "ExecStart", NULL);
	unit_commands commands = {0};
	const char *reason;

	if (!setting || unit_command_parse(search->facts->arena, name, setting->value, &commands, &reason) < 0 ||
	    !commands.count)
		return NULL;
	return commands.items[0].path;
}

static void need_program(struct firewall_step *step, const char *program)
{
	for (size_t i = 0; program && i < ARRAY_SIZE(step->programs); i++) {
		if (!step->programs[i]) {
			step->programs[i] = program;
			return;
		}
	}
}

/* A step that needs the unit's own program and another, if that is not NULL. */
static struct firewall_step *add_unit_step(const struct search *search, struct firewall_loader *loader,
					   enum firewall_format format, const char *path, const char *program)
{
	struct firewall_step *step = add_step(search, loader, format, path);

	need_program(step, unit_program(search, loader->name));
	need_program(step, program);
	return step;
}

/* --- units of packages ----------------------------------------------------- */

/* ufw-init(8), iptables.init of RHEL: what their scripts read is known. */
static void load_ufw(const struct search *search, const char *name)
{
	add_unit_step(search, search_add_loader(search, name, MOMENT_UNIT), FIREWALL_UFW, "/etc/ufw/ufw.conf",
		      "iptables-restore");
}

static void load_firewalld(const struct search *search, const char *name)
{
	add_unit_step(search, search_add_loader(search, name, MOMENT_UNIT), FIREWALL_FIREWALLD,
		      "/etc/firewalld/firewalld.conf", NULL);
}

/* Of two directories, the one that has the plug-in. */
static const char *plugin_path(const struct search *search, const char *const *directories, const char *name)
{
	const char *other = arena_printf(search->facts->arena, "%s/%s", directories[1], name);

	return target_exists(search->facts->target, other)
		   ? other
		   : arena_printf(search->facts->arena, "%s/%s", directories[0], name);
}

/* netfilter-persistent(8) runs plug-ins in the order of their names; those of iptables-persistent and ipset-persistent
 * read one file each. */
static void load_netfilter_persistent(const struct search *search, const char *name)
{
	static const struct {
		const char *name, *path, *program;
		enum firewall_format format;
		bool ipv6;
	} plugins[] = {
	    {"10-ipset", "/etc/iptables/ipsets", "ipset", FIREWALL_IPSET, false},
	    {"15-ip4tables", "/etc/iptables/rules.v4", "iptables-restore", FIREWALL_IPTABLES, false},
	    {"25-ip6tables", "/etc/iptables/rules.v6", "ip6tables-restore", FIREWALL_IPTABLES, true},
	};
	static const char *const directories[] = {"/usr/share/netfilter-persistent/plugins.d",
						  "/etc/netfilter-persistent/plugins.d"};
	struct firewall_loader *loader = search_add_loader(search, name, MOMENT_UNIT);

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		dir_list entries = {0};

		target_list(search->facts->target, directories[i], search->facts->arena, &entries);
		for (size_t j = 0; j < entries.count; j++) {
			bool plain = false;

			for (size_t k = 0; k < ARRAY_SIZE(plugins); k++)
				plain = plain || string_equal(entries.items[j].name, plugins[k].name);
			if (plain)
				continue;
			firewall_raise_unevaluated(
			    search->findings, name,
			    arena_printf(search->facts->arena, "%s/%s", directories[i], entries.items[j].name), 0,
			    "a plug-in that sshrescue does not know");
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(plugins); i++) {
		struct firewall_step *step;

		/* Without its rules a plug-in does nothing, and it comes with a package of its own. */
		if (!target_exists(search->facts->target, plugins[i].path))
			continue;
		step = add_unit_step(search, loader, plugins[i].format, plugins[i].path, plugins[i].program);
		step->ipv6 = plugins[i].ipv6;
		need_program(step, plugin_path(search, directories, plugins[i].name));
	}
}

/* The scripts of RHEL's iptables-services; elsewhere the unit runs iptables-restore itself. */
static bool runs_init_script(const struct search *search, const char *name)
{
	const struct unit_setting *command =
	    unit_next(unit_load(search->facts->units, name), "Service", "ExecStart", NULL);

	return !command || strstr(command->value, "iptables.init") || strstr(command->value, "ip6tables.init");
}

static void load_unit_commands(const struct search *search, const char *name);

static void load_iptables_service(const struct search *search, const char *name)
{
	bool ipv6 = string_after(name, "ip6") != NULL;

	if (!runs_init_script(search, name)) {
		load_unit_commands(search, name);
		return;
	}
	add_unit_step(search, search_add_loader(search, name, MOMENT_UNIT), FIREWALL_IPTABLES,
		      ipv6 ? "/etc/sysconfig/ip6tables" : "/etc/sysconfig/iptables",
		      ipv6 ? "ip6tables-restore" : "iptables-restore")
	    ->ipv6 = ipv6;
}

/* RHEL's ipset.service runs a script of its own. */
static void load_ipset_service(const struct search *search, const char *name)
{
	struct firewall_loader *loader = search_add_loader(search, name, MOMENT_UNIT);
	string_list files = {0};

	target_glob(search->facts->target, "/etc/sysconfig/ipset.d/*.set", search->facts->arena, &files);
	*array_push(search->facts->arena, &files) = arena_strdup(search->facts->arena, "/etc/sysconfig/ipset");
	for (size_t i = 0; i < files.count; i++)
		add_unit_step(search, loader, FIREWALL_IPSET, files.items[i], "ipset");
}

static void load_unknown(const struct search *search, const char *name);

/* Firewalls by the unit that loads them, and where the rules of those are that are not read. */
static const struct firewall_unit {
	const char *unit;
	void (*load)(const struct search *search, const char *name);
	const char *rules[2]; /* the first that is there is named */
} firewall_units[] = {
    {"nftables.service", load_unit_commands, {0}},
    {"ufw.service", load_ufw, {0}},
    {"firewalld.service", load_firewalld, {0}},
    {"netfilter-persistent.service", load_netfilter_persistent, {0}},
    {"iptables.service", load_iptables_service, {0}},
    {"ip6tables.service", load_iptables_service, {0}},
    {"ipset.service", load_ipset_service, {0}},
    {"ferm.service", load_unknown, {"/etc/ferm/ferm.conf", "/etc/ferm.conf"}},
    {"shorewall.service", load_unknown, {"/etc/shorewall/rules", "/etc/shorewall/shorewall.conf"}},
    {"shorewall6.service", load_unknown, {"/etc/shorewall6/rules", "/etc/shorewall6/shorewall6.conf"}},
    {"shorewall-lite.service", load_unknown, {"/etc/shorewall-lite/shorewall-lite.conf"}},
    {"shorewall6-lite.service", load_unknown, {"/etc/shorewall6-lite/shorewall6-lite.conf"}},
    {"csf.service", load_unknown, {"/etc/csf/csf.conf"}},
    {"lfd.service", load_unknown, {"/etc/csf/csf.conf"}},
    {"apf.service", load_unknown, {"/etc/apf/conf.apf"}},
    {"firehol.service", load_unknown, {"/etc/firehol/firehol.conf"}},
    {"foomuuri.service", load_unknown, {"/etc/foomuuri"}},
    {"vuurmuur.service", load_unknown, {"/etc/vuurmuur/config.conf"}},
    {"arno-iptables-firewall.service", load_unknown, {"/etc/arno-iptables-firewall/firewall.conf"}},
    {"SuSEfirewall2.service", load_unknown, {"/etc/sysconfig/SuSEfirewall2"}},
    {"SuSEfirewall2_init.service", load_unknown, {"/etc/sysconfig/SuSEfirewall2"}},
    {"ebtables.service", load_unknown, {"/etc/ebtables.rules", "/etc/sysconfig/ebtables"}},
    {"iptables-restore.service", load_unknown, {"/var/lib/iptables/rules-save"}},
    {"ip6tables-restore.service", load_unknown, {"/var/lib/ip6tables/rules-save"}},
    {"opensnitch.service", load_unknown, {"/etc/opensnitchd/default-config.json"}},
};

static const struct firewall_unit *known_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(firewall_units); i++) {
		if (string_equal(firewall_units[i].unit, name))
			return &firewall_units[i];
	}
	return NULL;
}

static void load_unknown(const struct search *search, const char *name)
{
	const struct firewall_unit *known = known_unit(name);
	const char *path = known->rules[0];

	if (known->rules[1] && !target_exists(search->facts->target, path) &&
	    target_exists(search->facts->target, known->rules[1]))
		path = known->rules[1];
	firewall_raise_unevaluated(search->findings, name, path, 0, NULL);
}

static void find_known_units(const struct search *search)
{
	for (size_t i = 0; i < ARRAY_SIZE(firewall_units); i++) {
		if (starts(search, firewall_units[i].unit))
			firewall_units[i].load(search, firewall_units[i].unit);
	}
}

/* --- units of the administrator -------------------------------------------- */

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

int search_command(const struct search *search, const string_list *words, const char *path, unsigned line,
		   firewall_steps *ret)
{
	int r = firewall_command(search->facts->arena, &(struct simple_command){.words = *words}, path, line, ret);

	for (size_t i = 0; r == 0 && i < words->count; i++) {
		struct blob script;

		/* What is too large here is no script, but a program. */
		if (is_local_program(words->items[i]) &&
		    target_read(search->facts->target, words->items[i], SCRIPT_LIMIT, search->facts->arena, &script,
				NULL) == 0 &&
		    script_mentions_firewall(&script))
			r = i == 0 && words->count == 1
				? firewall_script(search->facts->arena, &script, words->items[i], ret)
				: -EINVAL;
	}
	return r;
}

/* One Exec…= setting. Where a command fails, the unit's later ones are not run. */
static int setting_loads(const struct search *search, const struct unit *unit, const unit_environment *environment,
			 const struct unit_setting *setting, firewall_steps *ret)
{
	unit_commands commands = {0};
	const char *reason;
	bool loads = false;

	if (unit_command_parse(search->facts->arena, unit->name, setting->value, &commands, &reason) < 0)
		return mentions_firewall(setting->value, strlen(setting->value)) ? -EINVAL : 0;
	for (size_t i = 0; i < commands.count; i++) {
		const struct unit_command *command = &commands.items[i];
		size_t before = ret->count;
		string_list words = {0};
		int r;

		unit_command_expand(search->facts->arena, command, environment, &words, NULL);
		if (words.count)
			words.items[0] = (char *)command->path;
		r = search_command(search, &words, setting->path, setting->line, ret);
		if (r < 0)
			return r;
		loads = loads || r > 0;
		for (; before < ret->count; before++) {
			struct firewall_step *step = &ret->items[before];

			/* A script's own commands are its own affair. */
			step->stops = step->stops || (!command->ignore_failure && step->path == setting->path);
			if (string_equal(step->path, command->path))
				need_program(step, command->path);
		}
	}
	return loads;
}

/* The unit's commands of its start, those in front of it and behind it. */
static void load_unit_commands(const struct search *search, const char *name)
{
	static const char *const keys[] = {"ExecStartPre", "ExecStart", "ExecStartPost"};
	const struct unit *unit = unit_load(search->facts->units, name);
	const struct unit_setting *failed;
	unit_environment environment = {0};
	firewall_steps steps = {0};

	unit_environment_load(search->facts->units, search->facts->arena, unit, &environment, &failed);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct unit_setting *setting = NULL;

		while ((setting = unit_next(unit, "Service", keys[i], setting))) {
			if (setting_loads(search, unit, &environment, setting, &steps) >= 0)
				continue;
			firewall_raise_unevaluated(search->findings, name, setting->path, setting->line,
						   setting->value);
			return;
		}
	}
	if (steps.count)
		search_add_loader(search, name, MOMENT_UNIT)->steps = steps;
}

/* What an administrator enabled: units may carry any name, their commands tell. */
static void find_enabled_units(const struct search *search)
{
	static const char *const patterns[] = {"/etc/systemd/system/*.wants/*.service",
					       "/etc/systemd/system/*.requires/*.service"};
	string_list seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list links = {0};

		target_glob(search->facts->target, patterns[i], search->facts->arena, &links);
		for (size_t j = 0; j < links.count && seen.count < UNIT_LIMIT; j++) {
			char *name = strrchr(links.items[j], '/') + 1;
			bool known = known_unit(name) != NULL;

			for (size_t k = 0; k < seen.count && !known; k++)
				known = string_equal(seen.items[k], name);
			if (known)
				continue;
			*array_push(search->facts->arena, &seen) = name;
			if (starts(search, name))
				load_unit_commands(search, name);
		}
	}
}

/* --- filters of systemd itself --------------------------------------------- */

/* What systemd puts around a service: systemd.resource-control(5), systemd.exec(5). */
static void find_unit_filters(const struct search *search, const struct unit *unit)
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
				firewall_raise_unevaluated(
				    search->findings,
				    arena_printf(search->facts->arena, "%s of %s", setting->key, unit->name),
				    setting->path, setting->line, setting->value);
		}
	}
}

/* What systemd starts, and what it puts around sshd. */
static void find_systemd(const struct search *search)
{
	const struct facts *facts = search->facts;

	find_known_units(search);
	find_enabled_units(search);
	search_init_scripts(search);
	find_unit_filters(search, facts->service.service);
	find_unit_filters(search, facts->service.socket);
	find_unit_filters(search, unit_load(facts->units, "system.slice"));
}

void firewall_find_loaders(const struct facts *facts, struct findings *findings, firewall_loaders *ret)
{
	struct search search = {facts, findings, ret};

	*ret = (firewall_loaders){0};
	if (facts->init == INIT_OPENRC)
		firewall_find_openrc(facts, findings, ret);
	else
		find_systemd(&search);
	search_scripts(&search);
	firewall_check_programs(facts, findings, ret);
}
