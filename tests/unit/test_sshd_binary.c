/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read out of an sshd: from programs made for the test, and from the real ones of three releases. */
#include "small_root.h"

#include <errno.h>

#include "base/text.h"
#include "elf_builder.h"
#include "parse/sshd_binary.h"

#define SSHD "/usr/sbin/sshd"

enum {
	CONSTANTS = ELF_BUILD_VERSIONS + 0x80, /* behind what the builder writes, in the read-only segment */
	RELOCATIONS = 0x600,
};

/* A program with strings, and with a table of keywords that points to them. */
struct sshd_build {
	struct elf_build elf;
	size_t constants;
	size_t rows; /* bytes of the table */
	unsigned filler;
	bool relocated; /* pointers are made by relocations, not stored */
	size_t relocations;
};

static void begin(struct sshd_build *build, const struct elf_spec *spec, bool relocated)
{
	static struct elf_spec copy;

	copy = *spec;
	copy.rela_offset = relocated ? RELOCATIONS : 0;
	copy.rela_size = relocated ? 110 * 24 : 0;
	memset(build, 0, sizeof(*build));
	elf_build(&build->elf, &copy);
	build->relocated = relocated;
}

/* Where the string is. */
static size_t add_string(struct sshd_build *build, const char *text)
{
	size_t at = CONSTANTS + build->constants;

	memcpy(build->elf.data + at, text, strlen(text) + 1);
	build->constants += strlen(text) + 1;
	assert_true(CONSTANTS + build->constants < ELF_BUILD_DATA);
	return at;
}

static void add_pointer(struct sshd_build *build, size_t location, size_t address)
{
	unsigned word = elf_word(&build->elf);
	size_t at = RELOCATIONS + build->relocations;

	if (!build->relocated) {
		elf_put(&build->elf, location, word, address);
		return;
	}
	elf_put(&build->elf, at, word, location);
	elf_put(&build->elf, at + word, word, 8); /* R_X86_64_RELATIVE */
	elf_put(&build->elf, at + 2 * word, word, address);
	build->relocations += 3 * word;
}

static void add_keyword(struct sshd_build *build, size_t string, unsigned opcode, unsigned flags)
{
	unsigned word = elf_word(&build->elf);
	size_t at = ELF_BUILD_DATA + 0x100 + build->rows;

	add_pointer(build, at, string);
	elf_put(&build->elf, at + word, 4, opcode);
	elf_put(&build->elf, at + word + 4, 4, flags);
	build->rows += word + 8;
}

/* The keywords that the tests ask for, among enough others. */
static void add_table(struct sshd_build *build)
{
	size_t localport = add_string(build, "localport");

	add_keyword(build, localport + strlen("local"), 2, 1); /* "port", as the tail of another string */
	add_keyword(build, add_string(build, "permitrootlogin"), 5, 3);
	add_keyword(build, add_string(build, "serverkeybits"), 100, 1);
	add_keyword(build, add_string(build, "protocol"), 101, 1);
	add_keyword(build, add_string(build, "kerberosauthentication"), 102, 3);
	for (; build->filler < 64; build->filler++) {
		char name[8];

		snprintf(name, sizeof(name), "kw%u", build->filler);
		add_keyword(build, add_string(build, name), 50, 1);
	}
}

static void finish(const struct small_root *root, const struct sshd_build *build, const char *path)
{
	put_bytes(root, path, build->elf.data, build->elf.size);
}

static const char *version_of(struct small_root *root, const char *const *strings)
{
	struct sshd_build build;
	struct sshd_binary binary;

	begin(&build, &(struct elf_spec){0}, false);
	add_string(&build, "");
	for (; *strings; strings++)
		add_string(&build, *strings);
	finish(root, &build, SSHD);
	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_int_equal(binary.read_error, 0);
	return binary.version;
}

#define VERSION_OF(...) version_of(root, (const char *const[]){__VA_ARGS__, NULL})

