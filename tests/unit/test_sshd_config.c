/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sshd_config engine. Cases that a real sshd settled (tests/differential/sshd_config) say so; those about other
 * releases follow their source.
 */
#include "small_root.h"

#include <errno.h>
#include <time.h>

#include "base/text.h"
#include "parse/sshd_config.h"
#include "parse/sshd_image.h"
#include "parse/sshd_keywords.h"

#define MAIN "/etc/ssh/sshd_config"

enum release {
	OPENSSH_7_4 = 704,
	OPENSSH_7_7 = 707,
	OPENSSH_8_0 = 800,
	OPENSSH_8_2 = 802,
	OPENSSH_8_4 = 804,
	OPENSSH_8_7 = 807,
	OPENSSH_9_2 = 902,
	OPENSSH_9_6 = 906,
	OPENSSH_9_9 = 909,
	OPENSSH_10_0 = 1000,
	OPENSSH_10_3 = 1003,
	OPENSSH_11_0 = 1100,
};

/* An sshd whose binary holds no word at all, except the keywords that a test adds. */
static struct sshd_binary binary_of(struct small_root *root, enum release release)
{
	struct sshd_binary binary = {
	    .target = root->target,
	    .arena = &root->arena,
	    .path = "/usr/sbin/sshd",
	    .major = release / 100,
	    .minor = release % 100,
	    .version = arena_printf(&root->arena, "%d.%dp1", release / 100, release % 100),
	    .image = ARENA_NEW(&root->arena, struct sshd_image),
	};

	return binary;
}

static void load_with(struct small_root *root, struct sshd_binary *binary, struct sshd_config *config)
{
	assert_int_equal(sshd_config_load(root->target, &root->arena, binary, NULL, NULL, 0, config), 0);
}

static struct sshd_config load(struct small_root *root, enum release release, const char *text)
{
	struct sshd_binary binary = binary_of(root, release);
	struct sshd_config config;

	put(root, MAIN, text);
	load_with(root, &binary, &config);
	return config;
}

static void accepts(struct small_root *root, enum release release, const char *text)
{
	struct sshd_config config = load(root, release, text);

	if (config.errors.count)
		fail_msg("%d refuses: %s\nline %u: %s", release, text, config.errors.items[0].line,
			 config.errors.items[0].message);
}

static void refuses(struct small_root *root, enum release release, const char *text, unsigned line,
		    enum sshd_config_error_kind kind, const char *message)
{
	struct sshd_config config = load(root, release, text);
	const struct sshd_config_error *error = config.errors.items;

	if (!config.errors.count)
		fail_msg("%d accepts: %s", release, text);
	if (error->line != line || error->kind != kind || !string_equal(error->message, message))
		fail_msg("%d, %s\nline %u kind %d: %s\nnot line %u kind %d: %s", release, text, error->line,
			 error->kind, error->message, line, kind, message);
}

static void sets(struct small_root *root, enum release release, const char *text, const char *keyword,
		 const char *value)
{
	struct sshd_config config = load(root, release, text);
	const struct sshd_setting *setting = sshd_config_get(&config, keyword);

	if (config.errors.count)
		fail_msg("%d refuses: %s\n%s", release, text, config.errors.items[0].message);
	if (!value) {
		if (setting)
			fail_msg("%d, %s: %s is %s, not unset", release, text, keyword, setting->value);
		return;
	}
	if (!setting || !string_equal(setting->value, value))
		fail_msg("%d, %s: %s is %s, not %s", release, text, keyword, setting ? setting->value : "unset", value);
}

/* --- the table --- */

static void test_table_is_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < keyword_rule_count; i++) {
		const struct keyword_rule *a = &keyword_rules[i - 1], *b = &keyword_rules[i];
		int order = strcasecmp(a->name, b->name);

		if (order > 0 || (order == 0 && a->before > b->since))
			fail_msg("%s and %s are not in order", a->name, b->name);
	}
}

static void test_every_option_has_one_name(void **state)
{
	(void)state;
	for (int id = KEYWORD_NONE + 1; id < KEYWORD_ID_COUNT; id++) {
		const char *name = keyword_name(id);

		assert_non_null(name);
		if (keyword_id_named(name) != (enum keyword_id)id)
			fail_msg("%s is the name of another option", name);
	}
	assert_string_equal(keyword_name(KEYWORD_HOST_KEY), "HostKey");
	assert_string_equal(keyword_name(KEYWORD_PUBKEY_AUTHENTICATION), "PubkeyAuthentication");
	assert_int_equal(keyword_id_of("pubkeyacceptedkeytypes"), KEYWORD_PUBKEY_ACCEPTED_ALGORITHMS);
	assert_int_equal(keyword_id_of("nonsense"), KEYWORD_NONE);
	/* An option of its own once, since 8.7 another spelling */
	assert_int_equal(keyword_id_of("ChallengeResponseAuthentication"), KEYWORD_KBD_INTERACTIVE_AUTHENTICATION);
}

static void test_keywords_come_and_go(void **state)
{
	struct small_root *root = *state;

	accepts(root, OPENSSH_9_2, "RequiredRSASize 2048\n");
	refuses(root, OPENSSH_8_4, "RequiredRSASize 2048\n", 1, SSHD_CONFIG_UNKNOWN_KEYWORD,
		"Bad configuration option: RequiredRSASize");
	refuses(root, OPENSSH_8_0, "Include /x\n", 1, SSHD_CONFIG_UNKNOWN_KEYWORD, "Bad configuration option: Include");
	accepts(root, OPENSSH_10_0, "SshdAuthPath /x\nRefuseConnection no\n");
	refuses(root, OPENSSH_9_6, "RefuseConnection no\n", 1, SSHD_CONFIG_UNKNOWN_KEYWORD,
		"Bad configuration option: RefuseConnection");
	accepts(root, OPENSSH_7_4, "UsePrivilegeSeparation sandbox\nProtocol 2\nServerKeyBits 1024\n");
	refuses(root, OPENSSH_7_4, "UsePrivilegeSeparation maybe\n", 1, SSHD_CONFIG_BAD_VALUE,
		"unsupported option \"maybe\".");
	accepts(root, OPENSSH_10_0, "UsePrivilegeSeparation maybe\nRSAAuthentication 17\nUseLogin\tx y z\n");
}

