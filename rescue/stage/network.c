/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network: does something configure an interface at boot? Looks for a manager that the boot starts and that has
 * something to configure. Where none is recognised the answer is "unknown", never "no": the kernel (ip=) or a program
 * that is not known here may do it.
 */
#include "stage/stage.h"

#include "base/ctype.h"
#include "base/text.h"
#include "parse/interfaces.h"
#include "parse/key_file.h"

enum {
	NETWORK_FILE_LIMIT = 1024 * 1024,
};

struct manager;

struct network {
	const struct facts *facts;
	const struct manager *idle; /* one that starts, but without anything to configure */
};

static bool starts(const struct network *network, const char *unit)
{
	return unit_boot_starts(network->facts->units, unit, NULL);
}

static bool read_text(const struct network *network, const char *path, struct blob *ret)
{
	return target_read(network->facts->target, path, NETWORK_FILE_LIMIT, network->facts->arena, ret, NULL) == 0;
}

static void list_files(const struct network *network, const char *pattern, string_list *ret)
{
	memset(ret, 0, sizeof(*ret));
	target_glob(network->facts->target, pattern, network->facts->arena, ret);
}

/* Interfaces that systemd and containers make for themselves: no client comes in there. */
static bool only_internal_names(const char *names)
{
	static const char *const prefixes[] = {"lo", "host0", "ve-", "vz-", "vb-", "vt-", "6rd-", "docker", "veth"};

	while (*names) {
		size_t length = strcspn(names, " \t");
		bool internal = false;

		for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
			internal = internal || string_after(names, prefixes[i]);
		if (!internal)
			return false;
		names += length;
		names += strspn(names, " \t");
	}
	return true;
}

/* What one line of a .network file says: 1 it gives the interface an address, -1 the file is for no interface of the
 * machine itself, 0 neither. */
static int judge_network_line(const char *section, const char *key, const char *value)
{
	if (string_equal(section, "Match")) {
		if (string_equal(key, "Name") && *value && only_internal_names(value))
			return -1;
		if ((string_equal(key, "Virtualization") || string_equal(key, "Kind")) && *value && *value != '!')
			return -1;
		return string_equal(key, "WLANInterfaceType") && string_equal(value, "ad-hoc") ? -1 : 0;
	}
	if (string_equal(section, "Link"))
		return string_equal(key, "Unmanaged") && char_to_lower(*value) == 'y' ? -1 : 0;
	if (string_equal(key, "DHCP") && string_equal(section, "Network"))
		return string_equal(value, "yes") || string_equal(value, "true") || string_equal(value, "ipv4") ||
		       string_equal(value, "ipv6") || string_equal(value, "both") || string_equal(value, "on") ||
		       string_equal(value, "1") || string_equal(value, "v4") || string_equal(value, "v6");
	if (string_equal(key, "Address"))
		return (string_equal(section, "Network") || string_equal(section, "Address")) && char_is_alnum(*value);
	return 0;
}

static bool network_file_configures(const struct network *network, const char *path)
{
	struct key_file file;
	struct blob content;
	bool address = false;

	if (!read_text(network, path, &content))
		return false;
	file = key_file_of(network->facts->arena, &content);
	while (key_file_next(&file)) {
		int judged = judge_network_line(file.section, file.key, file.value);

		if (judged < 0)
			return false;
		address = address || judged > 0;
	}
	return address;
}

/* systemd.network(5): a file of the same name in /etc comes before the vendor's, also when it is a link to /dev/null.
 */
static bool networkd_configures(const struct network *network)
{
	static const char *const directories[] = {"/etc/systemd/network", "/usr/local/lib/systemd/network",
						  "/usr/lib/systemd/network", "/lib/systemd/network"};
	struct target *target = network->facts->target;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		string_list files;

		list_files(network, arena_printf(network->facts->arena, "%s/*.network", directories[i]), &files);
		for (size_t j = 0; j < files.count; j++) {
			const char *name = strrchr(files.items[j], '/') + 1;
			bool hidden = false;

			for (size_t k = 0; k < i && !hidden; k++) {
				struct node_stat stat;

				hidden = target_lstat(
					     target, arena_printf(network->facts->arena, "%s/%s", directories[k], name),
					     &stat) == 0;
			}
			if (!hidden && network_file_configures(network, files.items[j]))
				return true;
		}
	}
	return false;
}

