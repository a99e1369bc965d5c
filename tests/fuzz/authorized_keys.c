/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/authorized_keys.h"

static void read_authorized_keys(const struct fuzz_input *input)
{
	static const unsigned versions[] = {704, 708, 804, 902, 1000};
	const struct key_rules rules = {.dsa = true, .security_keys = true};
	unsigned version = versions[input->choice % ARRAY_SIZE(versions)];
	authorized_key_list keys;

	authorized_keys_read(&input->files[0], input->arena, &rules, version, &keys);
	for (size_t i = 0; i < keys.count; i++) {
		authorized_key_list again;
		struct blob line;
		const char *text;
		size_t count;

		assert((keys.items[i].state == AUTHORIZED_KEY_GOOD) == !keys.items[i].detail);
		if (keys.items[i].state != AUTHORIZED_KEY_GARBAGE ||
		    !authorized_key_rejoin(input->arena, &rules, version, &keys, i, &count, &text))
			continue;
		/* What the repair writes is a key. */
		line = (struct blob){.data = (char *)text, .size = strlen(text)};
		authorized_keys_read(&line, input->arena, &rules, version, &again);
		assert(count > 1 && again.count == 1 && again.items[0].state == AUTHORIZED_KEY_GOOD);
	}
}

const struct fuzz_format fuzz_format = {.choices = true, .read = read_authorized_keys};