/* --- lines and words --- */

static void test_lines(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "  Port=2222", "Port", "2222");
	sets(root, OPENSSH_9_2, "\tport\t=\t2222 \r\n", "Port", "2222");
	sets(root, OPENSSH_9_2, "PORT \"2222\" # the other one\n", "Port", "2222");
	sets(root, OPENSSH_8_4, "Port 2222 # the other one\n", "Port", "2222");
	sets(root, OPENSSH_8_4, "Banner /a#b\n", "Banner", "/a");
	sets(root, OPENSSH_9_2, "Banner /a#b\n", "Banner", "/a#b");
	sets(root, OPENSSH_9_2, "Banner '/a b'\n", "Banner", "/a b");
	sets(root, OPENSSH_9_2, "Banner /a\\ b\n", "Banner", "/a b");
	sets(root, OPENSSH_8_4, "Banner '/a'\n", "Banner", "//'/a'");
	/* No line goes on in the next one. */
	refuses(root, OPENSSH_9_2, "AllowUsers a \\\n  b\n", 2, SSHD_CONFIG_MISSING_VALUE,
		"no argument after keyword \"b\"");
	refuses(root, OPENSSH_8_4, "AllowUsers a \\\n  b\n", 2, SSHD_CONFIG_UNKNOWN_KEYWORD,
		"Bad configuration option: b");
	refuses(root, OPENSSH_9_2, "Port\n", 1, SSHD_CONFIG_MISSING_VALUE, "no argument after keyword \"Port\"");
	refuses(root, OPENSSH_8_4, "Port\n", 1, SSHD_CONFIG_MISSING_VALUE, "missing port number.");
	refuses(root, OPENSSH_9_2, "Port 22 23\n", 1, SSHD_CONFIG_EXTRA_ARGUMENTS,
		"keyword Port extra arguments at end of line");
	refuses(root, OPENSSH_8_4, "Port 22 23\n", 1, SSHD_CONFIG_EXTRA_ARGUMENTS, "garbage at end of line; \"23\".");
	refuses(root, OPENSSH_9_2, "\nBanner \"/a\n", 2, SSHD_CONFIG_BAD_QUOTES, "invalid quotes");
	/* Before 8.7 a quotation that does not end ends the list, or the whole line. */
	sets(root, OPENSSH_8_4, "AllowUsers \"a\n", "AllowUsers", NULL);
	sets(root, OPENSSH_8_4, "\"Port 2222\n", "Port", NULL);
	sets(root, OPENSSH_8_4, "AllowUsers a \"\"\n", "AllowUsers", "a");
	/* Only one = parts keyword and value; a line that begins with two is nothing at all. */
	accepts(root, OPENSSH_9_2, "=======\n");
	refuses(root, OPENSSH_9_2, "<<<<<<< HEAD\n", 1, SSHD_CONFIG_GARBAGE, "Bad configuration option: <<<<<<<");
}

static void test_nul_joins_lines(void **state)
{
	static const char text[] = "\nPort 2222\0gone\nBanner /x\nUseDNS maybe\n";
	struct small_root *root = *state;
	struct sshd_binary binary = binary_of(root, OPENSSH_9_2);
	struct sshd_config config;

	/* Lines are those of the file, not sshd's, which would say 3. */
	put_bytes(root, MAIN, text, sizeof(text) - 1);
	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 2);
	assert_int_equal(config.errors.items[0].line, 2);
	assert_string_equal(config.errors.items[0].word, "2222Banner");
	assert_int_equal(config.errors.items[1].line, 4);
}

static void test_all_errors_are_told(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config = load(root, OPENSSH_9_2,
					 "PermitRootLogn yes\nPort 0\nCiphers aes128-ctr,arcfour\nMatch User x\n"
					 "  UseDNS no\n  PermitTTY maybe\nPort 2222\n");

	assert_int_equal(config.errors.count, 6);
	assert_string_equal(config.errors.items[0].word, "PermitRootLogn");
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_UNKNOWN_KEYWORD);
	assert_string_equal(config.errors.items[1].message, "Badly formatted port number.");
	assert_string_equal(config.errors.items[1].word, "0");
	assert_string_equal(config.errors.items[2].word, "arcfour");
	assert_string_equal(config.errors.items[2].message, "Bad SSH2 cipher spec 'aes128-ctr,arcfour'.");
	assert_false(config.errors.items[2].in_match);
	assert_int_equal(config.errors.items[3].kind, SSHD_CONFIG_NOT_IN_MATCH);
	assert_true(config.errors.items[3].in_match);
	assert_string_equal(config.errors.items[3].path, MAIN);
	assert_int_equal(config.errors.items[4].line, 6);
	assert_int_equal(config.errors.items[5].line, 7);
	assert_null(sshd_config_get(&config, "Port"));
}

/* --- values --- */

static void test_first_last_all(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config = load(root, OPENSSH_9_2, "Port 1\nport 2\nAllowUsers a b\nAllowUsers c\n");
	const struct sshd_setting *setting = sshd_config_next(&config, "port", NULL);

	assert_string_equal(setting->value, "1");
	setting = sshd_config_next(&config, "Port", setting);
	assert_string_equal(setting->value, "2");
	assert_int_equal(setting->line, 2);
	assert_null(sshd_config_next(&config, "Port", setting));
	setting = sshd_config_get(&config, "AllowUsers");
	assert_int_equal(setting->argument_count, 2);
	assert_string_equal(setting->arguments[1], "b");
	assert_string_equal(sshd_config_next(&config, "AllowUsers", setting)->value, "c");
	sets(root, OPENSSH_9_2, "UseDNS yes\nUseDNS no\n", "UseDNS", "yes");
	sets(root, OPENSSH_9_2, "FingerprintHash md5\nFingerprintHash sha512\n", "FingerprintHash", "SHA512");
	sets(root, OPENSSH_9_2, "MaxStartups 10:50:100\nMaxStartups 5\n", "MaxStartups", "5:50:5");
	sets(root, OPENSSH_10_3, "MaxStartups 10:50:100\nMaxStartups 5\n", "MaxStartups", "10:50:100");
	sets(root, OPENSSH_9_2, "RekeyLimit 1G\nRekeyLimit default 1h\n", "RekeyLimit", "1073741824 3600");
	/* Another spelling of the same option */
	sets(root, OPENSSH_9_2, "PubkeyAcceptedKeyTypes ssh-rsa\n", "PubkeyAcceptedAlgorithms", "ssh-rsa");
	sets(root, OPENSSH_9_2, "ChallengeResponseAuthentication no\n", "KbdInteractiveAuthentication", "no");
	sets(root, OPENSSH_8_4, "ChallengeResponseAuthentication no\n", "KbdInteractiveAuthentication", NULL);
	sets(root, OPENSSH_8_4, "ChallengeResponseAuthentication no\n", "ChallengeResponseAuthentication", "no");
}

