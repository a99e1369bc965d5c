/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse/ufw_script.h"

#include "base/text.h"
#include "parse/ufw.h"
#include "stage/firewall_mention.h"

enum {
	SCRIPT_LIMIT = 1024 * 1024,
};

void ufw_script_read(struct target *target, struct arena *arena, struct ufw_script *ret)
{
	static const char *const paths[] = {"/lib/ufw/ufw-init-functions", "/usr/lib/ufw/ufw-init-functions",
					    "/usr/libexec/ufw/ufw-init-functions"};
	static const char variable[] = "\nUSER_PATH=\"";
	struct blob content;
	const char *policies, *rules, *user;

	*ret = (struct ufw_script){.path = paths[0], .user_directory = UFW_DIRECTORY, .runs_hooks = true};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (target_read(target, paths[i], SCRIPT_LIMIT, arena, &content, NULL) < 0)
			continue;
		ret->path = paths[i];
		ret->runs_hooks = strstr(content.data, "before.init") != NULL;
		policies = strstr(content.data, "\n\"COMMIT\\n\" $input_pol ");
		rules = strstr(content.data, "< \"$BEFORE_RULES\"");
		ret->policies_first = policies && rules && policies < rules;
		user = strstr(content.data, variable);
		if (user) {
			const char *value = user + strlen(variable), *behind = string_after(value, "${DATA_DIR}");

			value = behind ? behind : value;
			if (*value == '/')
				ret->user_directory = arena_memdup(arena, value, strcspn(value, "\"\n"));
		}
		return;
	}
}

const char *ufw_user_directory(struct target *target, struct arena *arena)
{
	struct ufw_script script;

	ufw_script_read(target, arena, &script);
	return script.user_directory;
}

void ufw_hook_check(struct target *target, struct arena *arena, const char *path, struct load_report *report)
{
	struct node_stat stat;
	struct blob content;
	int r;

	if (target_stat(target, path, &stat) < 0 || stat.type != NODE_FILE || !(stat.mode & 0111))
		return;
	r = target_read(target, path, SCRIPT_LIMIT, arena, &content, NULL);
	if (r < 0 || script_mentions_firewall(&content))
		load_note(arena, report, LOAD_UNCERTAIN, (struct place){.path = path},
			  "what this script does to the rules is not followed");
}
