/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/config_option.h"

#include "base/ctype.h"
#include "base/text.h"

/* Defaults: sshd_config(5), fill_default_server_options() of servconf.c. An option without a row restricts. */
static const struct option_meaning meanings[KEYWORD_ID_COUNT] = {
    /* deprecated and ignored words set nothing */
    [KEYWORD_NONE] = {.may_go = true},

    [KEYWORD_ACCEPT_ENV] = {.may_go = true},
    [KEYWORD_ADDRESS_FAMILY] = {.may_go = true},
    [KEYWORD_BANNER] = {.may_go = true},
    [KEYWORD_CHANNEL_TIMEOUT] = {.may_go = true},
    [KEYWORD_CLIENT_ALIVE_COUNT_MAX] = {.may_go = true},
    [KEYWORD_CLIENT_ALIVE_INTERVAL] = {.may_go = true},
    [KEYWORD_COMPRESSION] = {.may_go = true},
    [KEYWORD_DEBIAN_BANNER] = {.may_go = true},
    [KEYWORD_EXPOSE_AUTHENTICATION_METHODS] = {.may_go = true},
    [KEYWORD_EXPOSE_AUTH_INFO] = {.may_go = true},
    [KEYWORD_FINGERPRINT_HASH] = {.may_go = true},
    [KEYWORD_GSSAPI_CLEANUP_CREDENTIALS] = {.may_go = true},
    [KEYWORD_GSSAPI_DELEGATE_CREDENTIALS] = {.may_go = true},
    [KEYWORD_GSSAPI_STORE_CREDENTIALS_ON_REKEY] = {.may_go = true},
    [KEYWORD_HOST_CERTIFICATE] = {.may_go = true},
    [KEYWORD_HOST_KEY] = {.may_go = true},
    [KEYWORD_HOST_KEY_AGENT] = {.may_go = true},
    [KEYWORD_IPQOS] = {.may_go = true},
    [KEYWORD_KERBEROS_GET_AFS_TOKEN] = {.may_go = true},
    [KEYWORD_KERBEROS_TICKET_CLEANUP] = {.may_go = true},
    [KEYWORD_KERBEROS_UNIQUE_CCACHE] = {.may_go = true},
    [KEYWORD_LOGIN_GRACE_TIME] = {.may_go = true},
    [KEYWORD_LOG_LEVEL] = {.may_go = true},
    [KEYWORD_LOG_VERBOSE] = {.may_go = true},
    [KEYWORD_MAX_STARTUPS] = {.may_go = true},
    [KEYWORD_MODULI_FILE] = {.may_go = true},
    [KEYWORD_PER_SOURCE_MAX_STARTUPS] = {.may_go = true},
    [KEYWORD_PER_SOURCE_NET_BLOCK_SIZE] = {.may_go = true},
    [KEYWORD_PER_SOURCE_PENALTIES] = {.may_go = true},
    [KEYWORD_PER_SOURCE_PENALTY_EXEMPT_LIST] = {.may_go = true},
    [KEYWORD_PID_FILE] = {.may_go = true},
    [KEYWORD_PRINT_LAST_LOG] = {.may_go = true},
    [KEYWORD_PRINT_MOTD] = {.may_go = true},
    [KEYWORD_RDOMAIN] = {.may_go = true},
    [KEYWORD_REKEY_LIMIT] = {.may_go = true},
    [KEYWORD_SECURITY_KEY_PROVIDER] = {.may_go = true},
    [KEYWORD_SET_ENV] = {.may_go = true},
    [KEYWORD_SHOW_PATCH_LEVEL] = {.may_go = true},
    [KEYWORD_SSHD_AUTH_PATH] = {.may_go = true},
    [KEYWORD_SSHD_SESSION_PATH] = {.may_go = true},
    [KEYWORD_STREAM_LOCAL_BIND_UNLINK] = {.may_go = true},
    [KEYWORD_SYSLOG_FACILITY] = {.may_go = true},
    [KEYWORD_TCP_KEEP_ALIVE] = {.may_go = true},
    [KEYWORD_UNUSED_CONNECTION_TIMEOUT] = {.may_go = true},
    [KEYWORD_USE_DNS] = {.may_go = true},
    [KEYWORD_USE_PRIVILEGE_SEPARATION] = {.may_go = true},
    [KEYWORD_VERSION_ADDENDUM] = {.may_go = true},
    [KEYWORD_X11_DISPLAY_OFFSET] = {.may_go = true},
    [KEYWORD_X11_MAX_DISPLAYS] = {.may_go = true},
    [KEYWORD_XAUTH_LOCATION] = {.may_go = true},
    /* These expose more without a line, but the same accounts get in by the same means: the operator is asked. */
    [KEYWORD_LISTEN_ADDRESS] = {.may_go = true},
    [KEYWORD_PORT] = {.may_go = true},
    /* These only give a way in: without a line there is one less. */
    [KEYWORD_AUTHORIZED_KEYS_COMMAND] = {.may_go = true},
    [KEYWORD_AUTHORIZED_KEYS_COMMAND_USER] = {.may_go = true},
    [KEYWORD_SUBSYSTEM] = {.may_go = true},

    [KEYWORD_ALLOW_AGENT_FORWARDING] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_ALLOW_STREAM_LOCAL_FORWARDING] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_ALLOW_TCP_FORWARDING] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_CHALLENGE_RESPONSE_AUTHENTICATION] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_DISABLE_FORWARDING] = {.strictest = "yes", .preset = "no"},
    [KEYWORD_GATEWAY_PORTS] = {.strictest = "no", .preset = "no"},
    [KEYWORD_GSSAPI_AUTHENTICATION] = {.strictest = "no", .preset = "no"},
    [KEYWORD_GSSAPI_ENABLE_K5USERS] = {.strictest = "no", .preset = "no"},
    [KEYWORD_GSSAPI_KEY_EXCHANGE] = {.strictest = "no", .preset = "no"},
    [KEYWORD_GSSAPI_STRICT_ACCEPTOR_CHECK] = {.strictest = "yes", .preset = "yes", .perilous = true},
    [KEYWORD_HOSTBASED_AUTHENTICATION] = {.strictest = "no", .preset = "no", .perilous = true},
    [KEYWORD_HOSTBASED_USES_NAME_FROM_PACKET_ONLY] = {.strictest = "no", .preset = "no", .perilous = true},
    [KEYWORD_IGNORE_RHOSTS] = {.strictest = "yes", .preset = "yes", .perilous = true},
    [KEYWORD_IGNORE_USER_KNOWN_HOSTS] = {.strictest = "yes", .preset = "no"},
    [KEYWORD_KBD_INTERACTIVE_AUTHENTICATION] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_KERBEROS_AUTHENTICATION] = {.strictest = "no", .preset = "no"},
    [KEYWORD_KERBEROS_OR_LOCAL_PASSWD] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_PASSWORD_AUTHENTICATION] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_PERMIT_EMPTY_PASSWORDS] = {.strictest = "no", .preset = "no", .perilous = true},
    [KEYWORD_PERMIT_ROOT_LOGIN] = {.strictest = "no", .preset = "prohibit-password"},
    [KEYWORD_PERMIT_TTY] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_PERMIT_TUNNEL] = {.strictest = "no", .preset = "no"},
    [KEYWORD_PERMIT_USER_ENVIRONMENT] = {.strictest = "no", .preset = "no", .perilous = true},
    [KEYWORD_PERMIT_USER_RC] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_PUBKEY_AUTHENTICATION] = {.strictest = "no", .preset = "yes"},
    [KEYWORD_REFUSE_CONNECTION] = {.strictest = "yes", .preset = "no"},
    [KEYWORD_STRICT_MODES] = {.strictest = "yes", .preset = "yes", .perilous = true},
    [KEYWORD_X11_FORWARDING] = {.strictest = "no", .preset = "no"},
    [KEYWORD_X11_USE_LOCALHOST] = {.strictest = "yes", .preset = "yes"},

    /* A list keeps weak algorithms out, but none that the preset of these releases would let in (release notes of 8.2
     * and 8.8; 7.4 has no weak cipher or MAC in its preset any more). The lists of keys that users may
     * log in with have no row: they are authentication. */
    [KEYWORD_CIPHERS] = {.sound_preset_since = 704},
    [KEYWORD_MACS] = {.sound_preset_since = 704},
    [KEYWORD_KEX_ALGORITHMS] = {.sound_preset_since = 802},
    [KEYWORD_HOST_KEY_ALGORITHMS] = {.sound_preset_since = 808},
};

