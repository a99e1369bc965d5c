/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/sshd_config.h"
#include "parse/sshd_image.h"

static const char *const paths[] = {"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/10-a.conf",
				    "/etc/ssh/sshd_config.d/20-b.conf", NULL};

/* The releases whose rules differ. */
static const unsigned releases[] = {704, 707, 800, 802, 804, 807, 902, 906, 909, 1000, 1003, 1100};

static void read_sshd_config(const struct fuzz_input *input)
{
	unsigned release = releases[input->choice % ARRAY_SIZE(releases)];
	struct sshd_binary binary = {
	    .target = input->target,
	    .arena = input->arena,
	    .path = "/usr/sbin/sshd",
	    .major = release / 100,
	    .minor = release % 100,
	    .version = "fuzzed",
	    .image = ARENA_NEW(input->arena, struct sshd_image),
	};
	struct sshd_config config = {0};
	const struct sshd_setting *setting = NULL;

	if (sshd_config_load(input->target, input->arena, &binary, NULL, NULL, 0, &config) < 0)
		return;
	while ((setting = sshd_config_next(&config, "ListenAddress", setting))) {
		struct sshd_listen listen;

		sshd_config_listen(input->arena, setting, &listen);
	}
}

const struct fuzz_format fuzz_format = {.paths = paths, .choices = true, .read = read_sshd_config};
