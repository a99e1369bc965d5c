/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/firewalld.h"
#include "question.h"

static const char *const paths[] = {
    "/etc/firewalld/firewalld.conf",	    "/etc/firewalld/zones/public.xml",	  "/etc/firewalld/zones/lan.xml",
    "/etc/firewalld/zones/vpn.xml",	    "/etc/firewalld/zones/drop.xml",	  "/etc/firewalld/services/ssh.xml",
    "/etc/firewalld/policies/p.xml",	    "/etc/firewalld/ipsets/i.xml",	  "/etc/firewalld/direct.xml",
    "/etc/firewalld/icmptypes/icmp.xml",    "/usr/lib/firewalld/zones/drop.xml",  "/usr/lib/firewalld/services/s.xml",
    "/usr/lib/firewalld/zones/trusted.xml", "/usr/lib/firewalld/zones/block.xml", NULL};

static void read_firewalld(const struct fuzz_input *input)
{
	struct ruleset ruleset = {.arena = input->arena};
	struct load_report report = {0};
	const zone_binding_list bindings = {0};

	firewalld_load(input->target, &ruleset, &bindings, &report);
	firewalld_service_is_port(input->target, input->arena, "ssh", 22);
	ask(&ruleset, input->arena);
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_firewalld};