static void test_choices(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "PermitRootLogin Without-Password\n", "PermitRootLogin", "prohibit-password");
	sets(root, OPENSSH_9_2, "PasswordAuthentication YES\n", "PasswordAuthentication", "yes");
	refuses(root, OPENSSH_7_4, "PasswordAuthentication YES\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad yes/no argument: YES");
	sets(root, OPENSSH_9_2, "Compression delayed\n", "Compression", "yes");
	sets(root, OPENSSH_9_2, "AllowTcpForwarding all\n", "AllowTcpForwarding", "yes");
	sets(root, OPENSSH_9_2, "LogLevel debug1\n", "LogLevel", "DEBUG");
	refuses(root, OPENSSH_9_2, "LogLevel LOUD\n", 1, SSHD_CONFIG_BAD_VALUE, "unsupported log level 'LOUD'");
	/* Debian's other word for QUIET */
	refuses(root, OPENSSH_9_2, "LogLevel silent\n", 1, SSHD_CONFIG_BAD_VALUE, "unsupported log level 'silent'");
	refuses(root, OPENSSH_9_2, "PermitTunnel Yes\n", 1, SSHD_CONFIG_BAD_VALUE, "bad PermitTunnel argument Yes");
	refuses(root, OPENSSH_8_4, "PermitTunnel Yes\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad yes/point-to-point/ethernet/no argument: Yes");
	refuses(root, OPENSSH_8_2, "IgnoreRhosts shosts-only\n", 1, SSHD_CONFIG_BAD_VALUE,
		"unsupported option \"shosts-only\".");
	sets(root, OPENSSH_8_4, "IgnoreRhosts shosts-only\n", "IgnoreRhosts", "shosts-only");
	assert_string_equal(sshd_config_choice("PermitRootLogin", 0), "without-password");
	assert_null(sshd_config_choice("PermitRootLogin", 5));
	assert_null(sshd_config_choice("Port", 0));
}

static void test_numbers(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "MaxAuthTries +007\n", "MaxAuthTries", "7");
	refuses(root, OPENSSH_9_2, "MaxAuthTries 2147483648\n", 1, SSHD_CONFIG_BAD_VALUE,
		"MaxAuthTries integer value too large.");
	refuses(root, OPENSSH_8_4, "MaxAuthTries -1\n", 1, SSHD_CONFIG_BAD_VALUE, "integer value too small.");
	refuses(root, OPENSSH_7_4, "MaxAuthTries six\n", 1, SSHD_CONFIG_NOT_UNDERSTOOD,
		"cannot tell whether this sshd accepts the number six");
	sets(root, OPENSSH_9_2, "StreamLocalBindMask 0022x\n", "StreamLocalBindMask", "022");
	refuses(root, OPENSSH_9_2, "StreamLocalBindMask 1000\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Invalid StreamLocalBindMask.");
	sets(root, OPENSSH_9_2, "RekeyLimit 1.5G none\n", "RekeyLimit", "1610612736 0");
	refuses(root, OPENSSH_9_2, "RekeyLimit 15\n", 1, SSHD_CONFIG_BAD_VALUE, "RekeyLimit too small");
	refuses(root, OPENSSH_9_2, "RekeyLimit 8E\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad RekeyLimit number '8E': Numerical result out of range");
	refuses(root, OPENSSH_9_2, "MaxStartups 10:30\n", 1, SSHD_CONFIG_BAD_VALUE, "Invalid MaxStartups spec.");
	accepts(root, OPENSSH_8_4, "MaxStartups 0\n");
	refuses(root, OPENSSH_9_2, "MaxStartups 0\n", 1, SSHD_CONFIG_BAD_VALUE, "Invalid MaxStartups spec.");
	refuses(root, OPENSSH_10_0, "IPQoS 0x10\n", 1, SSHD_CONFIG_BAD_VALUE, "Bad IPQoS value: 0x10");
	accepts(root, OPENSSH_9_2, "IPQoS 0x10 lowdelay\n");
}

static void test_times(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "LoginGraceTime 1h30m5\n", "LoginGraceTime", "5405");
	sets(root, OPENSSH_8_4, "LoginGraceTime 1h30\n", "LoginGraceTime", "3630");
	/* Before 8.4 the unit stuck. */
	sets(root, OPENSSH_8_2, "LoginGraceTime 1h1\n", "LoginGraceTime", "7200");
	/* Up to 8.4 a long was cut to an int. */
	sets(root, OPENSSH_8_4, "LoginGraceTime 4294967296\n", "LoginGraceTime", "0");
	refuses(root, OPENSSH_9_2, "LoginGraceTime 4294967296\n", 1, SSHD_CONFIG_BAD_VALUE, "invalid time value.");
	sets(root, OPENSSH_9_2, "LoginGraceTime 2147483647\n", "LoginGraceTime", "2147483647");
	sets(root, OPENSSH_9_2, "LoginGraceTime +5\n", "LoginGraceTime", "5");
	refuses(root, OPENSSH_10_0, "LoginGraceTime +5\n", 1, SSHD_CONFIG_BAD_VALUE, "invalid time value.");
	sets(root, OPENSSH_10_3, "LoginGraceTime 1m1.5s\n", "LoginGraceTime", "61");
	refuses(root, OPENSSH_10_3, "LoginGraceTime 1s1s\n", 1, SSHD_CONFIG_BAD_VALUE, "invalid time value.");
	refuses(root, OPENSSH_10_0, "LoginGraceTime 1.5s\n", 1, SSHD_CONFIG_BAD_VALUE, "invalid time value.");
	sets(root, OPENSSH_9_2, "UnusedConnectionTimeout 5\nUnusedConnectionTimeout none\n", "UnusedConnectionTimeout",
	     "none");
}

