/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/openssh_key.h"

/* A release with everything, and one with the least. */
static const struct key_rules rules[] = {{.dsa = true, .security_keys = true, .pem_ed25519 = true}, {0}};

static void read_host_key(const struct fuzz_input *input)
{
	struct private_key key = {0}, mended = {0};
	struct public_line line = {0};
	struct blob content;
	const struct key_rules *which = &rules[input->choice % ARRAY_SIZE(rules)];

	private_key_read(&input->files[0], input->arena, which, &key);
	if (key.loads == KEY_YES)
		private_key_halves_match(&key);
	public_line_read(&input->files[0], input->arena, which, &line);
	if (private_key_mend_text(&input->files[0], input->arena, which, &content)) {
		private_key_read(&content, input->arena, which, &mended);
		assert(mended.loads == KEY_YES);
	}
}

const struct fuzz_format fuzz_format = {.choices = true, .read = read_host_key};
