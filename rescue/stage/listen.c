/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen: does sshd, or the socket unit in its place, listen where a client can reach it? */
#include "stage/listen.h"

#include "base/text.h"
#include "policy.h"

#define SOCKET_DROPIN "sshrescue-listen.conf"

/* --- editing --- */

bool listen_may_edit(const struct facts *facts, struct arena *arena, const char *path, char **ret)
{
	return path && target_resolve(facts->target, path, true, arena, ret) == 0 &&
	       policy_allows_path(EDIT_REPLACE_LINE, *ret);
}

const char *listen_commented_line(const struct facts *facts, struct arena *arena, const char *path, unsigned line,
				  const char *why)
{
	struct blob content;
	const char *text;
	size_t offset = 0, length;

	if (target_read(facts->target, path, TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
		return NULL;
	for (unsigned number = 1; next_line(&content, &offset, &text, &length); number++) {
		if (number < line)
			continue;
		if (length && text[length - 1] == '\r')
			length--;
		/* A unit file has no comments behind a value. */
		return arena_printf(arena, why ? "#%.*s # sshrescue: %s" : "#%.*s", (int)length, text, why);
	}
	return NULL;
}

/* --- reach --- */

static bool is_first_of_line(const struct listen_view *view, size_t index)
{
	const struct listen_entry *entry = &view->entries.items[index];

	for (size_t i = 0; i < index; i++) {
		const struct listen_entry *other = &view->entries.items[i];

		if (other->line == entry->line &&
		    (other->path == entry->path ||
		     (other->path && entry->path && string_equal(other->path, entry->path))))
			return false;
	}
	return true;
}

static bool all_are(const struct listen_view *view, enum listen_kind kind)
{
	for (size_t i = 0; i < view->entries.count; i++) {
		if (view->entries.items[i].kind != kind)
			return false;
	}
	return view->entries.count > 0;
}

static bool any_is(const struct listen_view *view, enum listen_kind kind)
{
	for (size_t i = 0; i < view->entries.count; i++) {
		if (view->entries.items[i].kind == kind)
			return true;
	}
	return false;
}

/* "127.0.0.1:22, [::1]:22" */
static const char *entries_text(struct arena *arena, const struct listen_view *view)
{
	struct text text = {.arena = arena};

	for (size_t i = 0; i < view->entries.count && i < 8; i++)
		text_printf(&text, "%s%s", i ? ", " : "", listen_entry_text(arena, &view->entries.items[i]));
	return text.size ? text.data : "nothing";
}

/* The line of a socket unit that listens on all addresses in place of one on loopback. */
static const char *open_stream(struct arena *arena, const struct listen_entry *entry)
{
	return arena_printf(arena, "ListenStream=0.0.0.0:%u\nListenStream=[::]:%u\nBindIPv6Only=ipv6-only", entry->port,
			    entry->port);
}

/* Attaches the edit of every line that names a loopback address; false when one of them cannot be edited. */
static bool attach_opening(const struct facts *facts, struct findings *findings, struct problem *problem,
			   const struct listen_view *view)
{
	struct arena *arena = findings->arena;

	for (size_t i = 0; i < view->entries.count; i++) {
		const struct listen_entry *entry = &view->entries.items[i];
		bool stream = entry->path && string_after(entry->path, "/etc/systemd/");
		char *resolved;
		const char *text;

		if (!is_first_of_line(view, i))
			continue;
		if (!listen_may_edit(facts, arena, entry->path, &resolved))
			return false;
		/* A socket unit without any address is refused, sshd without any takes all. */
		if (!stream)
			text = listen_commented_line(facts, arena, entry->path, entry->line,
						     "only this machine could connect");
		else if (i == 0)
			text = open_stream(arena, entry);
		else
			text = listen_commented_line(facts, arena, entry->path, entry->line, NULL);
		if (!text)
			return false;
		repair_replace_line(findings, problem, resolved, entry->line, text);
	}
	return true;
}

static void check_loopback(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	const struct listen_entry *first = &view->entries.items[0];
	struct problem *problem;

	if (!all_are(view, LISTEN_LOOPBACK))
		return;
	problem = problem_raise(findings, PROBLEM_LISTEN_LOOPBACK, first->path, first->line, "%s",
				entries_text(findings->arena, view));
	if (attach_opening(facts, findings, problem, view)) {
		problem_repair(findings, problem, VERB_COMMENT_OUT, "%s%s",
			       view->by == LISTEN_BY_SOCKET ? "" : "ListenAddress ", first->written);
		if (view->by == LISTEN_BY_SOCKET)
			problem_repair(findings, problem, VERB_CORRECT, "ListenStream=%s -> all addresses",
				       first->written);
		return;
	}
	problem->edits.count = 0;
	problem->class = REPAIR_REPORT;
	problem_remedy(findings, problem, "%s",
		       first->path ? "give it an address that clients can reach"
				   : "take -o ListenAddress out of the options");
}

/* --- addresses that may not be there --- */

static void check_names(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	(void)facts;
	for (size_t i = 0; i < view->entries.count; i++) {
		const struct listen_entry *entry = &view->entries.items[i];
		struct problem *problem;

		if (entry->kind != LISTEN_NAME || !is_first_of_line(view, i))
			continue;
		problem = problem_raise(findings, PROBLEM_LISTEN_NAME, entry->path, entry->line, "%s", entry->address);
		problem_remedy(findings, problem, "write the address itself, or add %s to /etc/hosts", entry->address);
	}
}

static void check_specific(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	if (!any_is(view, LISTEN_SPECIFIC) || any_is(view, LISTEN_ANY))
		return;
	for (size_t i = 0; i < view->entries.count; i++) {
		const struct listen_entry *entry = &view->entries.items[i];

		if (entry->kind == LISTEN_SPECIFIC && listen_address_is_static(facts->target, findings->arena, entry))
			return;
	}
	for (size_t i = 0; i < view->entries.count; i++) {
		const struct listen_entry *entry = &view->entries.items[i];
		struct problem *problem;

		if (entry->kind != LISTEN_SPECIFIC || !is_first_of_line(view, i))
			continue;
		problem =
		    problem_raise(findings, PROBLEM_LISTEN_ADDRESS, entry->path, entry->line, "%s", entry->address);
		problem_remedy(findings, problem, "listen on all addresses, or on one that is configured in %s",
			       "this system's network configuration");
	}
}

static void check_families(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	const struct listen_entry *first = &view->entries.items[0];
	bool ipv4 = false, ipv6 = false;

	(void)facts;
	for (size_t i = 0; i < view->entries.count; i++) {
		if (view->entries.items[i].kind == LISTEN_LOOPBACK)
			continue;
		ipv4 |= !view->entries.items[i].ipv6 || view->entries.items[i].kind == LISTEN_NAME;
		ipv6 |= view->entries.items[i].ipv6 || view->entries.items[i].kind == LISTEN_NAME;
	}
	if (ipv4 == ipv6)
		return;
	problem_raise(findings, ipv6 ? PROBLEM_LISTEN_IPV6_ONLY : PROBLEM_LISTEN_IPV4_ONLY, first->path, first->line,
		      "%s", entries_text(findings->arena, view));
}

/* --- ports --- */

static bool has_port(const struct listen_view *view, unsigned port)
{
	for (size_t i = 0; i < view->entries.count; i++) {
		if (view->entries.items[i].port == port && view->entries.items[i].kind != LISTEN_LOOPBACK)
			return true;
	}
	return false;
}

static bool same_ports(const struct listen_view *a, const struct listen_view *b)
{
	for (size_t i = 0; i < a->entries.count; i++) {
		if (!has_port(b, a->entries.items[i].port))
			return false;
	}
	for (size_t i = 0; i < b->entries.count; i++) {
		if (!has_port(a, b->entries.items[i].port))
			return false;
	}
	return true;
}

/* A drop-in that makes the socket listen where sshd_config says. */
static void attach_socket_dropin(struct findings *findings, struct problem *problem, const struct listen_view *view,
				 const struct listen_view *config)
{
	struct text text = {.arena = findings->arena};
	const char *path = arena_printf(findings->arena, "/etc/systemd/system/%s.d/" SOCKET_DROPIN, view->socket->name);

	text_add_string(&text, "[Socket]\nListenStream=\n");
	for (size_t i = 0; i < config->entries.count; i++)
		text_printf(&text, "ListenStream=%s\n", listen_entry_text(findings->arena, &config->entries.items[i]));
	text_add_string(&text, "BindIPv6Only=ipv6-only\nFreeBind=yes\n");
	problem_repair(findings, problem, VERB_CREATE, "%s with the ports of sshd_config", path);
	repair_write(findings, problem, path, (struct blob){text.data, text.size}, 0644, 0, 0);
}

static void check_ports(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	unsigned expected = facts->expected_port;
	struct listen_view config;
	struct problem *problem;

	listen_view_config(facts, findings->arena, &config);
	if (expected && !has_port(view, expected)) {
		problem = problem_raise(findings, PROBLEM_LISTEN_PORT_UNEXPECTED, view->entries.items[0].path,
					view->entries.items[0].line, "%u", expected);
		problem_evidence(findings, problem, "it listens on %s", entries_text(findings->arena, view));
		problem_remedy(findings, problem, "connect to port %u", view->entries.items[0].port);
		if (view->by == LISTEN_BY_SOCKET && has_port(&config, expected) && !any_is(&config, LISTEN_NAME))
			attach_socket_dropin(findings, problem, view, &config);
		else
			problem->class = REPAIR_REPORT;
	} else if (view->by == LISTEN_BY_SOCKET && config.configured && !same_ports(view, &config)) {
		problem = problem_raise(findings, PROBLEM_LISTEN_SOCKET_DIFFERS, view->entries.items[0].path,
					view->entries.items[0].line, "%s", view->socket->name);
		problem_evidence(findings, problem, "%s: %s; sshd_config: %s", view->socket->name,
				 entries_text(findings->arena, view), entries_text(findings->arena, &config));
		problem_remedy(findings, problem, "systemctl edit %s", view->socket->name);
	}
}

static void check_strange(struct findings *findings, const struct listen_view *view)
{
	for (size_t i = 0; i < view->strange.count; i++)
		problem_raise(findings, PROBLEM_LISTEN_UNKNOWN, NULL, 0, "%s", view->strange.items[i]);
}

void stage_listen(const struct facts *facts, struct findings *findings)
{
	struct listen_view view;

	/* A line that sshd refuses counts only once it is repaired. */
	findings->partial[STAGE_LISTEN] = facts->config.errors.count > 0;
	listen_view_boot(facts, findings->arena, &view);
	if (view.by != LISTEN_BY_SSHD)
		listen_check_socket(facts, findings, &view);
	check_strange(findings, &view);
	if (view.entries.count == 0)
		return;
	check_loopback(facts, findings, &view);
	check_names(facts, findings, &view);
	check_specific(facts, findings, &view);
	check_families(facts, findings, &view);
	check_ports(facts, findings, &view);
	if (facts->init == INIT_SYSTEMD)
		listen_check_others(facts, findings, &view);
}
