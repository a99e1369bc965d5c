/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "base/sha256.h"
#include "txn/journal.h"

/* The checksum is made right, or nothing behind it would ever be reached; and what is accepted reads as what it was. */
static void read_manifest(const struct fuzz_input *input)
{
	unsigned char hash[SHA256_SIZE];
	char hash_text[SHA256_TEXT_SIZE];
	struct txn_manifest manifest = {0}, again = {0};
	const char *damage = NULL;
	struct blob text, written;

	sha256_of(input->files[0].data, input->files[0].size, hash);
	sha256_to_text(hash, hash_text);
	text.data = arena_alloc(input->arena, input->files[0].size + sizeof("end \n") + SHA256_TEXT_SIZE);
	memcpy(text.data, input->files[0].data, input->files[0].size);
	strcpy(text.data + input->files[0].size, "end ");
	strcat(text.data + input->files[0].size, hash_text);
	strcat(text.data + input->files[0].size, "\n");
	text.size = input->files[0].size + strlen(text.data + input->files[0].size);
	if (txn_manifest_parse(input->arena, &text, &manifest, &damage) < 0)
		return;
	for (size_t i = 0; i < manifest.entries.count; i++)
		assert(txn_entry_is_allowed(&manifest.entries.items[i]));
	written = txn_manifest_format(input->arena, &manifest);
	assert(txn_manifest_parse(input->arena, &written, &again, &damage) == 0);
	assert(again.entries.count == manifest.entries.count);
}

const struct fuzz_format fuzz_format = {.read = read_manifest};
