/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/shadow.h"

static const char *const paths[] = {"/etc/shadow", NULL};

static void read_shadow(const struct fuzz_input *input)
{
	struct shadow_file shadow;

	shadow_load(input->target, input->arena, paths[0], &shadow);
	for (size_t i = 0; i < shadow.by_name.capacity; i++) {
		const struct shadow_entry *entry = shadow.by_name.slots[i].value;

		if (!shadow.by_name.slots[i].key)
			continue;
		assert(shadow_by_name(&shadow, entry->name) == entry && *entry->name);
		if (password_is_locked(entry->password))
			assert(password_kind_of(entry->password) == PASSWORD_NONE);
	}
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_shadow};
