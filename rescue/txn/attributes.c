/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes of a replaced file survive; ACLs and labels are such attributes. */
#include "txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define LABEL "security.selinux"
#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

enum {
	/* linux/limits.h: XATTR_LIST_MAX, XATTR_SIZE_MAX */
	LIST_SIZE = 65536,
	VALUE_SIZE = 65536,
	ATTRIBUTE_LIMIT = 1000,
};

/* Signatures of the old content, what belongs to one inode of an overlay or of XFS's own ACL form, and file
 * capabilities, which a write takes away as well (capabilities(7)). */
static bool is_bound_to_inode(const char *name)
{
	static const char *const exact[] = {"security.ima", "security.evm", "security.capability"};
	static const char *const prefixes[] = {"trusted.overlay.", "user.overlay.", "trusted.SGI_ACL_"};

	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		if (string_equal(name, exact[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (string_after(name, prefixes[i]))
			return true;
	}
	return false;
}

static bool is_absence(int error)
{
	return error == ENODATA || error == ENOTSUP;
}

static bool value_is(int fd, const char *name, const char *value, size_t size, char *buffer)
{
	ssize_t length = fgetxattr(fd, name, buffer, VALUE_SIZE);

	return length >= 0 && (size_t)length == size && memcmp(buffer, value, size) == 0;
}

static int copy_one(int from, int to, const char *name, char *value, char *check)
{
	ssize_t size = fgetxattr(from, name, value, VALUE_SIZE);

	if (size < 0)
		return -errno;
	if (value_is(to, name, value, (size_t)size, check))
		return 0;
	if (fsetxattr(to, name, value, (size_t)size, 0) < 0)
		return -errno;
	return value_is(to, name, value, (size_t)size, check) ? 0 : -EIO;
}

int txn_copy_attributes(struct arena *arena, int from, int to, const char **ret_name)
{
	char *names = arena_alloc(arena, LIST_SIZE), *value, *check;
	ssize_t size = flistxattr(from, names, LIST_SIZE);
	bool has_acl = false;
	unsigned count = 0;

	*ret_name = "extended attributes";
	if (size < 0 && !is_absence(errno))
		return -errno;
	if (size > 0) {
		value = arena_alloc(arena, VALUE_SIZE);
		check = arena_alloc(arena, VALUE_SIZE);
		for (const char *name = names; name < names + size; name += strlen(name) + 1) {
			int result;

			if (++count > ATTRIBUTE_LIMIT)
				return -E2BIG;
			if (is_bound_to_inode(name))
				continue;
			has_acl = has_acl || string_equal(name, ACL_ACCESS);
			result = copy_one(from, to, name, value, check);
			if (result < 0) {
				*ret_name = arena_strdup(arena, name);
				return result;
			}
		}
	}
	return has_acl ? 0 : txn_drop_acl(to);
}

int txn_drop_acl(int fd)
{
	static const char *const names[] = {ACL_ACCESS, ACL_DEFAULT};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		/* EACCES: only directories have a default ACL. */
		if (fremovexattr(fd, names[i]) < 0 && !is_absence(errno) && errno != EACCES)
			return -errno;
	}
	return 0;
}

/* Links have no descriptor that takes attributes, so they are named from inside their directory. */
static int enter(int directory, int *ret_origin)
{
	*ret_origin = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_origin < 0)
		return -errno;
	return fchdir(directory) < 0 ? -errno : 0;
}

static int come_back(int origin)
{
	return fchdir(origin) < 0 ? -errno : 0;
}

/* 0 when there is none. */
static ssize_t get_label_at(int directory, const char *name, char *buffer, size_t size)
{
	cleanup_fd int origin = -1;
	ssize_t length = enter(directory, &origin);
	int result;

	if (length < 0)
		return length;
	length = lgetxattr(name, LABEL, buffer, size);
	if (length < 0)
		length = is_absence(errno) ? 0 : -errno;
	result = come_back(origin);
	return result < 0 ? result : length;
}

static int set_label_at(int directory, const char *name, const char *label, size_t size)
{
	cleanup_fd int origin = -1;
	int result = enter(directory, &origin), back;

	if (result < 0)
		return result;
	if (lsetxattr(name, LABEL, label, size, 0) < 0)
		result = -errno;
	back = come_back(origin);
	return result < 0 ? result : back;
}

enum {
	LABEL_SIZE = 4096,
};