/* Whether a NetworkManager configuration file forbids the connection that it makes by itself for every new interface.
 */
static bool forbids_default_connection(const struct network *network, const char *pattern)
{
	string_list files;

	list_files(network, pattern, &files);
	for (size_t i = 0; i < files.count; i++) {
		struct key_file file;
		struct blob content;

		if (!read_text(network, files.items[i], &content))
			continue;
		file = key_file_of(network->facts->arena, &content);
		while (key_file_next(&file)) {
			if (string_equal(file.key, "no-auto-default") && *file.value)
				return true;
		}
	}
	return false;
}

/* ifcfg-lo is no interface that clients reach. */
static bool has_ifcfg(const struct network *network, const char *directory)
{
	string_list files;

	list_files(network, arena_printf(network->facts->arena, "%s/ifcfg-*", directory), &files);
	for (size_t i = 0; i < files.count; i++) {
		const char *name = strrchr(files.items[i], '/') + 1;

		if (!string_equal(name, "ifcfg-lo") && !strchr(name + strlen("ifcfg-"), '.'))
			return true;
	}
	return false;
}

static bool network_manager_configures(const struct network *network)
{
	string_list profiles;

	list_files(network, "/etc/NetworkManager/system-connections/*", &profiles);
	if (profiles.count || has_ifcfg(network, "/etc/sysconfig/network-scripts"))
		return true;
	list_files(network, "/usr/lib/NetworkManager/system-connections/*", &profiles);
	if (profiles.count)
		return true;
	return !forbids_default_connection(network, "/etc/NetworkManager/NetworkManager.conf") &&
	       !forbids_default_connection(network, "/etc/NetworkManager/conf.d/*.conf") &&
	       !forbids_default_connection(network, "/usr/lib/NetworkManager/conf.d/*.conf");
}

static bool ifupdown_configures(const struct network *network)
{
	struct interfaces interfaces;

	return interfaces_load(network->facts->target, network->facts->arena, &interfaces) == 0 &&
	       interfaces_configure_any(&interfaces);
}

static bool generator_exists(const struct network *network, const char *name)
{
	static const char *const directories[] = {
	    "/etc/systemd/system-generators", "/usr/local/lib/systemd/system-generators",
	    "/usr/lib/systemd/system-generators", "/lib/systemd/system-generators"};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (target_exists(network->facts->target,
				  arena_printf(network->facts->arena, "%s/%s", directories[i], name)))
			return true;
	}
	return false;
}

/* Whether a line of YAML gives an address: "dhcp4: true", "addresses: …". Comments and "false" do not count. */
static bool netplan_line_sets_address(const struct network *network, const char *line, size_t length)
{
	static const char *const keys[] = {"dhcp4:", "dhcp6:", "addresses:"};
	char *text = arena_memdup(network->facts->arena, line, length);

	text[strcspn(text, "#")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = strstr(text, keys[i]);

		if (!value)
			continue;
		value += strlen(keys[i]);
		value += strspn(value, " \t\"'");
		if (i == 2 || char_to_lower(*value) == 't' || char_to_lower(*value) == 'y' || string_after(value, "on"))
			return true;
	}
	return false;
}

/* netplan's generator writes the configuration of networkd, and makes the boot start it, at every boot; or that of
 * NetworkManager. */
static bool netplan_configures(const struct network *network)
{
	bool address = false, network_manager = false;

	if (!generator_exists(network, "netplan"))
		return false;
	for (unsigned vendor = 0; vendor < 2; vendor++) {
		string_list files;

		list_files(network, vendor ? "/usr/lib/netplan/*.yaml" : "/etc/netplan/*.yaml", &files);
		for (size_t i = 0; i < files.count; i++) {
			struct blob content;
			const char *line;
			size_t offset = 0, length;

			if (!read_text(network, files.items[i], &content))
				continue;
			network_manager = network_manager || strstr(content.data, "NetworkManager");
			while (!address && next_line(&content, &offset, &line, &length))
				address = netplan_line_sets_address(network, line, length);
		}
	}
	if (network_manager)
		return starts(network, "NetworkManager.service");
	return address && unit_load(network->facts->units, "systemd-networkd.service")->state == UNIT_LOADED;
}

