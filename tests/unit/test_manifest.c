/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests are untrusted input: what is accepted, and what is not. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "txn/journal.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define HEAD                                \
	"sshrescue-manifest 1\n"            \
	"id 20261122-184047-1\n"            \
	"time 1795372847\n"                 \
	"stamp 1795372847.123456789\n"      \
	"tool 1.0\n"                        \
	"command repair%20-y\n"             \
	"problem service.masked\n"          \
	"machine " HASH_A "\n"              \
	"filesystem ext:0123456789abcdef\n" \
	"born -5.000000001\n"
#define DIRECTORIES "directory 1790000000.000000000 /etc/ssh\n"
#define BEFORE "before file 0644 0 0 3289 1790000000.000000000 131 " HASH_A "\n"
#define AFTER "after file 0600 0 42 3288 1795372847.120000000 977 " HASH_B "\n"
#define ABSENT_BEFORE "before absent 0000 0 0 0 0.000000000 0 -\n"
#define ABSENT_AFTER "after absent 0000 0 0 0 0.000000000 0 -\n"
#define ENTRY "entry replace /etc/ssh/sshd_config\n" BEFORE AFTER

static struct arena arena;

static struct blob seal(const char *body)
{
	unsigned char hash[SHA256_SIZE];
	char hash_text[SHA256_TEXT_SIZE];
	struct blob result;

	sha256_of(body, strlen(body), hash);
	sha256_to_text(hash, hash_text);
	result.data = arena_printf(&arena, "%send %s\n", body, hash_text);
	result.size = strlen(result.data);
	return result;
}

static int parse(const struct blob *text, struct txn_manifest *manifest)
{
	const char *damage = NULL;
	int result = txn_manifest_parse(&arena, text, manifest, &damage);

	assert_true(result == 0 ? !damage : damage != NULL);
	return result;
}

static int parse_body(const char *body)
{
	struct txn_manifest manifest;
	struct blob text = seal(body);

	return parse(&text, &manifest);
}

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	arena = (struct arena){0};
	return 0;
}

static void reads_every_field(void **state)
{
	struct txn_manifest manifest;
	struct blob text = seal(HEAD DIRECTORIES ENTRY);
	const struct txn_entry *entry;

	(void)state;
	assert_int_equal(parse(&text, &manifest), 0);
	assert_string_equal(manifest.id, "20261122-184047-1");
	assert_int_equal(manifest.time, 1795372847);
	assert_int_equal(manifest.stamp.tv_nsec, 123456789);
	assert_string_equal(manifest.tool_version, "1.0");
	assert_string_equal(manifest.command, "repair -y");
	assert_int_equal(manifest.problems.count, 1);
	assert_string_equal(manifest.problems.items[0], "service.masked");
	assert_string_equal(manifest.identity.machine, HASH_A);
	assert_true(manifest.identity.has_born);
	assert_int_equal(manifest.identity.born.tv_sec, -5);
	assert_int_equal(manifest.identity.born.tv_nsec, 1);
	assert_int_equal(manifest.directories.count, 1);
	assert_string_equal(manifest.directories.items[0].path, "/etc/ssh");
	assert_int_equal(manifest.entries.count, 1);
	entry = &manifest.entries.items[0];
	assert_int_equal(entry->operation, TXN_REPLACE);
	assert_string_equal(entry->path, "/etc/ssh/sshd_config");
	assert_int_equal(entry->before.type, NODE_FILE);
	assert_int_equal(entry->before.mode, 0644);
	assert_int_equal(entry->before.size, 3289);
	assert_int_equal(entry->before.inode, 131);
	assert_true(entry->before.hashed);
	assert_int_equal(entry->before.hash[31], 0xaa);
	assert_int_equal(entry->after.gid, 42);
	assert_ptr_equal(txn_manifest_directory(&manifest, entry->path), &manifest.directories.items[0]);
}

static void writes_what_it_reads(void **state)
{
	static const char *const bodies[] = {
	    HEAD DIRECTORIES ENTRY,
	    HEAD "directory 0.000000000 /etc/ssh/%ff%20x\n"
		 "entry create /etc/ssh/%ff%20x/%25-\n" ABSENT_BEFORE AFTER,
	};
	struct txn_manifest manifest;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct blob text = seal(bodies[i]), again;

		assert_int_equal(parse(&text, &manifest), 0);
		again = txn_manifest_format(&arena, &manifest);
		assert_string_equal(again.data, text.data);
	}
}