static void test_paths(void **state)
{
	struct small_root *root = *state;

	put(root, "/etc/passwd", "daemon:x:1:1::/usr/sbin:/x\nroot:x:0:0:root:/root:/bin/bash\n");
	sets(root, OPENSSH_9_2, "HostKey ~/key\n", "HostKey", "/root/key");
	sets(root, OPENSSH_9_2, "HostKey ~daemon/key\n", "HostKey", "/usr/sbin/key");
	/* sshd is started in the root directory. */
	sets(root, OPENSSH_9_2, "HostKey key\n", "HostKey", "//key");
	sets(root, OPENSSH_9_2, "HostKey None\n", "HostKey", "none");
	sets(root, OPENSSH_8_4, "AuthorizedKeysFile ~/a .ssh/b\n", "AuthorizedKeysFile", "/root/a .ssh/b");
	refuses(root, OPENSSH_9_2, "HostKey ~nobody/key\n", 1, SSHD_CONFIG_NOT_UNDERSTOOD,
		"cannot tell the home directory in ~nobody/key");
	/* What does not count is not expanded. */
	accepts(root, OPENSSH_9_2, "Banner /x\nBanner ~nobody/x\nMatch User x\nBanner ~nobody/x\n");
	refuses(root, OPENSSH_10_3, "RevokedKeys /x none\n", 1, SSHD_CONFIG_BAD_VALUE,
		"keyword RevokedKeys \"none\" argument must appear alone.");
}

static void test_rest_of_line(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "ForceCommand  echo \"a b\" # c\n", "ForceCommand", "echo \"a b\" # c");
	sets(root, OPENSSH_8_4, "ForceCommand echo a # c\n", "ForceCommand", "echo a");
	sets(root, OPENSSH_9_2, "AuthorizedKeysCommand /x \"a b\"\nAuthorizedKeysCommandUser x\n",
	     "AuthorizedKeysCommand", "/x \"a b\"");
	/* From 8.7 to 9.3 the one command decided whether the other was set. */
	sets(root, OPENSSH_9_2,
	     "AuthorizedPrincipalsCommand /a\nAuthorizedPrincipalsCommand /b\n"
	     "AuthorizedPrincipalsCommandUser x\n",
	     "AuthorizedPrincipalsCommand", "/b");
	sets(root, OPENSSH_9_2, "AuthorizedKeysCommand none\nAuthorizedPrincipalsCommand /a\n",
	     "AuthorizedPrincipalsCommand", NULL);
	refuses(root, OPENSSH_9_2, "AuthorizedKeysCommand \"/x\"\n", 1, SSHD_CONFIG_BAD_VALUE,
		"AuthorizedKeysCommand must be an absolute path");
	/* sshd looks for the comment in the wrong place, and keeps it. */
	sets(root, OPENSSH_9_2, "VersionAddendum a # b\n", "VersionAddendum", "a # b");
	refuses(root, OPENSSH_9_2, "VersionAddendum a\rb\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Invalid VersionAddendum argument");
}

static void test_lists(void **state)
{
	struct small_root *root = *state;

	accepts(root, OPENSSH_9_2, "AllowUsers a@10.0.0.0/8 b@*.example.org !c@::1\n");
	refuses(root, OPENSSH_9_2, "AllowUsers a b@10.0.0.1/8\n", 1, SSHD_CONFIG_BAD_VALUE,
		"invalid AllowUsers pattern: \"b@10.0.0.1/8\"");
	refuses(root, OPENSSH_9_2, "AllowUsers ''\n", 1, SSHD_CONFIG_BAD_VALUE, "invalid AllowUsers pattern: \"\"");
	accepts(root, OPENSSH_9_6, "AllowUsers # nobody\n");
	refuses(root, OPENSSH_9_9, "AllowUsers # nobody\n", 1, SSHD_CONFIG_MISSING_VALUE, "no AllowUsers specified");
	refuses(root, OPENSSH_9_2, "AcceptEnv A=B\n", 1, SSHD_CONFIG_BAD_VALUE, "Invalid environment name.");
	sets(root, OPENSSH_9_2, "SetEnv A=1 B=2 A=3\n", "SetEnv", "A=1 B=2");
	sets(root, OPENSSH_8_4, "SetEnv A=1 B=2 A=3\n", "SetEnv", "A=1 B=2 A=3");
	/* 9.2 forgot to count, so that "none" only has to be the last word. */
	accepts(root, OPENSSH_9_2, "ChannelTimeout a=1 none\n");
	refuses(root, OPENSSH_9_9, "ChannelTimeout a=1 none\n", 1, SSHD_CONFIG_BAD_VALUE,
		"keyword ChannelTimeout \"none\" argument must appear alone.");
	refuses(root, OPENSSH_10_0, "PerSourcePenalties crash:5 yes no\n", 1, SSHD_CONFIG_BAD_VALUE,
		"keyword PerSourcePenalties \"yes\" argument must appear alone.");
	refuses(root, OPENSSH_10_0, "PerSourcePenalties invaliduser:5\n", 1, SSHD_CONFIG_BAD_VALUE,
		"unsupported PerSourcePenalties keyword invaliduser:5");
	accepts(root, OPENSSH_10_3, "PerSourcePenalties invaliduser:5.5 overflow:deny-all\n");
}

static void test_permit(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "PermitListen 80 [::]:22 *\n", "PermitListen", "*:80 [::]:22 *:*");
	refuses(root, OPENSSH_9_2, "PermitOpen host\n", 1, SSHD_CONFIG_BAD_VALUE, "PermitOpen bad port number");
	refuses(root, OPENSSH_8_4, "PermitOpen h/22\n", 1, SSHD_CONFIG_BAD_VALUE, "missing host in permitopen");
	refuses(root, OPENSSH_9_2, "PermitOpen any h:1\n", 1, SSHD_CONFIG_EXTRA_ARGUMENTS,
		"keyword PermitOpen extra arguments at end of line");
	/* 9.7 and later add to the list whatever follows "any". */
	accepts(root, OPENSSH_9_9, "PermitOpen any h:1\n");
	refuses(root, OPENSSH_9_9, "PermitOpen h:1 any\n", 1, SSHD_CONFIG_BAD_VALUE,
		"any must appear alone on a PermitOpen line.");
}