/* cloud-init writes a network configuration for one of the managers at boot, unless it was told not to. Its own
 * generator pulls its target into the boot. */
static bool cloud_init_configures(const struct network *network)
{
	struct target *target = network->facts->target;
	bool wanted = target_exists(target, "/etc/systemd/system/cloud-init.target.wants/cloud-init-local.service") &&
		      generator_exists(network, "cloud-init-generator");
	string_list files;

	if (!wanted && !starts(network, "cloud-init-local.service"))
		return false;
	if (target_exists(target, "/etc/cloud/cloud-init.disabled") ||
	    unit_load(network->facts->units, "cloud-init-local.service")->state != UNIT_LOADED)
		return false;
	list_files(network, "/etc/cloud/cloud.cfg.d/*.cfg", &files);
	*array_push(network->facts->arena, &files) = arena_strdup(network->facts->arena, "/etc/cloud/cloud.cfg");
	for (size_t i = 0; i < files.count; i++) {
		struct blob content;
		const char *place;

		if (!read_text(network, files.items[i], &content))
			continue;
		place = strstr(content.data, "network:");
		if (place && strstr(place, "disabled"))
			return false;
	}
	return starts(network, "networking.service") || starts(network, "NetworkManager.service") ||
	       starts(network, "systemd-networkd.service") || generator_exists(network, "netplan");
}

/* The network script of RHEL up to 7 is a System V service: a link in the directory of the run level. */
static bool network_script_starts(const struct network *network)
{
	string_list links;

	list_files(network, "/etc/rc.d/rc3.d/S*network", &links);
	return links.count || starts(network, "network.service");
}

static bool wicked_configures(const struct network *network)
{
	return has_ifcfg(network, "/etc/sysconfig/network");
}

/* Managers in the order of how common they are; configures NULL: it takes every interface by itself. */
static const struct manager {
	const char *unit;
	bool (*configures)(const struct network *network);
	const char *idle; /* why it has nothing to do */
} managers[] = {
    {"networking.service", ifupdown_configures,
     "/etc/network/interfaces brings up no interface but the loopback by itself"},
    {"systemd-networkd.service", networkd_configures, "no .network file gives an interface an address"},
    {"NetworkManager.service", network_manager_configures, "it has no connection and may not make one by itself"},
    {"wicked.service", wicked_configures, "/etc/sysconfig/network has no ifcfg file"},
    {"dhcpcd.service", NULL, NULL},
    {"connman.service", NULL, NULL},
};

/* A manager that starts and has something to configure settles the question; one that has not is remembered. */
static bool something_configures(struct network *network)
{
	for (size_t i = 0; i < ARRAY_SIZE(managers); i++) {
		if (!starts(network, managers[i].unit))
			continue;
		if (!managers[i].configures || managers[i].configures(network))
			return true;
		if (!network->idle)
			network->idle = &managers[i];
	}
	return (network_script_starts(network) && has_ifcfg(network, "/etc/sysconfig/network-scripts")) ||
	       netplan_configures(network) || cloud_init_configures(network);
}

void stage_network(const struct facts *facts, struct findings *findings)
{
	struct network network = {.facts = facts};
	struct problem *problem;

	if (facts->init != INIT_SYSTEMD) {
		findings->skipped[STAGE_NETWORK] = true;
		return;
	}
	if (something_configures(&network))
		return;
	problem = problem_raise(findings, PROBLEM_NETWORK_NONE, NULL, 0, "%s", "");
	if (network.idle)
		problem_evidence(findings, problem, "%s starts, but %s", network.idle->unit, network.idle->idle);
	else
		problem_evidence(findings, problem, "%s", "no known network manager is enabled");
	problem_remedy(findings, problem, "%s",
		       "enable a manager that has an interface to configure, e.g. systemd-networkd with a .network "
		       "file that says DHCP=yes");
}
