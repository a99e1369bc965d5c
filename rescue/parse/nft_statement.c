/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statements of a rule but for comparisons, changes and translation. */
#include "parse/nft_private.h"

enum {
	PREFIX_LENGTH = 127, /* of a log message */
	PROTOCOL_TCP = 6,
	FAMILY_IPV4 = 2,
	FAMILY_IPV6 = 10,
};

typedef bool (*statement_parser)(struct nft_parser *parser, struct nft_rule *rule);

static bool skip_word(struct nft_parser *parser)
{
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	nft_advance(parser);
	return true;
}

/* --- log ------------------------------------------------------------------- */

static bool log_level(struct nft_parser *parser)
{
	static const char *const levels[] = {"emerg",  "alert", "crit",	 "err",	 "warn",
					     "notice", "info",	"debug", "audit"};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (nft_accept(parser, levels[i]))
			return true;
	}
	return nft_refuse(parser, &parser->token.at, "invalid log level");
}

static bool log_flags(struct nft_parser *parser)
{
	if (nft_accept(parser, "tcp")) {
		do {
			if (!nft_accept(parser, "sequence") && !nft_accept(parser, "options"))
				return nft_syntax_error(parser);
		} while (nft_accept(parser, ","));
		return true;
	}
	if (nft_accept(parser, "ip"))
		return nft_expect(parser, "options");
	return nft_accept(parser, "skuid") || nft_accept(parser, "ether") || nft_expect(parser, "all");
}

static bool log_prefix(struct nft_parser *parser)
{
	struct nft_position at = parser->token.at;
	const char *text;

	if (nft_is(parser, "$")) {
		nft_advance(parser);
		return nft_variable(parser, &(struct nft_node *){NULL});
	}
	if (!nft_string(parser, &text))
		return false;
	return strlen(text) <= PREFIX_LENGTH || nft_refuse(parser, &at, "log prefix is too long");
}

static bool log_statement(struct nft_parser *parser, struct nft_rule *rule)
{
	(void)rule;
	nft_advance(parser);
	for (;;) {
		bool done;

		if (nft_accept(parser, "prefix"))
			done = log_prefix(parser);
		else if (nft_accept(parser, "level"))
			done = log_level(parser);
		else if (nft_accept(parser, "flags"))
			done = log_flags(parser);
		else if (nft_accept(parser, "group") || nft_accept(parser, "snaplen") ||
			 nft_accept(parser, "queue-threshold"))
			done = nft_number(parser, &(uint64_t){0});
		else
			return true;
		if (!done)
			return false;
	}
}

/* --- reject, queue --------------------------------------------------------- */

static bool reject_code(struct nft_parser *parser, unsigned family)
{
	static const char *const ipv4[] = {"net-unreachable",  "host-unreachable", "prot-unreachable",
					   "port-unreachable", "net-prohibited",   "host-prohibited",
					   "admin-prohibited", "frag-needed"};
	static const char *const ipv6[] = {"no-route",	       "admin-prohibited", "addr-unreachable",
					   "port-unreachable", "policy-fail",	   "reject-route"};
	static const char *const both[] = {"port-unreachable", "admin-prohibited", "no-route", "host-unreachable"};
	const char *const *codes = family == FAMILY_IPV4 ? ipv4 : family == FAMILY_IPV6 ? ipv6 : both;
	size_t count = family == FAMILY_IPV4   ? ARRAY_SIZE(ipv4)
		       : family == FAMILY_IPV6 ? ARRAY_SIZE(ipv6)
					       : ARRAY_SIZE(both);
	struct nft_position at = parser->token.at;

	nft_accept(parser, "type");
	if (parser->token.kind == TOKEN_WORD && parser->token.text[0] >= '0' && parser->token.text[0] <= '9')
		return nft_number(parser, &(uint64_t){0});
	if (nft_accept(parser, "$"))
		return nft_variable(parser, &(struct nft_node *){NULL});
	for (size_t i = 0; i < count; i++) {
		if (nft_accept(parser, codes[i]))
			return true;
	}
	if (parser->token.kind != TOKEN_WORD)
		return nft_syntax_error(parser);
	return nft_refuse(parser, &at, "Could not parse icmp code");
}