static void names_nothing_else(void **state)
{
	static const char *const paths[] = {
	    "/etc/cron.d/job",
	    "/etc/ssh/../cron.d/job",
	    "/etc/ssh/./sshd_config",
	    "/etc/ssh//sshd_config",
	    "/etc/ssh/",
	    "etc/ssh/sshd_config",
	    "../../etc/ssh/sshd_config",
	    "/",
	    "-",
	    "/etc/sshrescue",
	    "/etc/sshrescue/20261122-184047-1/prepared",
	    "/etc/shadow-",
	    "/root/.ssh/environment",
	    "/etc/ssh/a%00b",
	    "/etc/ssh/a%0ab",
	    "/etc/ssh/a%zz",
	    "/etc/ssh/a%",
	    "/usr/sbin/sshd",
	    "/boot/vmlinuz",
	    "/tmp/x",
	};

	(void)state;
	assert_int_equal(parse_body(HEAD "entry create /etc/ssh/x\n" ABSENT_BEFORE AFTER), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *body = arena_printf(&arena, "%sentry create %s\n" ABSENT_BEFORE AFTER, HEAD, paths[i]);

		assert_int_equal(parse_body(body), -EUCLEAN);
		body = arena_printf(&arena, "%sentry replace %s\n" BEFORE AFTER, HEAD, paths[i]);
		assert_int_equal(parse_body(body), -EUCLEAN);
	}
}

