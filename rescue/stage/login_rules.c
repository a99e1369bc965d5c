/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sshd's configuration says of logins: fill_default_server_options() and parse_server_match_config() of
 * servconf.c. */
#include "stage/login.h"

#include <string.h>

#include "base/ctype.h"

/* --- values ---------------------------------------------------------------------------------------------------- */

static const char *value_of(const struct login_rules *rules, const char *keyword)
{
	const struct sshd_setting *setting = sshd_config_get(&rules->config, keyword);

	return setting && setting->argument_count ? setting->value : NULL;
}

/* NULL also for "none". */
static const char *path_of(const struct login_rules *rules, const char *keyword)
{
	const char *value = value_of(rules, keyword);

	return value && !string_equal_nocase(value, "none") ? value : NULL;
}

static bool flag_of(const struct login_rules *rules, const char *keyword, bool by_default)
{
	const char *value = value_of(rules, keyword);

	return value ? string_equal_nocase(value, "yes") : by_default;
}

static uint64_t number_of(const struct login_rules *rules, const char *keyword, uint64_t by_default)
{
	const char *value = value_of(rules, keyword);
	uint64_t number;

	return value && parse_number(value, UINT32_MAX, &number) ? number : by_default;
}

static void words_of(struct login_stage *stage, const struct login_rules *rules, const char *keyword, string_list *ret)
{
	const struct sshd_setting *setting = NULL;

	while ((setting = sshd_config_next(&rules->config, keyword, setting)) != NULL) {
		for (size_t i = 0; i < setting->argument_count; i++)
			*array_push(stage->lasting, ret) = setting->arguments[i];
	}
}

/* Up to 8.6 ChallengeResponseAuthentication switched the method on as well. */
static bool keyboard_is_on(const struct login_stage *stage, const struct login_rules *rules)
{
	if (stage->version >= 807)
		return flag_of(rules, "KbdInteractiveAuthentication", true);
	return flag_of(rules, "ChallengeResponseAuthentication", true) ||
	       flag_of(rules, "KbdInteractiveAuthentication", false);
}

static void fill(struct login_stage *stage, struct login_rules *rules)
{
	static const char default_file[] = ".ssh/authorized_keys", second_file[] = ".ssh/authorized_keys2";

	rules->broken = rules->config.errors.count > 0;
	rules->pubkey = flag_of(rules, "PubkeyAuthentication", true);
	rules->password = flag_of(rules, "PasswordAuthentication", true);
	rules->keyboard = keyboard_is_on(stage, rules);
	rules->empty_passwords = flag_of(rules, "PermitEmptyPasswords", false);
	rules->strict_modes = flag_of(rules, "StrictModes", true);
	/* Global, and a build without PAM ignores the keyword. */
	rules->use_pam = flag_of(rules, "UsePAM", false);
	rules->root = value_of(rules, "PermitRootLogin");
	if (!rules->root)
		rules->root = "prohibit-password";
	words_of(stage, rules, "DenyUsers", &rules->deny_users);
	words_of(stage, rules, "AllowUsers", &rules->allow_users);
	words_of(stage, rules, "DenyGroups", &rules->deny_groups);
	words_of(stage, rules, "AllowGroups", &rules->allow_groups);
	words_of(stage, rules, "AuthenticationMethods", &rules->methods);
	words_of(stage, rules, "AuthorizedKeysFile", &rules->key_files);
	if (!rules->key_files.count) {
		*array_push(stage->lasting, &rules->key_files) = (char *)default_file;
		*array_push(stage->lasting, &rules->key_files) = (char *)second_file;
	}
	rules->accepted = value_of(rules, "PubkeyAcceptedAlgorithms");
	rules->rsa_bits = number_of(rules, "RequiredRSASize", 0);
	/* In a Match block "none" is the name of a file to sshd, and one that is missing revokes every key. */
	rules->revoked = value_of(rules, "RevokedKeys");
	rules->authorities = path_of(rules, "TrustedUserCAKeys");
	rules->key_command = path_of(rules, "AuthorizedKeysCommand");
	rules->chroot = path_of(rules, "ChrootDirectory");
	rules->force_command = path_of(rules, "ForceCommand");
	rules->pam_service = value_of(rules, "PAMServiceName");
	if (!rules->pam_service)
		rules->pam_service = "sshd";
	rules->other_method =
	    flag_of(rules, "HostbasedAuthentication", false) ||
	    (flag_of(rules, "GSSAPIAuthentication", false) && target_exists(stage->facts->target, "/etc/krb5.keytab"));
	rules->no_tries = number_of(rules, "MaxAuthTries", 6) == 0;
	rules->no_sessions = number_of(rules, "MaxSessions", 10) == 0;
}