static void test_subsystems(void **state)
{
	struct small_root *root = *state;
	const char *twice = "Subsystem sftp /a -x \"b c\"\nSubsystem sftp /b\n";

	refuses(root, OPENSSH_9_2, twice, 2, SSHD_CONFIG_CONFLICT, "Subsystem 'sftp' already defined.");
	sets(root, OPENSSH_9_6, twice, "Subsystem", "sftp /a -x \"b c\"");
	refuses(root, OPENSSH_9_2, "Subsystem sftp\n", 1, SSHD_CONFIG_MISSING_VALUE, "Missing subsystem command.");
	refuses(root, OPENSSH_9_2, "Match all\nMatch User x\nSubsystem a b\n", 3, SSHD_CONFIG_NOT_IN_MATCH,
		"Directive 'Subsystem' is not allowed within a Match block");
	accepts(root, OPENSSH_9_6, "Match User x\nSubsystem a b\n");
}

static void test_methods(void **state)
{
	struct small_root *root = *state;

	accepts(root, OPENSSH_9_2, "AuthenticationMethods publickey,keyboard-interactive:pam password\n");
	refuses(root, OPENSSH_9_2, "AuthenticationMethods publickey,pubkey\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Unknown authentication method \"pubkey\" in list");
	refuses(root, OPENSSH_9_2, "AuthenticationMethods publickey any\n", 1, SSHD_CONFIG_BAD_VALUE,
		"\"any\" must appear alone in AuthenticationMethods");
	/* Inside a block 8.4 only counted what was in force. */
	accepts(root, OPENSSH_8_4, "Match User x\nAuthenticationMethods publickey any\n");
	/* Up to 9.6 "any" in a block did not go with other methods outside. */
	refuses(root, OPENSSH_9_6, "AuthenticationMethods publickey\nMatch User x\nAuthenticationMethods any\n", 3,
		SSHD_CONFIG_BAD_VALUE, "\"any\" must appear alone in AuthenticationMethods");
	accepts(root, OPENSSH_9_9, "AuthenticationMethods publickey\nMatch User x\nAuthenticationMethods any\n");
	refuses(root, OPENSSH_9_2, "AuthenticationMethods hostbased publickey,hostbased\n", 1, SSHD_CONFIG_CONFLICT,
		"AuthenticationMethods cannot be satisfied by enabled authentication methods");
	accepts(root, OPENSSH_8_4, "KbdInteractiveAuthentication no\nAuthenticationMethods keyboard-interactive\n");
	refuses(root, OPENSSH_9_2, "KbdInteractiveAuthentication no\nAuthenticationMethods keyboard-interactive\n", 2,
		SSHD_CONFIG_CONFLICT, "AuthenticationMethods cannot be satisfied by enabled authentication methods");
	refuses(root, OPENSSH_9_2, "AuthorizedKeysCommand /x\n", 1, SSHD_CONFIG_CONFLICT,
		"AuthorizedKeysCommand set without AuthorizedKeysCommandUser");
	accepts(root, OPENSSH_9_2, "AuthorizedKeysCommand none\n");
}

/* --- ports and addresses --- */

static void test_ports(void **state)
{
	struct small_root *root = *state;

	put(root, "/etc/services", "x 99/udp\nssh 22/tcp secure # note\nudp-only 7/udp\n");
	sets(root, OPENSSH_9_2, "Port secure\n", "Port", "22");
	refuses(root, OPENSSH_9_2, "Port udp-only\n", 1, SSHD_CONFIG_BAD_VALUE, "Badly formatted port number.");
	refuses(root, OPENSSH_7_7, "Port ssh\n", 1, SSHD_CONFIG_BAD_VALUE, "Badly formatted port number.");
	sets(root, OPENSSH_9_2, "Port 022\n", "Port", "22");
	refuses(root, OPENSSH_9_2, "Port 65536\n", 1, SSHD_CONFIG_BAD_VALUE, "Badly formatted port number.");
}

static void test_listen_addresses(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config = load(root, OPENSSH_9_2, "ListenAddress [::1]:2222\nListenAddress 10.1\n");
	const struct sshd_setting *setting = sshd_config_get(&config, "ListenAddress");
	struct sshd_listen listen;

	assert_int_equal(config.errors.count, 0);
	assert_true(sshd_config_listen(&root->arena, setting, &listen));
	assert_string_equal(listen.host, "::1");
	assert_int_equal(listen.port, 2222);
	assert_true(sshd_config_listen(&root->arena, sshd_config_next(&config, "ListenAddress", setting), &listen));
	assert_string_equal(listen.host, "10.1");
	assert_int_equal(listen.port, 0);
	refuses(root, OPENSSH_9_2, "ListenAddress 10.0.0.1:0\n", 1, SSHD_CONFIG_BAD_VALUE, "bad port number");
	refuses(root, OPENSSH_9_2, "ListenAddress [::1\n", 1, SSHD_CONFIG_BAD_VALUE, "bad address:port usage");
	refuses(root, OPENSSH_9_2, "AddressFamily inet\nListenAddress ::1\n", 2, SSHD_CONFIG_CONFLICT,
		"bad addr or host: ::1 (Address family for hostname not supported)");
	refuses(root, OPENSSH_9_2, "ListenAddress ==::1\n", 1, SSHD_CONFIG_CONFLICT,
		"bad addr or host: =::1 (Name or service not known)");
	accepts(root, OPENSSH_9_2, "ListenAddress *\nListenAddress name.example:22\nListenAddress fe80::1%eth0\n");
	/* Before 8.7 an empty word behind a quotation is in the way of the routing domain. */
	refuses(root, OPENSSH_8_4, "ListenAddress \"10.0.0.1\"\n", 1, SSHD_CONFIG_EXTRA_ARGUMENTS,
		"bad ListenAddress syntax");
}

/* --- algorithms --- */