static void test_version(void **state)
{
	struct small_root *root = *state;

	assert_string_equal(VERSION_OF("OpenSSH_9.2", "OpenSSH_9.2p1 Debian-2+deb12u10"), "9.2p1");
	assert_string_equal(VERSION_OF("OpenSSH_7.4*", "OpenSSH_2.*,OpenSSH_3.0*", "OpenSSH_8.7p1"), "8.7p1");
	assert_string_equal(VERSION_OF("OpenSSH_6.6.1*", "OpenSSH_10.0"), "10.0");
	assert_null(VERSION_OF("OpenSSH_7.0*,OpenSSH_7.1*", "OpenSSH_", "OpenSSH_x", "NotOpenSSH_9.9p1"));
	assert_null(VERSION_OF("OpenSSH_99999.1p1"));
}

static void test_version_numbers(void **state)
{
	struct small_root *root = *state;
	struct sshd_binary binary;

	VERSION_OF("OpenSSH_10.0p2 Debian-7");
	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_int_equal(binary.major, 10);
	assert_int_equal(binary.minor, 0);
	assert_true(sshd_binary_at_least(&binary, 9, 8));
	assert_true(sshd_binary_at_least(&binary, 10, 0));
	assert_false(sshd_binary_at_least(&binary, 10, 1));
}

static void test_no_binary(void **state)
{
	struct small_root *root = *state;
	struct sshd_binary binary;

	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_int_equal(binary.read_error, -ENOENT);
	assert_null(binary.version);
	assert_false(sshd_binary_at_least(&binary, 0, 0));
	assert_int_equal(sshd_binary_knows(&binary, "port", true), -ENOENT);
	assert_int_equal(sshd_binary_keyword(&binary, "port", NULL), -ENOENT);
	put(root, "/usr/sbin/other", "#!/bin/sh\n# OpenSSH_9.2p1\n");
	sshd_binary_load(root->target, &root->arena, "/usr/sbin/other", &binary);
	assert_int_equal(binary.read_error, -ENOEXEC);
	assert_int_equal(sshd_binary_knows(&binary, "port", true), -ENOEXEC);
}

static void check_table(struct small_root *root)
{
	struct sshd_binary binary;
	struct sshd_keyword keyword;

	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_int_equal(sshd_binary_keyword(&binary, "Port", &keyword), 1);
	assert_int_equal(keyword.kind, SSHD_KEYWORD_SUPPORTED);
	assert_true(keyword.global);
	assert_false(keyword.match);
	assert_int_equal(sshd_binary_keyword(&binary, "PermitRootLogin", &keyword), 1);
	assert_true(keyword.match);
	assert_int_equal(sshd_binary_keyword(&binary, "serverkeybits", &keyword), 1);
	assert_int_equal(keyword.kind, SSHD_KEYWORD_DEPRECATED);
	assert_int_equal(sshd_binary_keyword(&binary, "Protocol", &keyword), 1);
	assert_int_equal(keyword.kind, SSHD_KEYWORD_IGNORED);
	assert_int_equal(sshd_binary_keyword(&binary, "KerberosAuthentication", &keyword), 1);
	assert_int_equal(keyword.kind, SSHD_KEYWORD_UNSUPPORTED);
	/* Whole strings of the program, but no keywords. */
	assert_int_equal(sshd_binary_keyword(&binary, "localport", &keyword), 0);
	assert_int_equal(sshd_binary_keyword(&binary, "nosuchthing", &keyword), 0);
	assert_int_equal(sshd_binary_keyword(&binary, "", &keyword), 0);
	/* A tail that the data points to is known, another tail is not. */
	assert_int_equal(sshd_binary_knows(&binary, "port", false), 1);
	assert_int_equal(sshd_binary_knows(&binary, "Port", false), 0);
	assert_int_equal(sshd_binary_knows(&binary, "PORT", true), 1);
	assert_int_equal(sshd_binary_knows(&binary, "ort", false), 0);
	assert_int_equal(sshd_binary_knows(&binary, "localport", false), 1);
	assert_int_equal(sshd_binary_knows(&binary, "local", false), 0);
	assert_int_equal(sshd_binary_knows(&binary, "", false), 0);
}