static bool reject_with(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;

	if (nft_accept(parser, "tcp")) {
		if (!nft_expect(parser, "reset"))
			return false;
		if (rule->protocol && rule->protocol != PROTOCOL_TCP)
			return nft_refuse(parser, &at, "you cannot use tcp reset with this protocol");
		return nft_imply_protocol(parser, rule, PROTOCOL_TCP, &at);
	}
	if (nft_accept(parser, "icmpx"))
		return reject_code(parser, 0);
	if (nft_accept(parser, "icmp"))
		return reject_code(parser, FAMILY_IPV4) && nft_imply_family(parser, rule, FAMILY_IPV4, &at);
	if (nft_accept(parser, "icmpv6"))
		return reject_code(parser, FAMILY_IPV6) && nft_imply_family(parser, rule, FAMILY_IPV6, &at);
	return nft_syntax_error(parser);
}

static bool reject(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;

	nft_advance(parser);
	if (nft_accept(parser, "with") && !reject_with(parser, rule))
		return false;
	nft_limit_hooks(rule,
			1U << HOOK_INGRESS | 1U << HOOK_PREROUTING | 1U << HOOK_INPUT | 1U << HOOK_FORWARD |
			    1U << HOOK_OUTPUT,
			false, &at);
	nft_end_rule(parser, rule, VERDICT_REJECT);
	return true;
}

static bool queue_number(struct nft_parser *parser)
{
	struct nft_node *node;

	return nft_statement_expression(parser, &node);
}

static bool queue(struct nft_parser *parser, struct nft_rule *rule)
{
	nft_advance(parser);
	for (;;) {
		if (nft_accept(parser, "num") || nft_accept(parser, "to")) {
			if (!queue_number(parser))
				return false;
		} else if (!nft_accept(parser, "flags") && !nft_accept(parser, "bypass") &&
			   !nft_accept(parser, "fanout") && !nft_accept(parser, ",")) {
			break;
		}
	}
	add_not_understood(parser->arena, &rule->statements, "queue: a program decides");
	rule->ended = true;
	return true;
}

/* --- copies and other ways out --------------------------------------------- */

static bool notrack(struct nft_parser *parser, struct nft_rule *rule)
{
	struct statement statement = {.kind = STATEMENT_UNTRACKED};

	nft_advance(parser);
	*array_push(parser->arena, &rule->statements) = statement;
	return true;
}

static bool to_device(struct nft_parser *parser)
{
	struct nft_node *node;

	if (!nft_accept(parser, "ip"))
		nft_accept(parser, "ip6");
	if (!nft_expect(parser, "to") || !nft_statement_expression(parser, &node))
		return false;
	return !nft_accept(parser, "device") || nft_statement_expression(parser, &node);
}

static bool duplicate(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;

	nft_advance(parser);
	if (rule->table->family != FILTER_IPV4 && rule->table->family != FILTER_IPV6 &&
	    rule->table->family != FILTER_NETDEV)
		return nft_refuse(parser, &at, "unsupported family");
	return to_device(parser);
}

static bool forward(struct nft_parser *parser, struct nft_rule *rule)
{
	nft_advance(parser);
	if (!to_device(parser))
		return false;
	add_not_understood(parser->arena, &rule->statements, "fwd: the packet goes to another interface");
	return true;
}

/* Flowtables are for what is forwarded. */
static bool flow(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at;
	const struct nft_node *object;
	const char *name;

	nft_advance(parser);
	if (!nft_accept(parser, "add") && !nft_accept(parser, "offload"))
		return nft_syntax_error(parser);
	if (!nft_expect(parser, "@"))
		return false;
	at = parser->token.at;
	return nft_name(parser, &name) && nft_find_object(parser, rule->table, "flowtable", name, &at, &object);
}

