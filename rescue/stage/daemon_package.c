/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to install where nothing can be repaired: the remedies of the daemon stage. */
#include "stage/daemon.h"

#include "base/text.h"

enum {
	LIST_FILE_LIMIT = 512 * 1024, /* a package with more files is no library */
	LIST_TOTAL_LIMIT = 64 * 1024 * 1024,
};

struct package_tool {
	const char *id; /* of os-release(5), ID or ID_LIKE */
	const char *sshd_package;
	const char *reinstall; /* followed by the package */
	const char *search; /* followed by the file name; NULL: the database can be read here */
};

static const struct package_tool tools[] = {
    {"debian", "openssh-server", "apt-get install --reinstall", NULL},
    {"ubuntu", "openssh-server", "apt-get install --reinstall", NULL},
    {"fedora", "openssh-server", "dnf reinstall", "dnf provides"},
    {"rhel", "openssh-server", "dnf reinstall", "dnf provides"},
    {"suse", "openssh-server", "zypper install --force", "zypper search --provides --file-list"},
    {"opensuse", "openssh-server", "zypper install --force", "zypper search --provides --file-list"},
    {"arch", "openssh", "pacman -S", "pacman -F"},
    {"alpine", "openssh-server", "apk fix --reinstall", "apk info --who-owns"},
};

static const struct package_tool *find_tool(const struct facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		if (os_release_is(&facts->os, tools[i].id))
			return &tools[i];
	}
	return NULL;
}

const char *daemon_sshd_remedy(struct daemon_stage *stage)
{
	const struct package_tool *tool = find_tool(stage->facts);

	if (!tool)
		return "reinstall the package that sshd comes from";
	return arena_printf(stage->arena, "reinstall the package %s: %s %s", tool->sshd_package, tool->reinstall,
			    tool->sshd_package);
}

/* Whether a list of files of dpkg(1) names one that ends in /library. */
static bool list_has(const struct blob *list, const char *library)
{
	size_t offset = 0, length, name = strlen(library);
	const char *line;

	while (next_line(list, &offset, &line, &length)) {
		if (length > name && line[length - name - 1] == '/' && memcmp(line + length - name, library, name) == 0)
			return true;
	}
	return false;
}

/* The package that dpkg says the library belongs to, or NULL. */
static const char *debian_package(struct daemon_stage *stage, const char *library)
{
	struct target *target = stage->facts->target;
	struct arena arena __attribute__((cleanup(arena_release))) = {0};
	dir_list names = {0};
	size_t total = 0;

	if (target_list(target, "/var/lib/dpkg/info", &arena, &names) < 0)
		return NULL;
	for (size_t i = 0; i < names.count && total < LIST_TOTAL_LIMIT; i++) {
		const char *name = names.items[i].name;
		struct arena scratch __attribute__((cleanup(arena_release))) = {0};
		struct blob list;

		/* Only libraries are looked for. */
		if (!string_after(name, "lib") || !string_ends_with(name, ".list") ||
		    target_read(target, arena_printf(&scratch, "/var/lib/dpkg/info/%s", name), LIST_FILE_LIMIT,
				&scratch, &list, NULL) < 0)
			continue;
		total += list.size;
		/* libssl3:amd64.list */
		if (list_has(&list, library))
			return arena_memdup(stage->arena, name,
					    strcspn(name, ":") < strlen(name) ? strcspn(name, ":") : strlen(name) - 5);
	}
	return NULL;
}

const char *daemon_library_remedy(struct daemon_stage *stage, const char *library)
{
	const struct package_tool *tool = find_tool(stage->facts);
	const char *slash = strrchr(library, '/'), *package;

	if (slash)
		library = slash + 1;
	if (!tool)
		return arena_printf(stage->arena, "reinstall the package that %s comes from", library);
	if (tool->search)
		return arena_printf(stage->arena, "reinstall the package that %s comes from: %s %s names it", library,
				    tool->search, library);
	package = debian_package(stage, library);
	if (!package)
		return arena_printf(stage->arena, "reinstall the package that %s comes from", library);
	return arena_printf(stage->arena, "reinstall the package %s: %s %s", package, tool->reinstall, package);
}