/* --- Match ----------------------------------------------------------------------------------------------------- */

static void load(struct login_stage *stage, const struct sshd_connection *connection, struct login_rules *ret)
{
	const struct facts *facts = stage->facts;

	*ret = (struct login_rules){0};
	/* The binary's image is loaded behind a const pointer to the facts: it is a cache. */
	if (sshd_config_load_for(facts->target, stage->lasting, (struct sshd_binary *)&facts->binary,
				 facts->service.config_file, facts->service.options.items, facts->service.options.count,
				 connection, &ret->config) < 0)
		ret->broken = true;
}

/* Notes each different criterion. */
static bool collect(void *context, const char *attribute, const char *argument)
{
	struct login_stage *stage = context;

	for (size_t i = 0; i < stage->criteria.count; i++) {
		if (string_equal_nocase(stage->criteria.items[i].attribute, attribute) &&
		    string_equal(stage->criteria.items[i].argument, argument))
			return false;
	}
	if (stage->criteria.count == CRITERION_LIMIT) {
		stage->too_many_criteria = true;
		return false;
	}
	*array_push(stage->lasting, &stage->criteria) =
	    (struct criterion){arena_strdup(stage->lasting, attribute), arena_strdup(stage->lasting, argument)};
	return false;
}

/* match_cfg_line_group() of servconf.c. */
static bool group_matches(struct login_stage *stage, const struct account *account, const char *patterns)
{
	bool found = false;

	for (size_t i = 0; i < account->groups.count; i++) {
		int match = sshd_match_list(account->groups.items[i], patterns);

		if (match < 0)
			return false;
		found = found || match > 0;
	}
	if (!found && stage->groups_unsure)
		return login_guess(stage, "groups that are kept elsewhere");
	return found;
}

static bool criterion_is_met(struct login_stage *stage, const struct account *account,
			     const struct criterion *criterion)
{
	uint64_t port;

	if (string_equal_nocase(criterion->attribute, "user"))
		return sshd_match_list(account->passwd->name, criterion->argument) == 1;
	if (string_equal_nocase(criterion->attribute, "group"))
		return group_matches(stage, account, criterion->argument);
	if (string_equal_nocase(criterion->attribute, "localport") && stage->only_port &&
	    parse_number(criterion->argument, 65535, &port))
		return port == stage->only_port;
	return login_guess(stage, arena_printf(stage->arena, "Match %s %s", criterion->attribute, criterion->argument));
}

/* The answers of one connection to all criteria: '1' or '0' each. */
struct answers {
	struct login_stage *stage;
	char text[CRITERION_LIMIT + 1];
};

static bool answered(void *context, const char *attribute, const char *argument)
{
	const struct answers *answers = context;
	const struct login_stage *stage = answers->stage;

	for (size_t i = 0; i < stage->criteria.count; i++) {
		if (string_equal_nocase(stage->criteria.items[i].attribute, attribute) &&
		    string_equal(stage->criteria.items[i].argument, argument))
			return answers->text[i] == '1';
	}
	return false;
}

const struct login_rules *login_rules_for(struct login_stage *stage, const struct account *account)
{
	struct answers answers = {.stage = stage};
	const struct sshd_connection connection = {.meets = answered, .context = &answers};
	struct login_rules *rules;
	bool met = false;

	if (stage->too_many_criteria)
		stage->guesses.too_many = true;
	for (size_t i = 0; i < stage->criteria.count; i++) {
		answers.text[i] = criterion_is_met(stage, account, &stage->criteria.items[i]) ? '1' : '0';
		met = met || answers.text[i] == '1';
	}
	if (!met)
		return &stage->base;
	rules = string_map_get(&stage->variants, answers.text);
	if (rules)
		return rules;
	if (stage->variants.count == VARIANT_LIMIT) {
		stage->guesses.too_many = true;
		return &stage->base;
	}
	rules = ARENA_NEW(stage->lasting, struct login_rules);
	load(stage, &connection, rules);
	fill(stage, rules);
	string_map_put(stage->lasting, &stage->variants, arena_strdup(stage->lasting, answers.text), rules);
	return rules;
}

void login_rules_init(struct login_stage *stage)
{
	const struct sshd_connection connection = {.meets = collect, .context = stage};
	listen_list list = {0};

	load(stage, &connection, &stage->base);
	fill(stage, &stage->base);
	listen_addresses(stage->facts, stage->arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (i && list.items[i].port != stage->only_port) {
			stage->only_port = 0;
			return;
		}
		stage->only_port = list.items[i].port;
	}
}