static void test_keyword_table(void **state)
{
	struct small_root *root = *state;

	for (unsigned i = 0; i < 8; i++) {
		struct sshd_build build;

		begin(&build, &(struct elf_spec){.narrow = i & 1, .big_endian = i & 2, .machine = i & 1 ? EM_ARM : 0},
		      i & 4);
		add_string(&build, "");
		add_table(&build);
		finish(root, &build, SSHD);
		check_table(root);
	}
}

static void test_no_keyword_table(void **state)
{
	struct small_root *root = *state;
	struct sshd_build build;
	struct sshd_binary binary;

	begin(&build, &(struct elf_spec){0}, false);
	add_keyword(&build, add_string(&build, "permitrootlogin"), 5, 3); /* a table of one row is none */
	finish(root, &build, SSHD);
	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_int_equal(sshd_binary_keyword(&binary, "permitrootlogin", NULL), -ENODATA);
	assert_int_equal(sshd_binary_knows(&binary, "permitrootlogin", false), 1);
}

/* 9.8 and newer: two programs. */
static void test_helpers(void **state)
{
	struct small_root *root = *state;
	struct sshd_build build;
	struct sshd_binary binary;

	begin(&build, &(struct elf_spec){0}, false);
	add_string(&build, "");
	add_string(&build, "OpenSSH_10.2p1");
	add_string(&build, "/usr/libexec/openssh/sshd-session");
	add_string(&build, "/usr/libexec/openssh/sshd-auth");
	add_string(&build, "/usr/share/empty.sshd");
	add_string(&build, "listener-only");
	finish(root, &build, SSHD);
	begin(&build, &(struct elf_spec){0}, false);
	add_string(&build, "");
	add_string(&build, "session-only@openssh.com");
	finish(root, &build, "/usr/libexec/openssh/sshd-session");
	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_string_equal(binary.session_path, "/usr/libexec/openssh/sshd-session");
	assert_string_equal(binary.auth_path, "/usr/libexec/openssh/sshd-auth");
	assert_string_equal(binary.privsep_path, "/usr/share/empty.sshd");
	assert_int_equal(sshd_binary_knows(&binary, "listener-only", false), 1);
	assert_int_equal(sshd_binary_knows(&binary, "session-only@openssh.com", false), 1);
	assert_int_equal(sshd_binary_knows(&binary, "nobody-knows", false), 0);
	assert_int_equal(sshd_binary_has_string(&binary, "listener-only"), 1);
	assert_int_equal(sshd_binary_has_string(&binary, "session-only@openssh.com"), 0);
}