static void operations_must_fit(void **state)
{
	static const char *const good[] = {
	    "entry remove /etc/ssh/x\n" BEFORE ABSENT_AFTER,
	    "entry mkdir /etc/ssh/x\n" ABSENT_BEFORE "after directory 0755 0 0 0 0.000000000 0 -\n",
	    "entry attributes /\nbefore directory 0777 0 0 0 0.000000000 2 -\n"
	    "after directory 0755 0 0 0 0.000000000 2 -\n",
	    "entry attributes /usr/sbin/sshd\nbefore file 0644 0 0 1 0.000000000 2 -\n"
	    "after file 0755 0 0 1 0.000000000 2 -\n",
	    "entry replace /root/.ssh/authorized_keys\n" BEFORE AFTER,
	    "entry remove /etc/ssh/fifo\nbefore other 010644 0 0 0 0.000000000 2 -\n" ABSENT_AFTER,
	};
	static const char *const bad[] = {
	    "entry remove /etc/ssh/x\n" ABSENT_BEFORE AFTER,
	    "entry remove /etc/ssh/x\n" BEFORE AFTER,
	    "entry remove /etc/ssh/x\nbefore directory 0755 0 0 0 0.000000000 0 -\n" ABSENT_AFTER,
	    "entry create /etc/ssh/x\n" BEFORE AFTER,
	    "entry create /etc/ssh/x\n" ABSENT_BEFORE ABSENT_AFTER,
	    "entry create /etc/ssh/x\n" ABSENT_BEFORE "after other 010644 0 0 0 0.000000000 2 -\n",
	    "entry create /etc/ssh/x\n" ABSENT_BEFORE "after file 0644 0 0 0 0.000000000 2 -\n",
	    "entry create /etc/ssh/x\n" ABSENT_BEFORE "after directory 0755 0 0 0 0.000000000 0 -\n",
	    "entry mkdir /etc/ssh/x\n" ABSENT_BEFORE AFTER,
	    "entry mkdir /etc/ssh/x\n" BEFORE "after directory 0755 0 0 0 0.000000000 0 -\n",
	    "entry replace /etc/ssh/x\n" BEFORE "after file 0644 0 0 3289 1.000000000 9 " HASH_A "\n",
	    "entry replace /etc/ssh/x\n" BEFORE ABSENT_AFTER,
	    "entry attributes /etc/ssh/x\n" BEFORE "after directory 0755 0 0 0 0.000000000 0 -\n",
	    "entry attributes /etc/ssh/x\n" BEFORE BEFORE,
	    "entry attributes /etc/ssh/x\n" ABSENT_BEFORE ABSENT_AFTER,
	    /* the owner of a program */
	    "entry attributes /usr/sbin/sshd\nbefore file 0755 0 0 1 0.000000000 2 -\n"
	    "after file 0755 1000 0 1 0.000000000 2 -\n",
	    "entry chmod /etc/ssh/x\n" BEFORE AFTER,
	    /* keys are mended, never given */
	    "entry create /root/.ssh/authorized_keys\n" ABSENT_BEFORE AFTER,
	    "entry remove /root/.ssh/authorized_keys\n" BEFORE ABSENT_AFTER,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(parse_body(arena_printf(&arena, "%s%s", HEAD, good[i])), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_body(arena_printf(&arena, "%s%s", HEAD, bad[i])), -EUCLEAN);
}

static void malformed(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "sshrescue-manifest 1\n",
	    HEAD "\n",
	    HEAD "nonsense\n",
	    HEAD "entry replace /etc/ssh/sshd_config\n",
	    HEAD "entry replace /etc/ssh/sshd_config\n" BEFORE,
	    HEAD "entry replace /etc/ssh/sshd_config\n" AFTER BEFORE,
	    HEAD "entry replace  /etc/ssh/sshd_config\n" BEFORE AFTER,
	    HEAD "entry replace /etc/ssh/sshd_config \n" BEFORE AFTER,
	    HEAD ENTRY ENTRY,
	    HEAD ENTRY DIRECTORIES,
	    HEAD DIRECTORIES DIRECTORIES ENTRY,
	    HEAD "directory 0.000000000 /etc/default\n" ENTRY,
	    HEAD "directory 0.0 /etc/ssh\n" ENTRY,
	    HEAD "directory 0.000000000 etc/ssh\n" ENTRY,
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE AFTER "entry create /etc/ssh/a\n" ABSENT_BEFORE AFTER,
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE "after file 10600 0 42 3288 1795372847.120000000 977 " HASH_B
		 "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE "after file 0680 0 42 3288 1795372847.120000000 977 " HASH_B
		 "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE
		 "after file 0600 4294967296 42 3288 1795372847.120000000 977 " HASH_B "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE "after file 0600 -1 42 3288 1795372847.120000000 977 " HASH_B
		 "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE
		 "after file 0600 0 42 18446744073709551616 1795372847.120000000 977 " HASH_B "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE
		 "after file 0600 0 42 3288 99999999999999999999.120000000 977 " HASH_B "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE "after file 0600 0 42 3288 1795372847.1200000000 977 " HASH_B
		 "\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE "after file 0600 0 42 3288 1795372847.120000000 977 " HASH_B
		 "b\n",
	    HEAD "entry create /etc/ssh/z\n" ABSENT_BEFORE
		 "after socket 0600 0 42 3288 1795372847.120000000 977 " HASH_B "\n",
	    "sshrescue-manifest 1\nid ../../../x\ntime 1\nstamp 1.000000000\ntool -\ncommand -\nmachine -\n"
	    "filesystem -\nborn -\n",
	    "sshrescue-manifest 1\nid 20261122-184047-1\ntime -1\nstamp 1.000000000\ntool -\ncommand -\nmachine -\n"
	    "filesystem -\nborn -\n",
	    "sshrescue-manifest 1\nid 20261122-184047-1\ntime 1\nstamp 1.000000000\ntool -\ncommand -\n"
	    "machine " HASH_A HASH_A "\nfilesystem -\nborn -\n",
	};
	struct txn_manifest manifest;
	struct blob text;

	(void)state;
	assert_int_equal(parse_body("sshrescue-manifest 1\nid 20261122-184047-1\ntime 1\nstamp 1.000000000\ntool -\n"
				    "command -\nmachine -\nfilesystem -\nborn -\n"),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		assert_int_equal(parse_body(bodies[i]), -EUCLEAN);
	assert_int_equal(parse_body("sshrescue-manifest 2\nid 20261122-184047-1\n"), -EOPNOTSUPP);
	/* A NUL inside, under a right checksum */
	text = seal(HEAD ENTRY);
	text.data[40] = '\0';
	assert_int_equal(parse(&text, &manifest), -EUCLEAN);
}

static void too_much(void **state)
{
	struct text body = {.arena = &arena};

	(void)state;
	text_add_string(&body, HEAD);
	for (unsigned i = 0; i < TXN_ENTRY_LIMIT; i++)
		text_printf(&body, "entry create /etc/ssh/%05u\n%s%s", i, ABSENT_BEFORE, AFTER);
	assert_int_equal(parse_body(body.data), 0);
	text_printf(&body, "entry create /etc/ssh/%05u\n%s%s", TXN_ENTRY_LIMIT, ABSENT_BEFORE, AFTER);
	assert_int_equal(parse_body(body.data), -EUCLEAN);
}

/* Every flipped bit and every truncation is found. */
static void damage_is_found(void **state)
{
	struct blob text = seal(HEAD DIRECTORIES ENTRY), copy;
	struct txn_manifest manifest;

	(void)state;
	for (size_t i = 0; i < text.size * 8; i++) {
		copy = text;
		copy.data = arena_memdup(&arena, text.data, text.size);
		copy.data[i / 8] = (char)(copy.data[i / 8] ^ 1 << i % 8);
		assert_true(parse(&copy, &manifest) < 0);
	}
	for (size_t size = 0; size < text.size; size++) {
		copy.size = size;
		copy.data = arena_memdup(&arena, text.data, size);
		assert_int_equal(parse(&copy, &manifest), -EUCLEAN);
	}
}

/* Whatever stands in it, with a right checksum: no crash, and nothing but what policy allows. */
static void random_manifests(void **state)
{
	static const char *const pieces[] = {ENTRY,	    "entry create /etc/passwd\n" ABSENT_BEFORE AFTER,
					     DIRECTORIES,   "entry remove /etc/ssh/z\n" BEFORE ABSENT_AFTER,
					     "entry ",	    "replace ",
					     "mkdir ",	    "/etc/ssh/x",
					     "/../",	    "\n",
					     " ",	    "%",
					     BEFORE,	    AFTER,
					     "problem x\n", "0644 ",
					     "file ",	    "1.000000000 "};
	unsigned seed = 1;
	unsigned accepted = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct arena own = {0};
		struct text body = {.arena = &own};
		struct txn_manifest manifest;
		const char *damage = NULL;
		unsigned char hash[SHA256_SIZE];
		char hash_text[SHA256_TEXT_SIZE];
		struct blob text;

		text_add_string(&body, HEAD);
		for (unsigned i = 0; i < 12; i++) {
			seed = seed * 1103515245 + 12345;
			text_add_string(&body, pieces[(seed >> 16) % ARRAY_SIZE(pieces)]);
			if ((seed >> 8) % 3 == 0)
				break;
		}
		seed = seed * 1103515245 + 12345;
		if ((seed >> 16) % 4 == 0)
			body.data[(seed >> 18) % body.size] = (char)(seed >> 9);
		sha256_of(body.data, body.size, hash);
		sha256_to_text(hash, hash_text);
		text_printf(&body, "end %s\n", hash_text);
		text = (struct blob){.data = body.data, .size = body.size};
		if (txn_manifest_parse(&own, &text, &manifest, &damage) == 0) {
			accepted++;
			for (size_t i = 0; i < manifest.entries.count; i++)
				assert_true(txn_entry_is_allowed(&manifest.entries.items[i]));
		}
		arena_release(&own);
	}
	/* Else the test would say nothing. */
	assert_true(accepted > 0 && accepted < 20000);
}

