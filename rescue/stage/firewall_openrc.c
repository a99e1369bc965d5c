/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which services of OpenRC load packet filter rules: those in a runlevel that the boot goes through, with the files
 * that the init scripts of Alpine and Gentoo read (conf.d may name others). */
#include "stage/firewall_load.h"

#include "base/text.h"
#include "parse/key_file.h"

enum {
	CONF_LIMIT = 1024 * 1024,
};

static const struct openrc_service {
	const char *name;
	const char *variable; /* of /etc/conf.d/NAME, that names the rules file */
	const char *paths[2]; /* the first that is there is read */
	enum firewall_format format;
	bool ipv6;
	bool known;
	const char *program; /* that the script loads the rules with */
} services[] = {
    {"nftables", "rules_file", {"/etc/nftables.nft", "/var/lib/nftables/rules-save"}, FIREWALL_NFT, false, true, "nft"},
    {"iptables",
     "IPTABLES_SAVE",
     {"/etc/iptables/rules-save", "/var/lib/iptables/rules-save"},
     FIREWALL_IPTABLES,
     false,
     true,
     "iptables-restore"},
    {"ip6tables",
     "IP6TABLES_SAVE",
     {"/etc/iptables/rules6-save", "/var/lib/ip6tables/rules-save"},
     FIREWALL_IPTABLES,
     true,
     true,
     "ip6tables-restore"},
    {"ipset",
     "IPSET_SAVE",
     {"/etc/ipset/rules-save", "/var/lib/ipset/rules-save"},
     FIREWALL_IPSET,
     false,
     true,
     "ipset"},
    {"ufw", NULL, {"/etc/ufw/ufw.conf"}, FIREWALL_UFW, false, true, "iptables-restore"},
    {"firewalld", NULL, {"/etc/firewalld/firewalld.conf"}, FIREWALL_FIREWALLD, false, true, "firewalld"},
    {"shorewall", NULL, {"/etc/shorewall/rules"}, FIREWALL_IPTABLES, false, false, NULL},
    {"shorewall6", NULL, {"/etc/shorewall6/rules"}, FIREWALL_IPTABLES, false, false, NULL},
    {"ferm", NULL, {"/etc/ferm.conf", "/etc/ferm/ferm.conf"}, FIREWALL_IPTABLES, false, false, NULL},
    {"firehol", NULL, {"/etc/firehol/firehol.conf"}, FIREWALL_IPTABLES, false, false, NULL},
    {"ebtables", NULL, {"/var/lib/ebtables/rules-save"}, FIREWALL_IPTABLES, false, false, NULL},
    {"arptables", NULL, {"/var/lib/arptables/rules-save"}, FIREWALL_IPTABLES, false, false, NULL},
};

static bool in_runlevel(const struct facts *facts, const char *service)
{
	static const char *const levels[] = {"sysinit", "boot", "default"};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		/* The link counts only where its script is there. */
		if (target_exists(facts->target,
				  arena_printf(facts->arena, "/etc/runlevels/%s/%s", levels[i], service)))
			return true;
	}
	return false;
}

/* The rules file: what conf.d says, else the first usual one that is there. NULL: conf.d says something that a shell
 * would have to read. */
static const char *rules_file(const struct facts *facts, const struct openrc_service *service)
{
	const char *path = service->paths[0];
	struct blob content;

	if (service->paths[1] && !target_exists(facts->target, path) && target_exists(facts->target, service->paths[1]))
		path = service->paths[1];
	if (service->variable && target_read(facts->target, arena_printf(facts->arena, "/etc/conf.d/%s", service->name),
					     CONF_LIMIT, facts->arena, &content, NULL) == 0) {
		struct key_file file = key_file_of(facts->arena, &content);

		while (key_file_next(&file)) {
			if (!string_equal(file.key, service->variable) &&
			    !(service->format == FIREWALL_NFT && string_equal(file.key, "NFTABLES_SAVE")))
				continue;
			path = key_file_unquoted(facts->arena, file.value);
			if (*path != '/' || path[strcspn(path, "$`\"'\\ ")])
				return NULL;
		}
	}
	return path;
}

void firewall_find_openrc(const struct facts *facts, struct findings *findings, firewall_loaders *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		const struct openrc_service *service = &services[i];
		const char *path;
		struct firewall_loader *loader;

		if (!in_runlevel(facts, service->name))
			continue;
		path = rules_file(facts, service);
		if (!path || !service->known) {
			firewall_raise_unevaluated(findings, service->name, service->paths[0], 0, NULL);
			continue;
		}
		/* In which order OpenRC starts them is not read: any is possible. */
		loader = array_push(facts->arena, ret);
		*loader = (struct firewall_loader){.name = service->name, .moment = MOMENT_INTERFACE};
		*array_push(facts->arena, &loader->steps) = (struct firewall_step){
		    .format = service->format,
		    .path = path,
		    .ipv6 = service->ipv6,
		    .programs = {arena_printf(facts->arena, "/etc/init.d/%s", service->name), service->program}};
	}
}