static bool tproxy(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	struct nft_node *node;

	nft_advance(parser);
	if (!nft_accept(parser, "ip"))
		nft_accept(parser, "ip6");
	if (!nft_expect(parser, "to") || (!nft_is(parser, ":") && !nft_statement_expression(parser, &node)))
		return false;
	if (nft_accept(parser, ":") && !nft_statement_expression(parser, &node))
		return false;
	if (!rule->protocol)
		return nft_refuse(parser, &at, "Transparent proxy support requires transport protocol match");
	add_not_understood(parser->arena, &rule->statements, "tproxy: another socket gets the packet");
	return true;
}

static bool synproxy(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;
	const struct nft_node *object;
	const char *name;

	nft_advance(parser);
	if (nft_accept(parser, "name")) {
		if (!nft_string(parser, &name) || !nft_find_object(parser, rule->table, "synproxy", name, &at, &object))
			return false;
	}
	for (;;) {
		if (nft_accept(parser, "mss") || nft_accept(parser, "maxseg") || nft_accept(parser, "wscale")) {
			if (!nft_number(parser, &(uint64_t){0}))
				return false;
		} else if (!nft_accept(parser, "timestamp") && !nft_accept(parser, "sack-permitted") &&
			   !nft_accept(parser, "sack-perm")) {
			break;
		}
	}
	nft_limit_hooks(rule, 1U << HOOK_INPUT | 1U << HOOK_FORWARD, false, &at);
	add_not_understood(parser->arena, &rule->statements, "synproxy: the kernel answers in the server's place");
	return true;
}

/* reset tcp option NAME: removes it. */
static bool reset_option(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;

	nft_advance(parser);
	return nft_expect(parser, "tcp") && nft_expect(parser, "option") && skip_word(parser) &&
	       nft_imply_protocol(parser, rule, PROTOCOL_TCP, &at);
}

static bool compatibility(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_position at = parser->token.at;

	(void)rule;
	return nft_refuse(parser, &at, "unsupported xtables compat expression, use iptables-nft with this ruleset");
}

/* --- sets that rules add to ------------------------------------------------ */

/* timeout TIME, expires TIME, comment TEXT, limits and counters behind a key. */
static bool key_options(struct nft_parser *parser, struct nft_rule *rule, bool *ret_timeout)
{
	const char *text;
	bool done = true;

	*ret_timeout = false;
	while (done) {
		if (nft_is(parser, "timeout") || nft_is(parser, "expires")) {
			*ret_timeout = true;
			nft_advance(parser);
			if (!skip_word(parser))
				return false;
		} else if (nft_accept(parser, "comment")) {
			if (!nft_string(parser, &text))
				return false;
		} else if (!nft_stateful_statement(parser, rule, &done)) {
			return false;
		}
	}
	return true;
}

static bool find_changed_set(struct nft_parser *parser, struct nft_rule *rule, const struct nft_node *reference,
			     const struct nft_node *key, bool timeout)
{
	struct statement statement = {.kind = STATEMENT_ADD};
	const struct nft_declaration *declaration;
	struct nft_field *types;
	struct set *set;
	unsigned count;

	if (!nft_find_set(parser, rule->table, reference, &set) ||
	    !nft_key_parts(parser, key, &statement.lookup.parts, &count, &types) ||
	    !nft_check_key(parser, reference, set, types, count))
		return false;
	declaration = set->declaration;
	if (declaration && timeout && !declaration->timeout && !declaration->dynamic)
		return nft_refuse(parser, &reference->at, "Could not process rule: Operation not supported");
	RULESET_CHANGES(parser->ruleset, set->dynamic);
	set->dynamic = true;
	statement.lookup.set = set;
	*array_push(parser->arena, &rule->statements) = statement;
	return true;
}

/* "@set { key … [: value] }" */
static bool change_set(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_node *reference, *key, *value;
	bool timeout;

	nft_advance(parser);
	if (!nft_is(parser, "@"))
		return nft_syntax_error(parser);
	if (!nft_right_side(parser, false, &reference) || !nft_expect(parser, "{") || !nft_left_side(parser, &key) ||
	    !nft_imply(parser, rule, key) || !key_options(parser, rule, &timeout))
		return false;
	if (nft_accept(parser, ":") &&
	    (nft_begins_verdict(parser) ? !nft_verdict(parser, &value) : !nft_statement_expression(parser, &value)))
		return false;
	return nft_expect(parser, "}") && find_changed_set(parser, rule, reference, key, timeout);
}

