/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/sshd_binary.h"

#include <errno.h>
#include <string.h>

#include "base/ctype.h"
#include "base/text.h"
#include "parse/sshd_image.h"

enum {
	CHUNK_SIZE = 64 * 1024,
};

/* --- version and built-in paths --- */

/* "OpenSSH_9.2p1 Debian-2" -> 9.2p1. Not the patterns that sshd compares its peers with ("OpenSSH_7.4*"). */
static const char *version_end(const char *string, unsigned *ret_major, unsigned *ret_minor, bool *ret_portable)
{
	unsigned numbers[3] = {0};
	const char *at = string;

	*ret_portable = false;
	for (unsigned i = 0; i < 3; i++) {
		unsigned digits = 0;

		for (; char_is_digit(*at) && digits < 4; at++, digits++)
			numbers[i] = numbers[i] * 10 + (unsigned)(*at - '0');
		if (digits == 0 || char_is_digit(*at))
			return NULL;
		if (i == 0 && *at++ != '.')
			return NULL;
		if (i == 1 && *at != 'p')
			break;
		if (i == 1)
			at++, *ret_portable = true;
	}
	if (*at == '*' || *at == ',' || *at == '.' || char_is_alnum(*at))
		return NULL;
	*ret_major = numbers[0];
	*ret_minor = numbers[1];
	return at;
}

struct found_strings {
	struct sshd_binary *binary;
	bool portable; /* the version has its "p1": no better one will come */
	const char *wanted; /* not NULL: look for this string, and nothing else */
	bool found_wanted;
};

static void take_version(struct found_strings *found, const char *string)
{
	struct sshd_binary *binary = found->binary;
	unsigned major, minor;
	bool portable;
	const char *end = version_end(string, &major, &minor, &portable);

	if (!end || found->portable || (binary->version && !portable))
		return;
	binary->major = major;
	binary->minor = minor;
	binary->version = arena_memdup(binary->arena, string, (size_t)(end - string));
	found->portable = portable;
}

/* What distributions pass to configure --with-privsep-path. */
static bool is_privsep_path(const char *string)
{
	static const char *const paths[] = {
	    "/run/sshd",       "/var/run/sshd",	   "/var/lib/sshd",	 "/var/chroot/sshd",
	    "/var/chroot/ssh", "/var/empty/sshd",  "/var/empty/openssh", "/usr/share/empty.sshd",
	    "/run/openssh",    "/var/lib/openssh", "/var/sshd",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (string_equal(string, paths[i]))
			return true;
	}
	return string_ends_with(string, "/empty");
}

static void take_string(struct found_strings *found, const char *string)
{
	struct sshd_binary *binary = found->binary;
	const char *version;

	if (found->wanted) {
		found->found_wanted |= string_equal(string, found->wanted);
		return;
	}
	if (string[0] == 'O' && (version = string_after(string, "OpenSSH_"))) {
		take_version(found, version);
	} else if (string[0] == '/') {
		if (!binary->session_path && string_ends_with(string, "/sshd-session"))
			binary->session_path = arena_strdup(binary->arena, string);
		else if (!binary->auth_path && string_ends_with(string, "/sshd-auth"))
			binary->auth_path = arena_strdup(binary->arena, string);
		else if (!binary->privsep_path && is_privsep_path(string))
			binary->privsep_path = arena_strdup(binary->arena, string);
	}
}

static bool found_all(const struct found_strings *found)
{
	const struct sshd_binary *binary = found->binary;

	if (found->wanted)
		return found->found_wanted;
	return found->portable && binary->privsep_path &&
	       (!sshd_binary_at_least(binary, 9, 8) || binary->session_path) &&
	       (!sshd_binary_at_least(binary, 10, 0) || binary->auth_path);
}

