/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sshd checks once all is read: process_queued_listen_addrs() and assemble_algorithms() of servconf.c, main() of
 * sshd.c, auth2.c. */
#include "parse/sshd_config_parser.h"

#include <netinet/in.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"

static const struct sshd_setting *get(const struct config_parser *parser, enum keyword_id id)
{
	return parser->state[id].set ? &parser->config->settings.items[parser->state[id].index] : NULL;
}

static void conflict(struct config_parser *parser, const struct sshd_setting *setting, const char *word,
		     const char *message)
{
	config_raise(parser, SSHD_CONFIG_CONFLICT, setting->path, setting->line, setting->keyword, word, message);
}

/* --- ListenAddress --- */

/* Names that no file and no server can have; other names are left to whoever knows what resolves them at boot. */
static bool is_no_name(const char *host)
{
	for (const char *at = host; *at; at++) {
		if (!char_is_alnum(*at) && !strchr("-._%", *at) && (unsigned char)*at < 0x80)
			return true;
	}
	return !*host;
}

/* Addresses of another family than AddressFamily's. */
static void check_listen_address(struct config_parser *parser, const struct sshd_setting *setting, int family)
{
	struct sshd_listen listen;
	int actual;

	if (!sshd_config_listen(parser->arena, setting, &listen))
		return;
	actual = config_address_family(listen.host);
	if (actual == AF_UNSPEC && !string_equal(listen.host, "*") && is_no_name(listen.host))
		conflict(
		    parser, setting, setting->arguments[0],
		    arena_printf(parser->arena, "bad addr or host: %.200s (Name or service not known)", listen.host));
	else if (actual != AF_UNSPEC && family != AF_UNSPEC && actual != family)
		conflict(parser, setting, setting->arguments[0],
			 arena_printf(parser->arena,
				      "bad addr or host: %.200s (Address family for hostname not supported)",
				      listen.host));
}

static void check_listen_addresses(struct config_parser *parser)
{
	const struct sshd_setting *setting = get(parser, KEYWORD_ADDRESS_FAMILY);
	int family = AF_UNSPEC;

	if (setting && string_equal(setting->value, "inet"))
		family = AF_INET;
	else if (setting && string_equal(setting->value, "inet6"))
		family = AF_INET6;
	for (size_t i = 0; i < parser->config->settings.count; i++) {
		setting = &parser->config->settings.items[i];
		if (string_equal(setting->keyword, "ListenAddress"))
			check_listen_address(parser, setting, family);
	}
}

/* --- algorithms --- */

static void check_algorithms(struct config_parser *parser)
{
	static const struct {
		enum keyword_id id;
		const char *since_85, *before;
	} lists[] = {
	    {KEYWORD_CIPHERS, "ciphers", "ciphers"},
	    {KEYWORD_MACS, "macs", "macs"},
	    {KEYWORD_KEX_ALGORITHMS, "kex_algorithms", "kex_algorithms"},
	    {KEYWORD_HOST_KEY_ALGORITHMS, "hostkeyalgorithms", "hostkeyalgorithms"},
	    {KEYWORD_HOSTBASED_ACCEPTED_ALGORITHMS, "hostbased_accepted_algos", "hostbased_key_types"},
	    {KEYWORD_PUBKEY_ACCEPTED_ALGORITHMS, "pubkey_accepted_algos", "pubkey_key_types"},
	    {KEYWORD_CA_SIGNATURE_ALGORITHMS, "ca_sign_algorithms", "ca_sign_algorithms"},
	};

	if (!config_since(parser, 800))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct sshd_setting *setting = get(parser, lists[i].id);

		if (setting && !config_algorithms_left(parser, lists[i].id, setting->arguments[0]))
			conflict(parser, setting, setting->arguments[0],
				 arena_printf(parser->arena, "assemble_algorithms: %s: invalid argument",
					      config_since(parser, 805) ? lists[i].since_85 : lists[i].before));
	}
}

/* --- commands without a user --- */

static void check_command(struct config_parser *parser, enum keyword_id command_id, enum keyword_id user_id)
{
	const struct sshd_setting *command = get(parser, command_id);

	if (!command || string_equal_nocase(command->value, "none") || get(parser, user_id))
		return;
	conflict(parser, command, NULL,
		 arena_printf(parser->arena, "%s set without %s", keyword_name(command_id), keyword_name(user_id)));
}

/* --- AuthenticationMethods --- */

