/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket units: ListenStream= as systemd.socket(5) has it, and what Ubuntu's generator makes of sshd_config. */
#include "stage/listen.h"

#include "base/ctype.h"
#include "base/text.h"
#include "parse/unit_words.h"

#define GENERATED_NAME "addresses.conf"

enum {
	STREAM_LIMIT = 1024,
};

bool listen_has_generator(const struct facts *facts)
{
	return target_exists(facts->target, "/usr/lib/systemd/system-generators/sshd-socket-generator") ||
	       target_exists(facts->target, "/lib/systemd/system-generators/sshd-socket-generator");
}

/* --- ListenStream= --- */

struct stream {
	const char *value;
	const char *path;
	unsigned line;
	const struct listen_entry *entry; /* one that the generator wrote */
};

typedef ARRAY_OF(struct stream) stream_list;

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The generator writes a drop-in only for what differs from the unit as it is shipped: all addresses, both families,
 * port 22 (write_systemd_socket_file() of sshd-socket-generator.c). */
static bool generates(const struct listen_view *config)
{
	bool ipv4 = false, ipv6 = false;

	for (size_t i = 0; i < config->entries.count; i++) {
		const struct listen_entry *entry = &config->entries.items[i];

		/* A name that cannot be resolved that early ends it without output. */
		if (entry->kind == LISTEN_NAME)
			return false;
		ipv4 |= !entry->ipv6;
		ipv6 |= entry->ipv6;
	}
	for (size_t i = 0; i < config->entries.count; i++) {
		const struct listen_entry *entry = &config->entries.items[i];

		if (entry->kind != LISTEN_ANY || entry->port != 22)
			return true;
	}
	return config->entries.count && (!ipv4 || !ipv6);
}

/* A drop-in of the same name in /etc stands for the generated one. */
static bool generated_is_masked(const struct unit *socket)
{
	for (size_t i = 0; i < socket->dropins.count; i++) {
		if (string_equal(base_name(socket->dropins.items[i]), GENERATED_NAME) &&
		    string_after(socket->dropins.items[i], "/etc/"))
			return true;
	}
	return false;
}

static void add_generated(struct arena *arena, const struct listen_view *config, stream_list *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < config->entries.count; i++) {
		const struct listen_entry *entry = &config->entries.items[i];

		*array_push(arena, ret) =
		    (struct stream){listen_entry_text(arena, entry), entry->path, entry->line, entry};
	}
}

/* The effective streams; the generated drop-in comes in the order of names. */
static void collect_streams(struct arena *arena, const struct unit *socket, const struct listen_view *generated,
			    stream_list *ret)
{
	for (size_t i = 0; i < socket->settings.count; i++) {
		const struct unit_setting *setting = &socket->settings.items[i];

		if (!string_equal(setting->section, "Socket") || !string_equal(setting->key, "ListenStream"))
			continue;
		if (generated && socket->fragment && !string_equal(setting->path, socket->fragment) &&
		    strcmp(base_name(setting->path), GENERATED_NAME) > 0) {
			add_generated(arena, generated, ret);
			generated = NULL;
		}
		if (!*setting->value)
			ret->count = 0;
		else if (ret->count < STREAM_LIMIT)
			*array_push(arena, ret) = (struct stream){unit_expand(arena, socket, setting->value),
								  setting->path, setting->line, NULL};
	}
	if (generated)
		add_generated(arena, generated, ret);
}

