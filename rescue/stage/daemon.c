/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon: can sshd start at all? Programs, libraries, privilege separation, start options. */
#include "stage/daemon.h"

#include "base/text.h"

/* 9.8 gave each connection a program of its own, 10.0 one more for authentication; the configuration may move them. */
static const char *helper_path(const struct facts *facts, const char *keyword, const char *built_in)
{
	const struct sshd_setting *setting = sshd_config_get(&facts->config, keyword);

	if (setting && setting->argument_count && setting->arguments[0][0] == '/')
		return setting->arguments[0];
	return built_in;
}

void stage_daemon(const struct facts *facts, struct findings *findings)
{
	struct daemon_stage stage = {
	    .facts = facts,
	    .findings = findings,
	    .arena = findings->arena,
	    .binary = facts->service.binary ? facts->service.binary : "/usr/sbin/sshd",
	};

	/* What a broken program hides comes to light when it is repaired. */
	findings->partial[STAGE_DAEMON] = facts->binary.read_error < 0;
	if (sshd_binary_at_least(&facts->binary, 9, 8))
		stage.session_path = helper_path(facts, "SshdSessionPath", facts->binary.session_path);
	if (sshd_binary_at_least(&facts->binary, 10, 0))
		stage.auth_path = helper_path(facts, "SshdAuthPath", facts->binary.auth_path);
	daemon_check_program(&stage, stage.binary, false);
	if (stage.session_path)
		daemon_check_program(&stage, stage.session_path, true);
	if (stage.auth_path)
		daemon_check_program(&stage, stage.auth_path, true);
	daemon_check_user(&stage);
	daemon_check_directory(&stage);
	daemon_check_options(&stage);
}
