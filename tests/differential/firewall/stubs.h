/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until the parsers are there. */
#if !__has_include("parse/nft.c")
void nft_load(struct ruleset *ruleset, const struct nft_input *input, struct load_report *report)
{
	(void)ruleset;
	(void)input;
	(void)report;
}
#endif
#if !__has_include("parse/iptables_save.c")
void iptables_save_load(struct ruleset *ruleset, const struct iptables_input *input, struct load_report *report)
{
	(void)ruleset;
	(void)input;
	(void)report;
}

void ipset_save_load(struct ruleset *ruleset, struct blob content, const char *path, struct load_report *report)
{
	(void)ruleset;
	(void)content;
	(void)path;
	(void)report;
}
#endif
#if !__has_include("parse/ufw.c")
void ufw_load(struct target *target, struct ruleset *ruleset, bool legacy, struct load_report *report)
{
	(void)target;
	(void)ruleset;
	(void)legacy;
	(void)report;
}
#endif
#if !__has_include("parse/firewalld.c")
void firewalld_load(struct target *target, struct ruleset *ruleset, const zone_binding_list *bindings,
		    struct load_report *report)
{
	(void)target;
	(void)ruleset;
	(void)bindings;
	(void)report;
}
#endif