/* Whether a line of sysctl.d(5) turns IPv6 sockets into IPv6-only ones. */
static bool sysctl_is_ipv6_only(const struct facts *facts, struct arena *arena)
{
	static const char *const patterns[] = {"/usr/lib/sysctl.d/*.conf", "/etc/sysctl.d/*.conf", "/etc/sysctl.conf"};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list files = {0};

		target_glob(facts->target, patterns[i], arena, &files);
		for (size_t j = 0; j < files.count; j++) {
			struct blob content;
			const char *line;
			size_t offset = 0, length;

			if (target_read(facts->target, files.items[j], TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
				continue;
			while (next_line(&content, &offset, &line, &length)) {
				const char *copy = arena_memdup(arena, line, length);

				copy += strspn(copy, " \t-");
				if ((string_after(copy, "net.ipv6.bindv6only") ||
				     string_after(copy, "net/ipv6/bindv6only")) &&
				    strchr(copy, '1'))
					return true;
			}
		}
	}
	return false;
}

static bool takes_both(const struct facts *facts, struct arena *arena, const struct unit *socket)
{
	const struct unit_setting *setting = unit_get(socket, "Socket", "BindIPv6Only");

	if (setting && string_equal(setting->value, "both"))
		return true;
	if (setting && string_equal(setting->value, "ipv6-only"))
		return false;
	return !sysctl_is_ipv6_only(facts, arena);
}

/* As socket_address_parse() of systemd: "22", "1.2.3.4:22", "[::1]:22"; false for what is no TCP socket. What systemd
 * cannot read it passes over, with a warning. */
static bool parse_stream(struct arena *arena, const char *value, struct listen_entry *ret)
{
	const char *colon = strrchr(value, ':'), *address;
	uint64_t port;

	if (*value == '/' || *value == '@' || string_after(value, "vsock"))
		return false;
	if (!parse_number(colon ? colon + 1 : value, 65535, &port) || port == 0)
		return false;
	ret->port = (unsigned)port;
	if (!colon)
		return listen_parse_address(arena, "::", ret);
	address = arena_memdup(arena, value, (size_t)(colon - value));
	if (*address == '[') {
		if (colon[-1] != ']' || colon - value < 3)
			return false;
		address = arena_memdup(arena, value + 1, (size_t)(colon - value - 2));
	}
	return listen_parse_address(arena, address, ret);
}

void listen_view_socket(const struct facts *facts, struct arena *arena, const struct unit *socket,
			const struct listen_view *generated, struct listen_view *ret)
{
	stream_list streams = {0};
	bool both = takes_both(facts, arena, socket);

	*ret = (struct listen_view){.by = LISTEN_BY_SOCKET, .socket = socket};
	if (generated && (!generates(generated) || generated_is_masked(socket)))
		generated = NULL;
	if (generated)
		ret->by = LISTEN_BY_GENERATOR;
	collect_streams(arena, socket, generated, &streams);
	for (size_t i = 0; i < streams.count; i++) {
		const struct stream *stream = &streams.items[i];
		struct listen_entry entry = {.written = stream->entry ? stream->entry->written : stream->value,
					     .path = stream->path,
					     .line = stream->line};

		if (!parse_stream(arena, stream->value, &entry))
			continue;
		if (entry.ipv6 && entry.kind == LISTEN_ANY && both) {
			entry.both = true;
			*array_push(arena, &ret->entries) = entry;
			entry.ipv6 = false;
			entry.address = "0.0.0.0";
		}
		*array_push(arena, &ret->entries) = entry;
	}
}

/* --- problems of the unit itself --- */

static bool overlap(const struct listen_entry *a, const struct listen_entry *b)
{
	return a->port == b->port && a->ipv6 == b->ipv6 &&
	       (a->kind == LISTEN_ANY || b->kind == LISTEN_ANY || string_equal(a->address, b->address));
}

static bool same_place(const struct listen_entry *a, const struct listen_entry *b)
{
	return a->line == b->line && (a->path == b->path || (a->path && b->path && string_equal(a->path, b->path)));
}

/* The line to take out of two that get in each other's way: the one that takes less away, among those that may be
 * edited. */
static const struct listen_entry *spare(const struct facts *facts, struct arena *arena,
					const struct listen_entry *first, const struct listen_entry *second)
{
	const struct listen_entry *order[] = {second, first};
	char *resolved;

	if (second->both && !first->both) {
		order[0] = first;
		order[1] = second;
	}
	for (size_t i = 0; i < 2; i++) {
		if (order[i]->path && string_after(order[i]->path, "/etc/systemd/") &&
		    listen_may_edit(facts, arena, order[i]->path, &resolved))
			return order[i];
	}
	return NULL;
}

static void raise_clash(const struct facts *facts, struct findings *findings, const struct listen_view *view,
			const struct listen_entry *first, const struct listen_entry *second)
{
	struct arena *arena = findings->arena;
	const struct listen_entry *out = spare(facts, arena, first, second);
	const char *text = out ? listen_commented_line(facts, arena, out->path, out->line, NULL) : NULL;
	struct problem *problem =
	    problem_raise(findings, PROBLEM_LISTEN_SOCKET_CLASH, second->path ? second->path : first->path,
			  second->path ? second->line : first->line, "%s", view->socket->name);
	char *resolved;

	problem_evidence(findings, problem, "%s and %s",
			 first->written ? first->written : listen_entry_text(arena, first),
			 second->written ? second->written : listen_entry_text(arena, second));
	problem_remedy(findings, problem, "systemctl edit %s", view->socket->name);
	if (!text || !listen_may_edit(facts, arena, out->path, &resolved)) {
		problem->class = REPAIR_REPORT;
		return;
	}
	problem_repair(findings, problem, VERB_COMMENT_OUT, "ListenStream=%s in %s", out->written, resolved);
	repair_replace_line(findings, problem, resolved, out->line, text);
}

static void check_clash(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	const struct unit_setting *reuse = unit_get(view->socket, "Socket", "ReusePort");

	if (reuse && unit_boolean(reuse->value) == 1)
		return;
	for (size_t i = 0; i < view->entries.count; i++) {
		for (size_t j = i + 1; j < view->entries.count; j++) {
			const struct listen_entry *first = &view->entries.items[i], *second = &view->entries.items[j];

			if (!overlap(first, second) || (same_place(first, second) && first->both))
				continue;
			raise_clash(facts, findings, view, first, second);
			findings->partial[STAGE_LISTEN] = true;
			return;
		}
	}
}

/* sd_listen_fds(3), from libsystemd or written out: a patch of Debian and Ubuntu. */
static bool takes_sockets(const struct sshd_binary *binary)
{
	return sshd_binary_has_string(binary, "LISTEN_FDS") != 0 ||
	       sshd_binary_has_string(binary, "sd_listen_fds") != 0;
}

/* With Accept=no the service gets the listening socket, if sshd knows how to take it. */
static void check_support(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	const struct unit_setting *accept = unit_get(view->socket, "Socket", "Accept");
	struct problem *problem;

	if ((accept && unit_boolean(accept->value) == 1) || facts->binary.read_error < 0 ||
	    takes_sockets(&facts->binary))
		return;
	problem = problem_raise(findings, PROBLEM_LISTEN_SOCKET_UNSUPPORTED, view->socket->fragment, 0, "%s",
				view->socket->name);
	problem_remedy(findings, problem, "systemctl disable %s; systemctl enable %s", view->socket->name,
		       facts->service.service_name);
}

void listen_check_socket(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	if (view->entries.count == 0) {
		struct problem *problem = problem_raise(findings, PROBLEM_LISTEN_NOTHING, view->socket->fragment, 0,
							"%s", view->socket->name);

		problem_remedy(findings, problem, "systemctl edit %s: ListenStream=22", view->socket->name);
		return;
	}
	check_clash(facts, findings, view);
	check_support(facts, findings, view);
}

/* --- other sockets --- */

static bool is_own(const struct facts *facts, const struct listen_view *view, const struct unit *unit)
{
	return (view->socket && string_equal(unit->name, view->socket->name)) ||
	       (facts->service.socket && string_equal(unit->name, facts->service.socket->name));
}

/* How many of our entries, not counting those on the loopback interface, the other unit's sockets get in the way of. */
static size_t count_taken(const struct listen_view *view, const struct listen_view *other, unsigned *ret_port)
{
	size_t count = 0;

	for (size_t i = 0; i < view->entries.count; i++) {
		for (size_t j = 0; j < other->entries.count; j++) {
			if (!overlap(&view->entries.items[i], &other->entries.items[j]))
				continue;
			*ret_port = view->entries.items[i].port;
			count++;
			break;
		}
	}
	return count;
}

static void check_other(const struct facts *facts, struct findings *findings, const struct listen_view *view,
			const char *name)
{
	const struct unit *unit = unit_load(facts->units, name);
	struct listen_view other;
	struct problem *problem;
	unsigned port = 0;
	size_t taken;

	if (unit->state != UNIT_LOADED || is_own(facts, view, unit))
		return;
	listen_view_socket(facts, findings->arena, unit, NULL, &other);
	taken = count_taken(view, &other, &port);
	if (taken == 0 || !unit_boot_starts(facts->units, name, NULL))
		return;
	problem = problem_raise(findings, PROBLEM_LISTEN_PORT_TAKEN, unit->fragment, 0, "%s", unit->name);
	problem_evidence(findings, problem, "both want port %u", port);
	problem_remedy(findings, problem, "systemctl disable %s, or give it another port", unit->name);
	/* sshd goes on with the addresses that are left; of two socket units either may be first. */
	if (view->by != LISTEN_BY_SSHD)
		problem->severity = SEVERITY_UNKNOWN;
	else if (taken < view->entries.count)
		problem->severity = SEVERITY_LIMITS;
}

void listen_check_others(const struct facts *facts, struct findings *findings, const struct listen_view *view)
{
	static const char *const patterns[] = {
	    "/etc/systemd/system/*.wants/*.socket",	      "/etc/systemd/system/*.requires/*.socket",
	    "/usr/lib/systemd/system/*.wants/*.socket",	      "/lib/systemd/system/*.wants/*.socket",
	    "/usr/local/lib/systemd/system/*.wants/*.socket",
	};
	string_list seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list links = {0};

		target_glob(facts->target, patterns[i], findings->arena, &links);
		for (size_t j = 0; j < links.count; j++) {
			const char *name = base_name(links.items[j]);
			bool known = false;

			for (size_t k = 0; k < seen.count; k++)
				known |= string_equal(seen.items[k], name);
			if (known)
				continue;
			*array_push(findings->arena, &seen) = (char *)name;
			check_other(facts, findings, view, name);
		}
	}
}