/* Sets a label and proves it. fd -1: by directory and name. */
static int set_label(int fd, int directory, const char *name, const char *label, size_t size)
{
	char now[LABEL_SIZE];
	ssize_t length;

	for (int i = 0; i < 2; i++) {
		if (fd >= 0) {
			length = fgetxattr(fd, LABEL, now, sizeof(now));
			if (length < 0 && !is_absence(errno))
				return -errno;
		} else {
			length = get_label_at(directory, name, now, sizeof(now));
			if (length < 0)
				return (int)length;
		}
		if (length == (ssize_t)size && memcmp(now, label, size) == 0)
			return 0;
		if (i == 0) {
			int result = 0;

			if (fd >= 0)
				result = fsetxattr(fd, LABEL, label, size, 0) < 0 ? -errno : 0;
			else
				result = set_label_at(directory, name, label, size);
			if (result < 0)
				return result;
		}
	}
	return -EIO;
}

int txn_copy_link_label(int from_directory, const char *from, int to_directory, const char *to)
{
	char label[LABEL_SIZE];
	ssize_t size = get_label_at(from_directory, from, label, sizeof(label));

	return size <= 0 ? (int)size : set_label(-1, to_directory, to, label, (size_t)size);
}

static const char *suffix_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot : "";
}

static bool is_host_key(const char *name)
{
	return string_after(name, "ssh_host_") && string_ends_with(name, "_key");
}

/* Files that a policy labels alike because their names are alike. */
static bool same_kind(const char *a, const char *b)
{
	return is_host_key(a) == is_host_key(b) && string_equal(suffix_of(a), suffix_of(b));
}

static ssize_t sibling_label(int parent, const char *own_name, enum node_type type, char *label)
{
	enum {
		SIBLING_LIMIT = 1000
	};
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	for (int i = 0; i < SIBLING_LIMIT && (item = readdir(stream)); i++) {
		struct txn_object object;
		ssize_t size;

		if (string_equal(item->d_name, own_name) || string_equal(item->d_name, ".") ||
		    string_equal(item->d_name, "..") || !same_kind(item->d_name, own_name))
			continue;
		if (txn_look(parent, item->d_name, false, &object) < 0 || object.type != type)
			continue;
		size = get_label_at(parent, item->d_name, label, LABEL_SIZE);
		if (size > 0)
			return size;
	}
	return 0;
}

/* In /etc itself, and among directories with plain names, neighbours have nothing in common. */
static bool has_kind(const char *path, enum node_type type)
{
	const char *name = strrchr(path, '/') + 1;

	if (string_after(path, "/etc/") == name)
		return false;
	return type != NODE_DIRECTORY || *suffix_of(name);
}

/* The reference policy's types for sshd's own files: policy/modules/services/ssh.fc */
static const char *type_for(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	if (string_after(path, "/etc/ssh/ssh_host_") && (is_host_key(name) || string_ends_with(name, "_key.pub")))
		return "sshd_key_t";
	if (string_ends_with(path, "/.ssh") || strstr(path, "/.ssh/"))
		return "ssh_home_t";
	return NULL;
}

/* user:role:type:level with another type; unchanged when it is not of that form. */
static ssize_t with_type(char *label, ssize_t size, const char *type)
{
	char rest[LABEL_SIZE];
	char *start, *end;
	size_t rest_size;

	start = memchr(label, ':', (size_t)size);
	start = start ? memchr(start + 1, ':', (size_t)(label + size - start - 1)) : NULL;
	if (!start)
		return size;
	start++;
	end = memchr(start, ':', (size_t)(label + size - start));
	if (!end)
		end = memchr(start, '\0', (size_t)(label + size - start));
	if (!end)
		end = label + size;
	rest_size = (size_t)(label + size - end);
	if ((size_t)(start - label) + strlen(type) + rest_size > LABEL_SIZE)
		return size;
	memcpy(rest, end, rest_size);
	memcpy(start, type, strlen(type));
	memcpy(start + strlen(type), rest, rest_size);
	return start - label + (ssize_t)(strlen(type) + rest_size);
}

int txn_label_new(int parent, const char *path, enum node_type type, int fd, int directory, const char *name)
{
	char parent_label[LABEL_SIZE], label[LABEL_SIZE];
	const char *own_name = strrchr(path, '/') + 1;
	ssize_t parent_size = fgetxattr(parent, LABEL, parent_label, sizeof(parent_label)), size;

	if (parent_size <= 0)
		return parent_size == 0 || is_absence(errno) ? 0 : -errno;
	size = has_kind(path, type) ? sibling_label(parent, own_name, type, label) : 0;
	if (size <= 0) {
		memcpy(label, parent_label, (size_t)parent_size);
		size = type_for(path) ? with_type(label, parent_size, type_for(path)) : parent_size;
	}
	return set_label(fd, directory, name, label, (size_t)size);
}