const struct option_meaning *option_meaning(enum keyword_id id)
{
	return &meanings[id];
}

static unsigned release(const struct config_stage *stage)
{
	const struct sshd_binary *binary = &stage->facts->binary;

	return binary->major ? binary->major * 100 + binary->minor : SSHD_VERSION_NEWEST;
}

const struct keyword_rule *option_in_use(struct config_stage *stage, const char *keyword)
{
	struct sshd_binary *binary = (struct sshd_binary *)&stage->facts->binary;
	const struct keyword_rule *rule = keyword_rule_find(keyword, release(stage));
	struct sshd_keyword found;
	int known = sshd_binary_keyword(binary, keyword, &found);

	if (known > 0)
		return found.kind == SSHD_KEYWORD_SUPPORTED ? keyword_rule_nearest(keyword, release(stage)) : NULL;
	if (known == 0 || !rule || rule->id == KEYWORD_NONE || (rule->flags & KEYWORD_PATCH))
		return NULL;
	return rule;
}

/* How many typing errors may stand in a word of that length without it becoming another one. */
static unsigned tolerance(size_t length)
{
	return length < 3 ? 0 : length < 8 ? 1 : 2;
}

static const struct keyword_rule *same_option(struct config_stage *stage, const char *keyword)
{
	const struct keyword_rule *other = keyword_rule_nearest(keyword, release(stage));

	for (size_t i = 0; other && other->id != KEYWORD_NONE && i < keyword_rule_count; i++) {
		const struct keyword_rule *rule = &keyword_rules[i];

		if (rule->id == other->id && !string_equal_nocase(rule->name, keyword) &&
		    option_in_use(stage, rule->name))
			return option_in_use(stage, rule->name);
	}
	return NULL;
}