static void test_names_of_functions(void **state)
{
	struct small_root *root = *state;
	struct sshd_build build;
	struct sshd_binary binary;

	/* The builder puts names of libraries and of symbols into one table. */
	begin(&build, &(struct elf_spec){.soname = "sd_listen_fds"}, false);
	finish(root, &build, SSHD);
	sshd_binary_load(root->target, &root->arena, SSHD, &binary);
	assert_int_equal(sshd_binary_has_string(&binary, "sd_listen_fds"), 1);
	assert_int_equal(sshd_binary_has_string(&binary, "listen_fds"), 0);
	/* They are no constants. */
	assert_int_equal(sshd_binary_knows(&binary, "sd_listen_fds", false), 0);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void test_damaged(void **state)
{
	struct small_root *root = *state;
	uint32_t seed = 3;

	for (unsigned i = 0; i < 400; i++) {
		struct sshd_build build;
		struct sshd_binary binary;

		begin(&build, &(struct elf_spec){.narrow = i & 1, .big_endian = i & 2}, i & 4);
		add_string(&build, "OpenSSH_9.2p1");
		add_table(&build);
		for (unsigned j = 0; j < 4; j++) {
			unsigned limit = j & 1 ? 0x180 : ELF_BUILD_SIZE;

			build.elf.data[16 + next_random(&seed) % (limit - 16)] = (unsigned char)next_random(&seed);
		}
		if (i % 5 == 0)
			build.elf.size = next_random(&seed) % ELF_BUILD_SIZE;
		finish(root, &build, SSHD);
		sshd_binary_load(root->target, &root->arena, SSHD, &binary);
		sshd_binary_knows(&binary, "nosuchthing", true);
		sshd_binary_keyword(&binary, "port", NULL);
		sshd_binary_has_string(&binary, "LISTEN_FDS");
		arena_release(&root->arena);
		root->arena = (struct arena){0};
	}
}

/* --- the real ones --- */

struct release {
	const char *root, *version, *session;
	const char *known[4], *unknown[4], *algorithms[3], *no_algorithms[3];
};

static const struct release releases[] = {
    {"build/roots/bullseye",
     "8.4p1",
     NULL,
     {"Port", "Include", "DebianBanner", "GSSAPIKeyExchange"},
     {"RequiredRSASize", "PerSourcePenalties", "Listen", "User"},
     {"ssh-dss", "aes256-gcm@openssh.com", "hmac-md5"},
     {"sntrup761x25519-sha512@openssh.com", "arcfour", "mlkem768x25519-sha256"}},
    {"build/roots/bookworm",
     "9.2p1",
     NULL,
     {"Port", "RequiredRSASize", "ChannelTimeout", "UsePrivilegeSeparation"},
     {"PerSourcePenalties", "RefuseConnection", "Listen", "User"},
     {"ssh-dss", "sntrup761x25519-sha512@openssh.com", "chacha20-poly1305@openssh.com"},
     {"mlkem768x25519-sha256", "arcfour", "blowfish-cbc"}},
    {"build/roots/trixie",
     "10.0p2",
     "/usr/lib/openssh/sshd-session",
     {"Port", "PerSourcePenalties", "RefuseConnection", "SshdSessionPath"},
     {"Listen", "User", "PermitRootLogn", "GSSAPIStoreDelegatedCredentials"},
     {"mlkem768x25519-sha256", "aes256-gcm@openssh.com", "rsa-sha2-512"},
     {"ssh-dss", "arcfour", "blowfish-cbc"}},
};

static void check_release(const struct release *release, struct target *target)
{
	struct arena arena __attribute__((cleanup(arena_release))) = {0};
	struct sshd_binary binary;

	sshd_binary_load(target, &arena, SSHD, &binary);
	assert_int_equal(binary.read_error, 0);
	assert_string_equal(binary.version, release->version);
	assert_string_equal(binary.privsep_path, "/run/sshd");
	if (release->session)
		assert_string_equal(binary.session_path, release->session);
	else
		assert_null(binary.session_path);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(sshd_binary_keyword(&binary, release->known[i], NULL), 1);
		assert_int_equal(sshd_binary_keyword(&binary, release->unknown[i], NULL), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sshd_binary_knows(&binary, release->algorithms[i], false), 1);
		assert_int_equal(sshd_binary_knows(&binary, release->no_algorithms[i], false), 0);
	}
}

static void test_real_releases(void **state)
{
	unsigned checked = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
		cleanup_target struct target *target = NULL;

		if (target_open(&target, releases[i].root, 0) < 0 || !target_exists(target, SSHD))
			continue;
		check_release(&releases[i], target);
		checked++;
	}
	if (checked == 0)
		skip(); /* scripts/target-root makes them */
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_ROOT(test_version),
	    WITH_ROOT(test_version_numbers),
	    WITH_ROOT(test_no_binary),
	    WITH_ROOT(test_keyword_table),
	    WITH_ROOT(test_no_keyword_table),
	    WITH_ROOT(test_helpers),
	    WITH_ROOT(test_names_of_functions),
	    WITH_ROOT(test_damaged),
	    cmocka_unit_test(test_real_releases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