/* "set add KEY @SET", the older form. */
static bool set_statement(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_node *reference, *key;
	bool timeout;

	nft_advance(parser);
	if (!nft_accept(parser, "add") && !nft_accept(parser, "update") && !nft_accept(parser, "delete"))
		return nft_syntax_error(parser);
	if (!nft_left_side(parser, &key) || !nft_imply(parser, rule, key) || !key_options(parser, rule, &timeout))
		return false;
	if (!nft_is(parser, "@"))
		return nft_syntax_error(parser);
	return nft_right_side(parser, false, &reference) && find_changed_set(parser, rule, reference, key, timeout);
}

/* meter NAME [size N] { KEY … } */
static bool meter(struct nft_parser *parser, struct nft_rule *rule)
{
	struct nft_node *key;
	const char *name;
	bool timeout;

	nft_advance(parser);
	if (!nft_name(parser, &name) || (nft_accept(parser, "size") && !nft_number(parser, &(uint64_t){0})))
		return false;
	return nft_expect(parser, "{") && nft_left_side(parser, &key) && nft_imply(parser, rule, key) &&
	       key_options(parser, rule, &timeout) && nft_expect(parser, "}");
}

/* --- chains without a name ------------------------------------------------- */

static bool nested_rules(struct nft_parser *parser, struct nft_rule *rule, struct chain *chain)
{
	while (!nft_accept(parser, "}")) {
		struct rule *nested;

		if (nft_at_separator(parser)) {
			nft_advance(parser);
			continue;
		}
		if (!nft_rule(parser, rule->table, chain, &nested))
			return false;
		if (!nft_at_separator(parser))
			return nft_syntax_error(parser);
		chain_add_rule(parser->ruleset, chain, chain_rule_count(chain), nested);
	}
	return true;
}

/* "jump { … }"; a jump to a name is none of this function's business. */
static bool nested_chain(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done)
{
	enum verdict_kind kind = nft_is(parser, "jump") ? VERDICT_JUMP : VERDICT_GOTO;
	struct nft_position at = parser->token.at;
	struct nft_parser ahead = *parser;
	struct chain *chain;

	nft_advance(&ahead);
	*ret_done = nft_is(&ahead, "{");
	if (!*ret_done)
		return true;
	nft_advance(parser);
	nft_advance(parser);
	if (++parser->depth > NFT_NESTING)
		return nft_refuse(parser, &at, "too many levels of nesting");
	chain = table_add_chain(parser->ruleset, rule->table,
				arena_printf(parser->arena, "{ %s:%u }", at.file->path ? at.file->path : "", at.line));
	chain->place = nft_place(&at, NULL);
	if (!nested_rules(parser, rule, chain))
		return false;
	parser->depth--;
	parser->check_chains = true;
	add_verdict(parser->arena, &rule->statements, kind, chain);
	return true;
}

bool nft_statement(struct nft_parser *parser, struct nft_rule *rule, bool *ret_done)
{
	static const struct {
		const char *word;
		statement_parser parse;
	} statements[] = {
	    {"log", log_statement}, {"reject", reject},	     {"queue", queue},	     {"notrack", notrack},
	    {"dup", duplicate},	    {"fwd", forward},	     {"flow", flow},	     {"tproxy", tproxy},
	    {"synproxy", synproxy}, {"reset", reset_option}, {"xt", compatibility},  {"add", change_set},
	    {"update", change_set}, {"delete", change_set},  {"set", set_statement}, {"meter", meter},
	};

	*ret_done = true;
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (nft_is(parser, statements[i].word))
			return statements[i].parse(parser, rule);
	}
	if (nft_is(parser, "jump") || nft_is(parser, "goto"))
		return nested_chain(parser, rule, ret_done);
	if (!nft_stateful_statement(parser, rule, ret_done) || *ret_done)
		return !parser->refused;
	return nft_nat_statement(parser, rule, ret_done);
}