const struct keyword_rule *option_meant(struct config_stage *stage, const char *keyword)
{
	const struct keyword_rule *meant = same_option(stage, keyword);
	size_t length = strlen(keyword);
	unsigned limit = tolerance(length), best = limit + 1;

	/* A word of the client, or of another release: then it is no typing error. */
	if (meant || keyword_rule_nearest(keyword, release(stage)) || option_is_of_client(keyword))
		return meant;
	for (size_t i = 0; i < keyword_rule_count; i++) {
		const struct keyword_rule *rule;
		size_t rule_length = strlen(keyword_rules[i].name);
		unsigned distance;

		if (rule_length > length + limit || length > rule_length + limit)
			continue;
		distance = edit_distance(keyword, keyword_rules[i].name, limit);
		if (distance > limit)
			continue;
		rule = option_in_use(stage, keyword_rules[i].name);
		if (!rule)
			continue;
		if (meant && meant->id != rule->id)
			return NULL;
		if (distance < best) {
			best = distance;
			meant = rule;
		}
	}
	return meant;
}

bool option_is_of_client(const char *keyword)
{
	/* ssh_config(5): those whose name does not read like a restriction of a server. */
	static const char *const options[] = {"AddKeysToAgent",
					      "BatchMode",
					      "BindAddress",
					      "BindInterface",
					      "CheckHostIP",
					      "ClearAllForwardings",
					      "ConnectionAttempts",
					      "ConnectTimeout",
					      "ControlMaster",
					      "ControlPath",
					      "ControlPersist",
					      "DynamicForward",
					      "EnableEscapeCommandline",
					      "EnableSSHKeysign",
					      "EscapeChar",
					      "ExitOnForwardFailure",
					      "ForkAfterAuthentication",
					      "ForwardAgent",
					      "ForwardX11",
					      "ForwardX11Timeout",
					      "ForwardX11Trusted",
					      "GlobalKnownHostsFile",
					      "HashKnownHosts",
					      "HostKeyAlias",
					      "IdentitiesOnly",
					      "IdentityAgent",
					      "IdentityFile",
					      "LocalForward",
					      "NoHostAuthenticationForLocalhost",
					      "NumberOfPasswordPrompts",
					      "ObscureKeystrokeTiming",
					      "PreferredAuthentications",
					      "ProxyCommand",
					      "ProxyJump",
					      "RemoteForward",
					      "RequestTTY",
					      "SendEnv",
					      "ServerAliveCountMax",
					      "ServerAliveInterval",
					      "StrictHostKeyChecking",
					      "UpdateHostKeys",
					      "UserKnownHostsFile",
					      "VerifyHostKeyDNS",
					      "VisualHostKey"};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (string_equal_nocase(keyword, options[i]))
			return true;
	}
	return false;
}