static void identifiers(void **state)
{
	static const char *const bad[] = {"",
					  "..",
					  "20261122-184047",
					  "20261122-184047-",
					  "20261122-184047-0",
					  "20261122-184047-01",
					  "2026112-184047-1",
					  "20261122-184047-1/",
					  "20261122-184047-1x",
					  "20261122-184047-1234567890123456789",
					  "20261122_184047-1"};
	uint64_t serial;

	(void)state;
	assert_true(txn_id_is_valid("20261122-184047-1", &serial));
	assert_int_equal(serial, 1);
	assert_true(txn_id_is_valid("19700101-000000-123456789012345678", &serial));
	assert_int_equal(serial, 123456789012345678);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(txn_id_is_valid(bad[i], &serial));
}

static void identities(void **state)
{
	struct txn_identity a = {.machine = HASH_A, .filesystem = "ext:1", .has_born = true, .born = {.tv_sec = 5}};
	struct txn_identity b = a, unknown = {.machine = ""};

	(void)state;
	assert_null(txn_identity_differs(&a, &b));
	assert_null(txn_identity_differs(&a, &unknown));
	assert_null(txn_identity_differs(&unknown, &a));
	strcpy(b.machine, HASH_B);
	assert_non_null(txn_identity_differs(&a, &b));
	b = a;
	strcpy(b.filesystem, "ext:2");
	assert_non_null(txn_identity_differs(&a, &b));
	b = a;
	b.born.tv_nsec = 1;
	assert_non_null(txn_identity_differs(&a, &b));
	b.has_born = false;
	assert_null(txn_identity_differs(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(reads_every_field, release),
	    cmocka_unit_test_teardown(writes_what_it_reads, release),
	    cmocka_unit_test_teardown(names_nothing_else, release),
	    cmocka_unit_test_teardown(operations_must_fit, release),
	    cmocka_unit_test_teardown(malformed, release),
	    cmocka_unit_test_teardown(too_much, release),
	    cmocka_unit_test_teardown(damage_is_found, release),
	    cmocka_unit_test_teardown(random_manifests, release),
	    cmocka_unit_test_teardown(identifiers, release),
	    cmocka_unit_test_teardown(identities, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