/* Takes all whole strings of one range, a chunk at a time. */
static int scan_range(struct found_strings *found, const struct elf_range *range)
{
	char chunk[CHUNK_SIZE];
	uint64_t done = 0;

	while (done < range->size && done < SSHD_IMAGE_LIMIT && !found_all(found)) {
		size_t want = range->size - done < sizeof(chunk) ? (size_t)(range->size - done) : sizeof(chunk);
		ssize_t count;
		char *string = chunk, *end;

		if (range->offset > INT64_MAX - done)
			return 0;
		count = target_pread(found->binary->target, found->binary->path, chunk, want, range->offset + done);
		if (count <= 0)
			return (int)count;
		end = chunk + count;
		while (string < end) {
			char *nul = memchr(string, '\0', (size_t)(end - string));

			if (!nul)
				break;
			take_string(found, string);
			string = nul + 1;
		}
		/* The string at the end of the chunk is seen whole with the next one; a chunk without any NUL holds
		 * none. */
		done += string > chunk ? (size_t)(string - chunk) : (size_t)count;
	}
	return 0;
}

/* Takes the strings of all constants. */
static int scan_constants(struct found_strings *found, struct arena *arena)
{
	struct elf_file elf = {0};
	struct elf_reader reader;
	elf_range_list ranges = {0};
	struct elf_range names;
	const char *reason;
	int error;

	elf_reader_init(&reader, found->binary->target, found->binary->path, NULL);
	error = elf_load(&reader, arena, &elf, &reason);
	if (error < 0)
		return error;
	found->binary->machine = elf.machine;
	elf_constants(&reader, arena, &elf, &ranges);
	/* The names of what it takes from libraries. */
	if (found->wanted && elf_load_dynamic(&reader, arena, &elf, &reason) == 0 &&
	    elf_file_offset(&elf, elf.strings_address, elf.strings_size, &names.offset)) {
		names.size = elf.strings_size;
		*array_push(arena, &ranges) = names;
	}
	for (size_t i = 0; error == 0 && i < ranges.count && !found_all(found); i++)
		error = scan_range(found, &ranges.items[i]);
	return error;
}

void sshd_binary_load(struct target *target, struct arena *arena, const char *path, struct sshd_binary *ret)
{
	struct found_strings found = {.binary = ret};

	*ret = (struct sshd_binary){.target = target, .arena = arena, .path = arena_strdup(arena, path)};
	ret->read_error = scan_constants(&found, arena);
}

int sshd_binary_has_string(const struct sshd_binary *binary, const char *string)
{
	struct sshd_binary copy = *binary;
	struct found_strings found = {.binary = &copy, .wanted = string};
	int error = scan_constants(&found, binary->arena);

	return error < 0 ? error : found.found_wanted;
}

bool sshd_binary_at_least(const struct sshd_binary *binary, unsigned major, unsigned minor)
{
	if (!binary->version)
		return false;
	return binary->major > major || (binary->major == major && binary->minor >= minor);
}

static struct sshd_image *main_image(struct sshd_binary *binary)
{
	if (!binary->image)
		binary->image = sshd_image_load(binary->target, binary->arena, binary->path);
	return binary->image;
}

/* NULL before 9.8 */
static struct sshd_image *session_image(struct sshd_binary *binary)
{
	if (!binary->session_image && binary->session_path)
		binary->session_image = sshd_image_load(binary->target, binary->arena, binary->session_path);
	return binary->session_image;
}

int sshd_binary_knows(struct sshd_binary *binary, const char *word, bool nocase)
{
	const struct sshd_image *image = main_image(binary), *session;

	if (image->error < 0)
		return image->error;
	if (*word == '\0')
		return 0;
	if (sshd_image_knows(image, word, nocase))
		return 1;
	session = session_image(binary);
	return session && session->error == 0 && sshd_image_knows(session, word, nocase);
}

int sshd_binary_keyword(struct sshd_binary *binary, const char *word, struct sshd_keyword *ret)
{
	const struct sshd_image *image = main_image(binary);

	if (image->error < 0)
		return image->error;
	if (image->keywords.count == 0)
		return -ENODATA;
	for (size_t i = 0; i < image->keywords.count; i++) {
		if (!string_equal_nocase(image->keywords.items[i].name, word))
			continue;
		if (ret)
			*ret = image->keywords.items[i];
		return 1;
	}
	return 0;
}
