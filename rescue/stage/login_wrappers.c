/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP wrappers: an sshd that is linked with libwrap closes a connection that hosts.allow and hosts.deny do not let in
 * before it says a word. That is no matter of accounts: like a firewall it decides whether a client gets an answer.
 */
#include "stage/login.h"

#include <errno.h>

#include "parse/elf.h"
#include "parse/hosts_access.h"

static const char allow_path[] = "/etc/hosts.allow", deny_path[] = "/etc/hosts.deny";

/* What the two files make of clients from elsewhere. */
struct wrappers {
	hosts_rule_list allow, deny;
	string_list let_in; /* client lists that hosts.allow lets in */
	string_list kept_out; /* some that are kept out, where others are not */
	const char *path; /* of the rule that keeps out the rest, or is not understood */
	const struct hosts_rule *rule;
	bool uncertain;
};

static bool is_linked(struct login_stage *stage, const char *path)
{
	struct elf_reader *reader = ARENA_NEW(stage->lasting, struct elf_reader);
	struct elf_file elf = {0};
	const char *reason;

	if (!path)
		return false;
	elf_reader_init(reader, stage->facts->target, path, NULL);
	if (elf_load(reader, stage->lasting, &elf, &reason) < 0 ||
	    elf_load_dynamic(reader, stage->lasting, &elf, &reason) < 0)
		return false;
	for (size_t i = 0; i < elf.needed.count; i++) {
		if (string_after(elf.needed.items[i], "libwrap.so"))
			return true;
	}
	return false;
}

static bool read_rules(struct login_stage *stage, const char *path, hosts_rule_list *ret)
{
	struct blob content;
	int r = target_read(stage->facts->target, path, TARGET_FILE_LIMIT, stage->lasting, &content, NULL);

	if (r == 0)
		hosts_access_read(&content, stage->lasting, "sshd", ret);
	return r == 0 || r == -ENOENT || r == -ENOTDIR;
}

/* Follows a file for the clients that nothing was decided for yet; true when none are left. */
static bool follow(struct login_stage *stage, struct wrappers *wrappers, const char *path, const hosts_rule_list *rules,
		   bool match_permits)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct hosts_rule *rule = &rules->items[i];
		bool permits = rule->effect == HOSTS_PERMIT || (rule->effect == HOSTS_MATCH && match_permits);

		/* An error ends the file: in hosts.allow nobody is let in by it, in hosts.deny everybody is kept out.
		 */
		if (rule->effect == HOSTS_BROKEN && match_permits)
			return false;
		if (rule->clients == HOSTS_NONE)
			continue;
		if (rule->maybe || rule->effect == HOSTS_UNCERTAIN) {
			wrappers->uncertain = true;
			wrappers->path = path;
			wrappers->rule = rule;
			return true;
		}
		if (permits)
			*array_push(stage->lasting, &wrappers->let_in) = (char *)rule->client_text;
		else if (rule->clients == HOSTS_SOME)
			*array_push(stage->lasting, &wrappers->kept_out) = (char *)rule->client_text;
		if (rule->clients != HOSTS_ALL)
			continue;
		if (!permits) {
			wrappers->path = path;
			wrappers->rule = rule;
		}
		return true;
	}
	return false;
}

/* A line for sshd in hosts.allow: behind all that is there, or in front of the rule of hosts.allow that refuses. */
static void repair_allow(struct login_stage *stage, const struct wrappers *wrappers, struct problem *problem)
{
	static const char line[] = "sshd: ALL";
	struct node_stat stat;

	problem_repair(stage->findings, problem, VERB_ADD, "%s: %s", allow_path, line);
	if (target_stat(stage->facts->target, allow_path, &stat) < 0)
		repair_write(stage->findings, problem, allow_path,
			     (struct blob){.data = "sshd: ALL\n", .size = sizeof("sshd: ALL\n") - 1}, 0644, 0, 0);
	else
		repair_insert_line(stage->findings, problem, allow_path,
				   wrappers->path == allow_path ? wrappers->rule->line : 0, line);
}

static const char *join(struct login_stage *stage, const string_list *list)
{
	enum {
		MOST = 8
	};
	struct text text = {.arena = stage->lasting};

	text_add(&text, "", 0);
	for (size_t i = 0; i < list->count && i < MOST; i++)
		text_printf(&text, "%s%s", i ? ", " : "", list->items[i]);
	if (list->count > MOST)
		text_printf(&text, " and %zu more", list->count - MOST);
	return text.data;
}

static void raise_outcome(struct login_stage *stage, const struct wrappers *wrappers)
{
	struct findings *findings = stage->findings;
	struct problem *problem;

	if (wrappers->uncertain) {
		problem = problem_raise(findings, PROBLEM_FIREWALL_WRAPPERS_UNKNOWN, wrappers->path,
					wrappers->rule->line, "%s", wrappers->path);
	} else if (wrappers->rule && !wrappers->let_in.count) {
		problem = problem_raise(findings, PROBLEM_FIREWALL_WRAPPERS, wrappers->path, wrappers->rule->line, "%s",
					wrappers->path);
		if (wrappers->rule->effect == HOSTS_BROKEN)
			problem_evidence(findings, problem, "%s", "the last line does not end, which is an error");
		else
			problem_evidence(findings, problem, "for sshd: %s", wrappers->rule->client_text);
		findings->sources.count = 0;
		repair_allow(stage, wrappers, problem);
	} else if (wrappers->rule) {
		problem_raise(findings, PROBLEM_FIREWALL_WRAPPERS_SOME, wrappers->path, wrappers->rule->line, "only %s",
			      join(stage, &wrappers->let_in));
	} else if (wrappers->kept_out.count) {
		problem_raise(findings, PROBLEM_FIREWALL_WRAPPERS_SOME, deny_path, 0, "not %s",
			      join(stage, &wrappers->kept_out));
	}
}

void login_check_wrappers(struct login_stage *stage)
{
	struct wrappers wrappers = {0};
	const struct sshd_binary *binary = &stage->facts->binary;

	if (!is_linked(stage, binary->path) && !is_linked(stage, binary->session_path))
		return;
	if (!read_rules(stage, allow_path, &wrappers.allow) || !read_rules(stage, deny_path, &wrappers.deny)) {
		problem_raise(stage->findings, PROBLEM_FIREWALL_WRAPPERS_UNKNOWN, allow_path, 0, "%s", allow_path);
		return;
	}
	if (!follow(stage, &wrappers, allow_path, &wrappers.allow, true))
		follow(stage, &wrappers, deny_path, &wrappers.deny, false);
	raise_outcome(stage, &wrappers);
}