static void test_algorithms(void **state)
{
	struct small_root *root = *state;

	accepts(root, OPENSSH_9_2, "Ciphers +aes128-ctr\nMACs ^hmac-sha1\nKexAlgorithms -no-such-thing\n");
	accepts(root, OPENSSH_8_4, "Ciphers rijndael-cbc@lysator.liu.se\n");
	refuses(root, OPENSSH_9_2, "Ciphers rijndael-cbc@lysator.liu.se\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad SSH2 cipher spec 'rijndael-cbc@lysator.liu.se'.");
	refuses(root, OPENSSH_9_2, "Ciphers aes128-ctr, aes256-ctr\n", 1, SSHD_CONFIG_EXTRA_ARGUMENTS,
		"keyword Ciphers extra arguments at end of line");
	/* sshd stops looking at an empty name. */
	accepts(root, OPENSSH_9_2, "Ciphers aes128-ctr,,no-such-thing\n");
	refuses(root, OPENSSH_9_2, "Ciphers ,\n", 1, SSHD_CONFIG_CONFLICT,
		"assemble_algorithms: ciphers: invalid argument");
	refuses(root, OPENSSH_8_0, "Ciphers ^aes128-ctr\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad SSH2 cipher spec '^aes128-ctr'.");
	accepts(root, OPENSSH_9_2, "HostKeyAlgorithms ssh-*\nPubkeyAcceptedAlgorithms +ssh-rsa,ecdsa*\n");
	/* Short names of keys are valid, but name nothing. */
	refuses(root, OPENSSH_9_2, "HostKeyAlgorithms RSA\n", 1, SSHD_CONFIG_CONFLICT,
		"assemble_algorithms: hostkeyalgorithms: invalid argument");
	refuses(root, OPENSSH_10_0, "HostKeyAlgorithms RSA\n", 1, SSHD_CONFIG_BAD_VALUE, "Bad key types 'RSA'.");
	refuses(root, OPENSSH_9_2, "HostKeyAlgorithms ssh-rsa,!ssh-dss\n", 1, SSHD_CONFIG_CONFLICT,
		"assemble_algorithms: hostkeyalgorithms: invalid argument");
	accepts(root, OPENSSH_9_2, "CASignatureAlgorithms ssh-ed25519,ssh-rsa-cert-v01@openssh.com\n");
	refuses(root, OPENSSH_9_6, "CASignatureAlgorithms ssh-rsa-cert-v01@openssh.com\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad key types 'ssh-rsa-cert-v01@openssh.com'.");
	refuses(root, OPENSSH_10_0, "HostKeyAlgorithms ssh-ed25519,ssh-dss\n", 1, SSHD_CONFIG_BAD_VALUE,
		"Bad key types 'ssh-ed25519,ssh-dss'.");
}

/* --- Match --- */

static void test_match(void **state)
{
	struct small_root *root = *state;

	sets(root, OPENSSH_9_2, "Match User x\nPasswordAuthentication no\n", "PasswordAuthentication", NULL);
	refuses(root, OPENSSH_9_2, "Match User x\nPort 2222\n", 2, SSHD_CONFIG_NOT_IN_MATCH,
		"Directive 'Port' is not allowed within a Match block");
	/* A block that every connection meets: global keywords may follow it, others take the place of what was before.
	 */
	sets(root, OPENSSH_9_2, "Match User x\nMatch all\nPort 2222\n", "Port", "2222");
	sets(root, OPENSSH_9_2, "PermitTTY yes\nMatch all\nPermitTTY no\nPermitTTY yes\n", "PermitTTY", "no");
	refuses(root, OPENSSH_9_2, "Match all User x\n", 1, SSHD_CONFIG_BAD_MATCH,
		"'all' cannot be combined with other Match attributes");
	refuses(root, OPENSSH_9_2, "Match Usr x\n", 1, SSHD_CONFIG_BAD_MATCH, "Unsupported Match attribute Usr");
	refuses(root, OPENSSH_9_2, "Match User\n", 1, SSHD_CONFIG_BAD_MATCH, "Missing Match criteria for User");
	refuses(root, OPENSSH_8_4, "Match\n", 1, SSHD_CONFIG_BAD_MATCH, "One or more attributes required for Match");
	refuses(root, OPENSSH_9_2, "Match Address 192.168.1/24\n", 1, SSHD_CONFIG_BAD_MATCH,
		"Invalid Match address argument '192.168.1/24' at line 1");
	accepts(root, OPENSSH_8_2, "Match Address 192.168.1/24\n");
	accepts(root, OPENSSH_9_2, "Match LocalPort 0 RDomain x Host a,!b\n");
	refuses(root, OPENSSH_9_2, "Match LocalPort x\n", 1, SSHD_CONFIG_BAD_MATCH,
		"Invalid LocalPort 'x' on Match line");
	/* The block of a Match line that is refused is not let into the global section. */
	sets(root, OPENSSH_10_0, "Match User=x\nPermitRootLogin yes\n", "PermitRootLogin", NULL);
}

static void test_match_releases(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config = load(root, OPENSSH_9_2, "Match Usr x\nPermitRootLogin yes\n");

	assert_int_equal(config.errors.count, 1);
	assert_null(sshd_config_get(&config, "PermitRootLogin"));
	refuses(root, OPENSSH_9_6, "Match invalid-user\n", 1, SSHD_CONFIG_BAD_MATCH,
		"Missing Match criteria for invalid-user");
	accepts(root, OPENSSH_10_0, "Match invalid-user User x\nRefuseConnection yes\n");
	refuses(root, OPENSSH_9_9, "Match User=x\n", 1, SSHD_CONFIG_NOT_UNDERSTOOD,
		"cannot tell whether this sshd accepts User=");
	sets(root, OPENSSH_10_0, "Match version OpenSSH_10.*\nPort 2222\n", "Port", "2222");
	refuses(root, OPENSSH_10_0, "Match version OpenSSH_9.*\nPort 2222\n", 2, SSHD_CONFIG_NOT_IN_MATCH,
		"Directive 'Port' is not allowed within a Match block");
	refuses(root, OPENSSH_10_0, "Match version *p1\nPort 2222\n", 1, SSHD_CONFIG_NOT_UNDERSTOOD,
		"cannot tell whether the version of this sshd matches *p1");
}

/* --- Include --- */