/* Whether text contains the lower-case fragment, in any case. */
static bool contains(const char *text, const char *fragment)
{
	for (; *text; text++) {
		size_t i = 0;

		while (fragment[i] && char_to_lower(text[i]) == fragment[i])
			i++;
		if (!fragment[i])
			return true;
	}
	return false;
}

/* A word of no sshd: whether it reads as if it should keep somebody out, or is no more than a few typing errors away
 * from a keyword that does. */
static bool looks_restricting(const char *keyword)
{
	static const char *const fragments[] = {
	    "access", "allow",	"auth",	   "block",    "chroot", "cipher", "deny",	"disable", "disallow",
	    "expire", "forbid", "force",   "group",    "host",	 "kex",	   "limit",	"login",   "lock",
	    "match",  "max",	"only",	   "passwd",   "passwo", "permit", "principal", "prohib",  "pubkey",
	    "refuse", "reject", "require", "restrict", "revoke", "root",   "strict",	"tunnel",  "user",
	};
	size_t length = strlen(keyword);
	unsigned limit = length > 6 ? (unsigned)(length + 2) / 3 : 2;

	for (size_t i = 0; i < ARRAY_SIZE(fragments); i++) {
		if (contains(keyword, fragments[i]))
			return true;
	}
	for (size_t i = 0; i < keyword_rule_count; i++) {
		size_t rule_length = strlen(keyword_rules[i].name);

		if (meanings[keyword_rules[i].id].may_go || rule_length > length + limit ||
		    length > rule_length + limit)
			continue;
		if (edit_distance(keyword, keyword_rules[i].name, limit) <= limit)
			return true;
	}
	return false;
}

bool option_restricts(const char *keyword)
{
	const struct keyword_rule *rule = keyword_rule_nearest(keyword, SSHD_VERSION_LATER);

	if (rule)
		return !meanings[rule->id].may_go;
	return !option_is_of_client(keyword) && looks_restricting(keyword);
}

bool option_is_like_match(const char *keyword)
{
	return edit_distance(keyword, "Match", 2) <= 2;
}

