/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum {
	EDIT_LINES = 1 << EDIT_REPLACE_LINE | 1 << EDIT_DELETE_LINE | 1 << EDIT_INSERT_LINE,
	TEXT = EDIT_LINES | 1 << EDIT_WRITE,
	REMOVE = 1 << EDIT_UNLINK | 1 << EDIT_RENAME,
	CONTENT = TEXT | REMOVE | 1 << EDIT_SYMLINK,
	MODE = 1 << EDIT_CHMOD,
	OWNER = 1 << EDIT_CHOWN,
	MAKE = 1 << EDIT_MKDIR,
};

struct rule {
	const char *pattern; /* "*": any end of a component; "**" as the last component: anything below, at any depth */
	unsigned operations;
};

/* The first row that matches decides. What no row names is never touched; /etc/sshrescue, the transactions' own place,
 * must not be named. */
static const struct rule rules[] = {
    /* sshd and how it is started */
    {"/etc/ssh", MODE | OWNER | MAKE},
    /* An Include that matches too much makes sshd read these as its configuration: that is no reason to edit them. */
    {"/etc/ssh/ssh_host_*", (CONTENT & ~EDIT_LINES) | MODE | OWNER},
    {"/etc/ssh/moduli", MODE | OWNER},
    {"/etc/ssh/ssh_config", 0},
    {"/etc/ssh/ssh_config.d/**", 0},
    {"/etc/ssh/**", CONTENT | MODE | OWNER | MAKE},
    {"/etc/systemd", MAKE},
    {"/etc/systemd/system", MAKE},
    {"/etc/systemd/system/**", CONTENT | MODE | OWNER | MAKE},
    {"/etc/systemd/system.control/**", CONTENT | MODE | OWNER | MAKE},
    {"/etc/default/*", CONTENT | MODE | OWNER},
    {"/etc/sysconfig/*", CONTENT | MODE | OWNER},
    {"/etc/conf.d/*", CONTENT | MODE | OWNER},

    /* what a connection needs besides */
    {"/etc/passwd", TEXT | MODE | OWNER},
    {"/etc/group", TEXT | MODE | OWNER},
    {"/etc/shadow", TEXT | MODE | OWNER},
    {"/etc/gshadow", TEXT | MODE | OWNER},
    {"/etc/fstab", TEXT},
    {"/etc/nologin", REMOVE},
    {"/etc/hosts.allow", TEXT},
    {"/etc/hosts.deny", TEXT},

    /* firewalls, as they are kept on disk */
    {"/etc/ufw/**", CONTENT | MODE | OWNER},
    {"/etc/firewalld/**", CONTENT | MODE | OWNER | MAKE},
    {"/etc/nftables.conf", TEXT | MODE | OWNER},
    {"/etc/nftables.nft", TEXT | MODE | OWNER},
    {"/etc/nftables/**", CONTENT | MODE | OWNER},
    {"/etc/nftables.d/**", CONTENT | MODE | OWNER},
    {"/etc/iptables/**", CONTENT | MODE | OWNER},

    /* directories that sshd wants to belong to root and to be writable by nobody else */
    {"/", MODE | OWNER},
    {"/etc", MODE | OWNER},

    /* privilege separation directories (sshd(8), FILES), by distribution */
    {"/var/empty", MODE | OWNER | MAKE},
    {"/var/empty/sshd", MODE | OWNER | MAKE},
    {"/var/lib/empty", MODE | OWNER | MAKE},
    {"/var/lib/sshd", MODE | OWNER | MAKE},
    {"/var/chroot", MAKE},
    {"/var/chroot/ssh", MODE | OWNER | MAKE},
    {"/var/chroot/sshd", MODE | OWNER | MAKE},
    {"/usr/share/empty.sshd", MODE | OWNER | MAKE},

    /* the programs themselves: they can only be made executable again */
    {"/usr/sbin/sshd", MODE},
    {"/usr/bin/sshd", MODE},
    {"/usr/lib/openssh/sshd-session", MODE},
    {"/usr/lib/openssh/sshd-auth", MODE},
    {"/usr/lib/ssh/sshd-session", MODE},
    {"/usr/lib/ssh/sshd-auth", MODE},
    {"/usr/libexec/openssh/sshd-session", MODE},
    {"/usr/libexec/openssh/sshd-auth", MODE},
    {"/usr/libexec/sshd-session", MODE},
    {"/usr/libexec/sshd-auth", MODE},
    {"/usr/libexec/ssh/sshd-session", MODE},
    {"/usr/libexec/ssh/sshd-auth", MODE},

    /* what StrictModes looks at */
    {"/root", MODE | OWNER},
    {"/root/.ssh", MODE | OWNER},
    {"/root/.ssh/authorized_keys", EDIT_LINES | MODE | OWNER},
    {"/root/.ssh/authorized_keys2", EDIT_LINES | MODE | OWNER},
    {"/home/*", MODE | OWNER},
    {"/home/*/.ssh", MODE | OWNER},
    {"/home/*/.ssh/authorized_keys", EDIT_LINES | MODE | OWNER},
    {"/home/*/.ssh/authorized_keys2", EDIT_LINES | MODE | OWNER},
};

/* Where packages put their files: repairs override them in /etc. */
static const char *const vendor_directories[] = {
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/opt",
};

/* "/" or components joined by single slashes, none of them "." or "..", without control characters. */
static bool path_is_canonical(const char *path)
{
	size_t length = strlen(path);
	const char *component = path;

	if (path[0] != '/' || length >= PATH_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	}
	if (length == 1)
		return true;
	while (*component == '/') {
		size_t size = strcspn(++component, "/");

		if (size == 0 || size > NAME_MAX || (size == 1 && component[0] == '.') ||
		    (size == 2 && component[0] == '.' && component[1] == '.'))
			return false;
		component += size;
	}
	return true;
}

static bool component_matches(const char *pattern, size_t pattern_size, const char *component, size_t size)
{
	if (pattern_size > 0 && pattern[pattern_size - 1] == '*')
		return size >= pattern_size - 1 && memcmp(pattern, component, pattern_size - 1) == 0;
	return pattern_size == size && memcmp(pattern, component, size) == 0;
}

static bool pattern_matches(const char *pattern, const char *path)
{
	for (;;) {
		size_t pattern_size = strcspn(++pattern, "/"), size = strcspn(++path, "/");

		if (pattern_size == 2 && memcmp(pattern, "**", 2) == 0)
			return true;
		if (!component_matches(pattern, pattern_size, path, size))
			return false;
		pattern += pattern_size;
		path += size;
		if (*pattern == '\0' || *path == '\0')
			return *pattern == *path;
	}
}

bool policy_allows_path(enum edit_op op, const char *path)
{
	if ((unsigned)op > EDIT_RENAME || !path_is_canonical(path))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (pattern_matches(rules[i].pattern, path))
			return rules[i].operations & 1U << op;
	}
	return false;
}

bool policy_is_vendor_path(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(vendor_directories); i++) {
		if (path_is_below(path, vendor_directories[i]))
			return true;
	}
	return false;
}