static void test_include(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config;

	put(root, "/etc/ssh/sshd_config.d/20-b.conf", "\nPort 20\n");
	put(root, "/etc/ssh/sshd_config.d/10-a.conf", "Match User x\nPermitTTY no\n");
	put(root, "/etc/ssh/sshd_config.d/.hidden.conf", "Nonsense 1\n");
	put(root, "/etc/ssh/sshd_config.d/readme", "Nonsense 1\n");
	config = load(root, OPENSSH_9_2, "Include sshd_config.d/*.conf nowhere*\nPort 1\n");
	assert_int_equal(config.errors.count, 0);
	assert_int_equal(config.files.count, 3);
	assert_string_equal(config.files.items[1], "/etc/ssh/sshd_config.d/10-a.conf");
	/* A block ends with its file. */
	assert_string_equal(sshd_config_get(&config, "Port")->path, "/etc/ssh/sshd_config.d/20-b.conf");
	assert_int_equal(sshd_config_get(&config, "Port")->line, 2);
	assert_null(sshd_config_get(&config, "PermitTTY"));
	/* Nothing of a file counts that is included from a block; Match lines in it do not change that. */
	put(root, "/etc/ssh/in.conf", "Match all\nPermitTTY no\nPort 3\n");
	config = load(root, OPENSSH_9_2, "Match User x\nInclude in.conf\n");
	assert_int_equal(config.errors.count, 1);
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_NOT_IN_MATCH);
	assert_string_equal(config.errors.items[0].path, "/etc/ssh/in.conf");
	assert_true(config.errors.items[0].in_match);
	assert_null(sshd_config_get(&config, "PermitTTY"));
}

static void test_include_trouble(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config;

	assert_int_equal(symlink("/nowhere", small_root_at(root, "/etc/ssh/d/link.conf")), 0);
	refuses(root, OPENSSH_9_2, "Include d/*.conf\n", 1, SSHD_CONFIG_BAD_INCLUDE,
		"/etc/ssh/d/link.conf: No such file or directory");
	assert_int_equal(mkfifo(small_root_at(root, "/etc/ssh/fifo"), 0600), 0);
	refuses(root, OPENSSH_9_2, "Include fifo\n", 1, SSHD_CONFIG_BAD_INCLUDE,
		"/etc/ssh/fifo: not a regular file: sshd cannot read it, or waits for it for ever");
	/* A directory reads as nothing. That is noted where it is named outright, and only once. */
	accepts(root, OPENSSH_9_2, "Include d /dev/null\n");
	config = load(root, OPENSSH_9_2, "Port 22\nInclude d\nInclude d\nInclude sshd_config.*\n");
	assert_int_equal(config.directories.count, 1);
	assert_string_equal(config.directories.items[0].path, "/etc/ssh/d");
	assert_string_equal(config.directories.items[0].file, "/etc/ssh/sshd_config");
	assert_int_equal(config.directories.items[0].line, 2);
	refuses(root, OPENSSH_9_2, "Include\t# all\n", 1, SSHD_CONFIG_BAD_INCLUDE, "Include missing filename argument");
	refuses(root, OPENSSH_9_2, "Match all\nInclude ''\n", 2, SSHD_CONFIG_BAD_INCLUDE,
		"keyword Include empty argument");
}

static void test_include_itself(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config;

	put(root, "/etc/ssh/a/1.conf", "Include a/*.conf\n");
	config = load(root, OPENSSH_10_0, "Include a/*.conf\n");
	assert_int_equal(config.errors.count, 1);
	assert_string_equal(config.errors.items[0].message, "Too many recursive configuration includes");
	assert_string_equal(config.errors.items[0].path, "/etc/ssh/a/1.conf");
	/* sshd remembers what a pattern found, file by file as it is through with them: with one before the loop it
	 * does not notice when it starts, but for each connection. */
	put(root, "/etc/ssh/b/0.conf", "AllowUsers a\n");
	put(root, "/etc/ssh/b/1.conf", "Include b/*.conf\n");
	config = load(root, OPENSSH_10_0, "Include b/*.conf\nUseDNS maybe\n");
	assert_int_equal(config.errors.count, 2);
	assert_int_equal(config.errors.items[0].line, 2);
	assert_string_equal(config.errors.items[1].message, "Too many recursive configuration includes");
	assert_string_equal(config.errors.items[1].path, "/etc/ssh/b/1.conf");
	assert_int_equal(config.settings.count, 2);
}

static void test_includes_are_bounded(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config;
	char name[64], text[256];

	/* 4^12 files */
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "/etc/ssh/%d.conf", i);
		snprintf(text, sizeof(text), "Include %d.conf\nInclude ./%d.conf\nInclude .//%d.conf %d.conf\n", i + 1,
			 i + 1, i + 1, i + 1);
		put(root, name, text);
	}
	put(root, "/etc/ssh/12.conf", "UseDNS no\n");
	config = load(root, OPENSSH_9_2, "Include 0.conf\n");
	assert_int_equal(config.errors.count, 1);
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_NOT_UNDERSTOOD);
	assert_string_equal(config.errors.items[0].message, "more is included than is looked at");
}

/* --- the main file, options, the binary --- */

static void test_main_file(void **state)
{
	struct small_root *root = *state;
	struct sshd_binary binary = binary_of(root, OPENSSH_9_2);
	struct sshd_config config;
	char *options[] = {"Port=2222", "UseDNS yes", "Bogus=1", "Include=/x"};

	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 1);
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_MISSING);
	assert_string_equal(config.errors.items[0].path, MAIN);
	/* The vendor's file counts only for an sshd that has it built in. */
	put(root, "/usr/etc/ssh/sshd_config", "Port 2\n");
	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 1);
	assert_false(config.vendor);
	put(root, MAIN, "Port 3\nUseDNS no\n");
	assert_int_equal(sshd_config_load(root->target, &root->arena, &binary, NULL, options, 4, &config), 0);
	assert_int_equal(config.errors.count, 2);
	assert_null(config.errors.items[0].path);
	assert_string_equal(config.errors.items[0].message, "Bad configuration option: Bogus");
	assert_string_equal(config.errors.items[1].message, "Include directive not supported as a command-line option");
	assert_string_equal(sshd_config_get(&config, "UseDNS")->value, "yes");
	assert_null(sshd_config_get(&config, "Port")->path);
	assert_non_null(sshd_config_next(&config, "Port", sshd_config_get(&config, "Port")));
	assert_int_equal(sshd_config_load(root->target, &root->arena, &binary, "none", NULL, 0, &config), 0);
	assert_int_equal(config.errors.count, 0);
	assert_int_equal(sshd_config_load(root->target, &root->arena, &binary, "/dev/null", NULL, 0, &config), 0);
	assert_int_equal(config.errors.count, 0);
}