const char *const *option_words(const struct keyword_rule *rule)
{
	static const char *const no_yes[] = {"no", "yes", NULL};
	static const char *const yes_no[] = {"yes", "no", NULL};
	static const char *const families[] = {"any", "inet", "inet6", NULL};
	static const char *const compression[] = {"yes", "delayed", "no", NULL};
	static const char *const forwarding[] = {"no", "local", "remote", "yes", "=all", NULL};
	static const char *const gateway_ports[] = {"no", "clientspecified", "yes", NULL};
	static const char *const rhosts[] = {"yes", "shosts-only", "no", NULL};
	static const char *const root_login[] = {
	    "no", "forced-commands-only", "prohibit-password", "=without-password", "yes", NULL};
	static const char *const tunnel[] = {"no", "point-to-point", "ethernet", "yes", NULL};
	static const char *const hashes[] = {"md5", "sha256", NULL};
	static const char *const levels[] = {"QUIET",  "FATAL",	 "ERROR",  "INFO", "VERBOSE",
					     "DEBUG1", "DEBUG2", "DEBUG3", NULL};
	static const char *const facilities[] = {"DAEMON", "USER",   "AUTH",   "AUTHPRIV", "LOCAL0", "LOCAL1", "LOCAL2",
						 "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6",   "LOCAL7", NULL};
	const char *strictest = meanings[rule->id].strictest;

	switch (rule->grammar) {
	case GRAMMAR_FLAG:
		return strictest && string_equal(strictest, "yes") ? yes_no : no_yes;
	case GRAMMAR_USER_ENVIRONMENT:
		return no_yes;
	case GRAMMAR_ADDRESS_FAMILY:
		return families;
	case GRAMMAR_COMPRESSION:
		return compression;
	case GRAMMAR_FORWARDING:
		return forwarding;
	case GRAMMAR_GATEWAY_PORTS:
		return gateway_ports;
	case GRAMMAR_IGNORE_RHOSTS:
		return rhosts;
	case GRAMMAR_PERMIT_ROOT_LOGIN:
		return root_login;
	case GRAMMAR_PERMIT_TUNNEL:
		return tunnel;
	case GRAMMAR_FINGERPRINT_HASH:
		return hashes;
	case GRAMMAR_LOG_LEVEL:
		return levels;
	case GRAMMAR_LOG_FACILITY:
		return facilities;
	default:
		return NULL;
	}
}

int option_rank(const struct keyword_rule *rule, const char *value)
{
	const char *const *words = option_words(rule);
	int rank = -1;

	for (; words && *words; words++) {
		bool synonym = **words == '=';

		rank += !synonym;
		if (string_equal_nocase(*words + synonym, value))
			return rank;
	}
	return -1;
}

/* Words for yes and no that sshd does not know. Taken at their word where that cannot let anybody in. */
static const char *synonym_meant(const struct keyword_rule *rule, const char *value)
{
	static const char *const yes[] = {"on", "true", "enable", "enabled"};
	static const char *const no[] = {"off", "false", "disable", "disabled", "never"};
	const struct option_meaning *meaning = option_meaning(rule->id);
	const char *meant = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		meant = string_equal_nocase(value, yes[i]) ? "yes" : meant;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		meant = string_equal_nocase(value, no[i]) ? "no" : meant;
	if (!meant || option_rank(rule, meant) < 0)
		return NULL;
	/* "on" is also "no" with a slip of the finger. */
	if (meaning->strictest ? option_rank(rule, meant) > 0 : !meaning->may_go || string_equal_nocase(value, "on"))
		return NULL;
	return meant;
}

const char *option_word_meant(const struct keyword_rule *rule, const char *value)
{
	const char *const *words = option_words(rule);
	const char *meant = synonym_meant(rule, value);

	/* One typing error away from "no", and means "yes". */
	if (meant || string_equal_nocase(value, "on"))
		return meant;
	for (; words && *words; words++) {
		const char *word = *words + (**words == '=');
		unsigned limit = tolerance(strlen(word) + 1);

		if (edit_distance(value, word, limit) > limit)
			continue;
		/* Short words are close to each other: the first letter must be right. */
		if (strlen(word) < 5 && char_to_lower(*word) != char_to_lower(*value))
			continue;
		if (meant)
			return NULL;
		meant = word;
	}
	return meant;
}
