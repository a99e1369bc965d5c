/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts and command lines that a boot runs without a unit of their own, and which may load packet filter rules. */
#include "stage/firewall_boot.h"

#include "base/text.h"
#include "parse/interfaces.h"
#include "stage/firewall_mention.h"

enum {
	NAME_LIMIT = 1000, /* init scripts that are looked at */
};

/* A script that the boot runs: its commands, or that it is not understood. */
static void load_script(const struct search *search, const char *path, const struct blob *script,
			enum firewall_moment moment)
{
	firewall_steps steps = {0};

	if (!script_mentions_firewall(script))
		return;
	if (firewall_script(search->facts->arena, script, path, &steps) < 0)
		firewall_raise_unevaluated(search->findings, path, path, 0, NULL);
	else if (steps.count)
		search_add_loader(search, path, moment)->steps = steps;
}

/* Executable scripts that the boot runs when an interface comes up, and rc.local. */
static void find_scripts(const struct search *search)
{
	static const struct {
		const char *pattern;
		enum firewall_moment moment;
	} places[] = {
	    {"/etc/network/if-pre-up.d/*", MOMENT_INTERFACE},
	    {"/etc/network/if-up.d/*", MOMENT_INTERFACE},
	    {"/etc/NetworkManager/dispatcher.d/*", MOMENT_INTERFACE},
	    {"/etc/NetworkManager/dispatcher.d/pre-up.d/*", MOMENT_INTERFACE},
	    {"/etc/networkd-dispatcher/*.d/*", MOMENT_INTERFACE},
	    {"/etc/rc.local", MOMENT_LATE},
	    {"/etc/local.d/*.start", MOMENT_LATE},
	    {"/etc/rc.d/rc.local", MOMENT_LATE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		string_list paths = {0};

		target_glob(search->facts->target, places[i].pattern, search->facts->arena, &paths);
		for (size_t j = 0; j < paths.count; j++) {
			struct node_stat stat;
			struct blob content;

			if (search_read(search, paths.items[j], &content, &stat) == 0 && (stat.mode & 0111))
				load_script(search, paths.items[j], &content, places[i].moment);
		}
	}
}

/* A command line inside another file: of interfaces(5), of crontab(5). */
static void load_line(const struct search *search, const char *text, const char *command, const char *path,
		      unsigned line, enum firewall_moment moment)
{
	firewall_steps steps = {0};
	string_list words = {0};
	int r = firewall_shell_line(search->facts->arena, command, path, line, &steps);

	if (r == 0) {
		*array_push(search->facts->arena, &words) =
		    arena_memdup(search->facts->arena, command, strcspn(command, " \t"));
		r = search_command(search, &words, path, line, &steps);
	}
	if (r < 0)
		firewall_raise_unevaluated(search->findings, text, path, line, NULL);
	else if (steps.count)
		search_add_loader(search, text, moment)->steps = steps;
}

static bool is_up_command(const char *word)
{
	return string_equal(word, "pre-up") || string_equal(word, "up") || string_equal(word, "post-up");
}

static void find_interfaces(const struct search *search)
{
	struct interfaces interfaces;

	interfaces_load(search->facts->target, search->facts->arena, &interfaces);
	for (size_t i = 0; i < interfaces.lines.count; i++) {
		const struct interfaces_line *line = &interfaces.lines.items[i];
		const char *command = line->text + strcspn(line->text, " \t");

		if (is_up_command(line->words[0]))
			load_line(search, line->text, command + strspn(command, " \t"), line->path, line->line,
				  MOMENT_INTERFACE);
	}
}

/* "@reboot" lines of crontab(5); in the system's own tables a user stands in front of the command. */
static void find_crontabs(const struct search *search)
{
	static const struct {
		const char *pattern;
		bool names_user;
	} places[] = {
	    {"/etc/crontab", true},
	    {"/etc/cron.d/*", true},
	    {"/var/spool/cron/crontabs/*", false},
	    {"/var/spool/cron/*", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		string_list paths = {0};

		target_glob(search->facts->target, places[i].pattern, search->facts->arena, &paths);
		for (size_t j = 0; j < paths.count; j++) {
			struct blob content;
			const char *line;
			size_t offset = 0, length;
			unsigned number = 0;

			if (search_read(search, paths.items[j], &content, NULL) < 0)
				continue;
			while (next_line(&content, &offset, &line, &length)) {
				char *text = arena_memdup(search->facts->arena, line, length);
				const char *command = string_after(text + strspn(text, " \t"), "@reboot");

				number++;
				if (!command)
					continue;
				command += strspn(command, " \t");
				if (places[i].names_user) {
					command += strcspn(command, " \t");
					command += strspn(command, " \t");
				}
				load_line(search, text, command, paths.items[j], number, MOMENT_LATE);
			}
		}
	}
}

/* A System V script runs when no unit of the same name is there: systemd-sysv-generator(8). */
void search_init_scripts(const struct search *search)
{
	static const char *const patterns[] = {"/etc/rc[S235].d/S[0-9][0-9]*", "/etc/rc.d/rc[35].d/S[0-9][0-9]*"};
	string_list seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list links = {0};

		target_glob(search->facts->target, patterns[i], search->facts->arena, &links);
		for (size_t j = 0; j < links.count && seen.count < NAME_LIMIT; j++) {
			char *name = strrchr(links.items[j], '/') + strlen("/S00");
			struct blob content;
			bool known = false;

			for (size_t k = 0; k < seen.count && !known; k++)
				known = string_equal(seen.items[k], name);
			*array_push(search->facts->arena, &seen) = name;
			if (known || search_read(search, links.items[j], &content, NULL) < 0 ||
			    !script_mentions_firewall(&content) ||
			    unit_load(search->facts->units, arena_printf(search->facts->arena, "%s.service", name))
				    ->state != UNIT_NOT_FOUND)
				continue;
			firewall_raise_unevaluated(search->findings, name, links.items[j], 0, NULL);
		}
	}
}

void search_scripts(const struct search *search)
{
	find_scripts(search);
	find_interfaces(search);
	find_crontabs(search);
}