static void test_binary_is_asked(void **state)
{
	struct small_root *root = *state;
	struct sshd_binary binary = binary_of(root, OPENSSH_9_2);
	struct sshd_config config;

	put(root, MAIN, "DebianBanner maybe\nNoSuchThing 1\nLocalThing 1\nUsePAM maybe\nOldThing x\nRSAMinSize 2048\n");
	for (int i = 0; i < 5; i++) {
		static const struct sshd_keyword keywords[] = {
		    {"debianbanner", SSHD_KEYWORD_SUPPORTED, true, false, 1},
		    {"localthing", SSHD_KEYWORD_SUPPORTED, true, true, 2},
		    {"usepam", SSHD_KEYWORD_UNSUPPORTED, true, false, 99},
		    {"oldthing", SSHD_KEYWORD_DEPRECATED, true, false, 97},
		    {"rsaminsize", SSHD_KEYWORD_SUPPORTED, true, true, 3},
		};
		*array_push(&root->arena, &binary.image->keywords) = keywords[i];
	}
	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 3);
	assert_int_equal(config.errors.items[0].line, 1);
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_BAD_VALUE);
	assert_int_equal(config.errors.items[1].line, 2);
	assert_int_equal(config.errors.items[1].kind, SSHD_CONFIG_UNKNOWN_KEYWORD);
	assert_int_equal(config.errors.items[2].line, 3);
	assert_int_equal(config.errors.items[2].kind, SSHD_CONFIG_NOT_UNDERSTOOD);
	assert_string_equal(sshd_config_get(&config, "RequiredRSASize")->value, "2048");
}

static void test_unsure(void **state)
{
	struct small_root *root = *state;
	struct sshd_binary binary = binary_of(root, OPENSSH_9_2);
	struct sshd_config config;

	/* Without a binary to look into, a keyword that is not in the table may be a distribution's. */
	binary.image->error = -ENOENT;
	put(root, MAIN, "PermitRootLogn yes\nCiphers aes512-ctr\n");
	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 2);
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_NOT_UNDERSTOOD);
	assert_int_equal(config.errors.items[1].kind, SSHD_CONFIG_NOT_UNDERSTOOD);
	/* Of an unknown release nothing is sure. */
	binary = binary_of(root, OPENSSH_9_2);
	binary.version = NULL;
	binary.major = binary.minor = 0;
	put(root, MAIN, "Port 0\n");
	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 2);
	assert_string_equal(config.errors.items[0].message, "the release of this sshd is not known");
	assert_int_equal(config.errors.items[1].kind, SSHD_CONFIG_NOT_UNDERSTOOD);
	/* A release to come may take values that are not known yet, if its binary has them. */
	refuses(root, OPENSSH_11_0, "PermitRootLogin sometimes\n", 1, SSHD_CONFIG_BAD_VALUE,
		"unsupported option \"sometimes\".");
}

/* --- hostile files --- */

static char *repeat(struct small_root *root, const char *line, size_t size)
{
	size_t length = strlen(line), count = size / length;
	char *text = arena_alloc(&root->arena, count * length + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, line, length);
	return text;
}

static void test_large_files(void **state)
{
	struct small_root *root = *state;
	struct sshd_config config;
	clock_t start = clock();

	config = load(root, OPENSSH_9_2, repeat(root, "Garbage and more of it\n", 4 << 20));
	assert_int_equal(config.errors.count, 1000);
	config = load(root, OPENSSH_9_2, repeat(root, "AllowUsers someone@10.0.0.0/8\n", 4 << 20));
	assert_int_equal(config.errors.count, 0);
	config = load(root, OPENSSH_9_6, repeat(root, "Ciphers aes128-ctr,x-y\n", 4 << 20));
	assert_int_equal(config.errors.count, 1000);
	config = load(root, OPENSSH_9_6, repeat(root, "Include /nowhere/*\n", 4 << 20));
	assert_int_equal(config.errors.count, 0);
	/* One line */
	config = load(root, OPENSSH_8_4, repeat(root, "AllowUsers \"", 4 << 20));
	config = load(root, OPENSSH_9_2, repeat(root, "SetEnv A=B ", 4 << 20));
	assert_int_equal(config.errors.count, 1);
	/* Sanitizers and a loaded machine included; quadratic work takes hours. */
	assert_true((clock() - start) / CLOCKS_PER_SEC < 60);
}

static void test_too_large_a_file(void **state)
{
	struct small_root *root = *state;

	put(root, MAIN, "");
	assert_int_equal(truncate(small_root_at(root, MAIN), 1L << 30), 0);
	struct sshd_binary binary = binary_of(root, OPENSSH_9_2);
	struct sshd_config config;

	load_with(root, &binary, &config);
	assert_int_equal(config.errors.count, 1);
	assert_int_equal(config.errors.items[0].kind, SSHD_CONFIG_NOT_UNDERSTOOD);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table_is_sorted),
	    cmocka_unit_test(test_every_option_has_one_name),
	    TEST(test_keywords_come_and_go),
	    TEST(test_lines),
	    TEST(test_nul_joins_lines),
	    TEST(test_all_errors_are_told),
	    TEST(test_first_last_all),
	    TEST(test_choices),
	    TEST(test_numbers),
	    TEST(test_times),
	    TEST(test_paths),
	    TEST(test_rest_of_line),
	    TEST(test_lists),
	    TEST(test_permit),
	    TEST(test_subsystems),
	    TEST(test_methods),
	    TEST(test_ports),
	    TEST(test_listen_addresses),
	    TEST(test_algorithms),
	    TEST(test_match),
	    TEST(test_match_releases),
	    TEST(test_include),
	    TEST(test_include_trouble),
	    TEST(test_include_itself),
	    TEST(test_includes_are_bounded),
	    TEST(test_main_file),
	    TEST(test_binary_is_asked),
	    TEST(test_unsure),
	    TEST(test_large_files),
	    TEST(test_too_large_a_file),
	};

	return cmocka_run_group_tests_name("sshd_config", tests, NULL, NULL);
}