static const struct method {
	const char *name;
	enum keyword_id enabled_by;
	bool by_default;
	const char *comes_with; /* the keyword that a build has when it has the method; NULL: all have it */
} methods[] = {
    {"none", KEYWORD_NONE, true, NULL},
    {"publickey", KEYWORD_PUBKEY_AUTHENTICATION, true, NULL},
    {"gssapi-keyex", KEYWORD_GSSAPI_AUTHENTICATION, false, "GSSAPIKeyExchange"},
    {"gssapi-with-mic", KEYWORD_GSSAPI_AUTHENTICATION, false, "GSSAPIAuthentication"},
    {"password", KEYWORD_PASSWORD_AUTHENTICATION, true, NULL},
    {"keyboard-interactive", KEYWORD_KBD_INTERACTIVE_AUTHENTICATION, true, NULL},
    {"hostbased", KEYWORD_HOSTBASED_AUTHENTICATION, false, NULL},
};

static const struct method *find_method(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strlen(methods[i].name) == length && memcmp(methods[i].name, name, length) == 0)
			return &methods[i];
	}
	return NULL;
}

/* Takes the next method of a list with its device ("keyboard-interactive:pam"); *list moves behind it, or is NULL at
 * the end. */
static const struct method *next_method(const char **list, const char **ret_name, size_t *ret_length)
{
	size_t length = strcspn(*list, ",");

	*ret_name = *list;
	*ret_length = strcspn(*list, ",:");
	*list = (*list)[length] ? *list + length + 1 : NULL;
	return find_method(*ret_name, *ret_length);
}

/* 1, 0, or a negative errno when that cannot be told. */
static int has_method(struct config_parser *parser, const struct method *method)
{
	struct sshd_keyword keyword;
	int known;

	if (!method || !method->comes_with)
		return method != NULL;
	known = sshd_binary_keyword(parser->binary, method->comes_with, &keyword);
	if (known == 1)
		return keyword.kind == SSHD_KEYWORD_SUPPORTED;
	return known == 0 ? 0 : config_binary_knows(parser, method->name);
}

const char *config_bad_method(struct config_parser *parser, const char *list, bool *ret_sure)
{
	const char *name;
	size_t length;

	while (list) {
		int known = has_method(parser, next_method(&list, &name, &length));

		if (known == 1)
			continue;
		*ret_sure = known == 0;
		return arena_memdup(parser->arena, name, length);
	}
	return NULL;
}

static bool is_enabled(const struct config_parser *parser, const struct method *method)
{
	const struct sshd_setting *setting = get(parser, method->enabled_by), *other;
	bool enabled = setting ? string_equal(setting->value, "yes") : method->by_default;

	/* Before 8.7 ChallengeResponseAuthentication, on by default, turned it on as well. */
	if (method->enabled_by == KEYWORD_KBD_INTERACTIVE_AUTHENTICATION && !config_since(parser, 807)) {
		other = get(parser, KEYWORD_CHALLENGE_RESPONSE_AUTHENTICATION);
		enabled = (setting && enabled) || !other || string_equal(other->value, "yes");
	}
	return method->enabled_by == KEYWORD_NONE || enabled;
}

static bool list_enabled(const struct config_parser *parser, const char *list)
{
	const char *name;
	size_t length;

	while (list) {
		const struct method *method = next_method(&list, &name, &length);

		if (!method || !is_enabled(parser, method))
			return false;
	}
	return true;
}

static void check_methods(struct config_parser *parser)
{
	const struct sshd_setting *setting = get(parser, KEYWORD_AUTHENTICATION_METHODS);

	if (!setting || (setting->argument_count == 1 && string_equal(setting->arguments[0], "any")))
		return;
	for (size_t i = 0; i < setting->argument_count; i++) {
		if (list_enabled(parser, setting->arguments[i]))
			return;
	}
	conflict(parser, setting, NULL, "AuthenticationMethods cannot be satisfied by enabled authentication methods");
}

void config_check(struct config_parser *parser)
{
	check_listen_addresses(parser);
	check_algorithms(parser);
	check_command(parser, KEYWORD_AUTHORIZED_KEYS_COMMAND, KEYWORD_AUTHORIZED_KEYS_COMMAND_USER);
	check_command(parser, KEYWORD_AUTHORIZED_PRINCIPALS_COMMAND, KEYWORD_AUTHORIZED_PRINCIPALS_COMMAND_USER);
	check_methods(parser);
}
