/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewalld.conf, as src/firewall/core/io/firewalld_conf.py reads it, and which firewalld it is. */
#include "base/ctype.h"
#include "base/text.h"
#include "parse/firewalld_private.h"

#define SETTINGS_PATH FIREWALLD_ETC "/firewalld.conf"

static bool says(const char *value, const char *first, const char *second)
{
	return string_equal_nocase(value, first) || string_equal_nocase(value, second);
}

/* A value that is neither leaves the default. */
static void take_flag(const char *value, bool *flag)
{
	if (says(value, "yes", "true"))
		*flag = true;
	else if (says(value, "no", "false"))
		*flag = false;
}

static void take_backend(struct firewalld_settings *settings, const char *value, struct place place)
{
	if (!says(value, "nftables", "iptables"))
		return;
	settings->iptables = string_equal_nocase(value, "iptables");
	/* The spelling is compared again later, then with its case. */
	settings->backend_invalid = !string_equal(value, "iptables") && !string_equal(value, "nftables");
	settings->backend_place = place;
}

static void take(struct firewalld_settings *settings, const char *key, const char *value, struct place place)
{
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
	    {"IPv6_rpfilter", &settings->ipv6_rpfilter},
	    {"RFC3964_IPv4", &settings->rfc3964},
	    {"StrictForwardPorts", &settings->strict_forward_ports},
	    {"AllowZoneDrifting", &settings->zone_drifting},
	};

	if (string_equal(key, "DefaultZone")) {
		settings->default_zone = value;
		settings->default_zone_place = place;
	} else if (string_equal(key, "FirewallBackend")) {
		take_backend(settings, value, place);
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (string_equal(key, flags[i].key))
			take_flag(value, flags[i].flag);
	}
}

/* "KEY = VALUE" with one "=", of which the first of each key counts. */
static bool split_setting(char *line, char **ret_key, char **ret_value)
{
	char *equals = strchr(line, '='), *ends[2];

	if (!equals || strchr(equals + 1, '='))
		return false;
	ends[0] = equals;
	ends[1] = equals + strlen(equals);
	*ret_key = line;
	*ret_value = equals + 1 + strspn(equals + 1, " \t\r\v\f");
	while (ends[0] > line && char_is_space(ends[0][-1]))
		ends[0]--;
	while (ends[1] > *ret_value && char_is_space(ends[1][-1]))
		ends[1]--;
	*ends[0] = *ends[1] = '\0';
	return **ret_value != '\0';
}

/* Whether Python reads it as text at all. Overlong forms and surrogates are no UTF-8. */
static bool is_utf8(const struct blob *content)
{
	for (size_t i = 0; i < content->size;) {
		unsigned char c = (unsigned char)content->data[i], second = (unsigned char)content->data[i + 1];
		size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || more >= content->size - i || (c == 0xe0 && second < 0xa0) ||
		    (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
			return false;
		for (size_t j = 1; j <= more; j++) {
			if (((unsigned char)content->data[i + j] & 0xc0) != 0x80)
				return false;
		}
		i += more + 1;
	}
	return true;
}

static void read_lines(struct firewalld *firewalld, const struct blob *content)
{
	struct string_map seen = {0};
	const char *line;
	size_t offset = 0, length;

	for (unsigned number = 1; next_line(content, &offset, &line, &length); number++) {
		struct place place = {.path = SETTINGS_PATH, .line = number, .text = line};
		size_t blank = strspn(line, " \t\r\v\f");
		char *copy, *key, *value;

		place.text_length = (unsigned)length;
		if (blank >= length || line[blank] == '#' || line[blank] == ';')
			continue;
		copy = arena_memdup(firewalld->arena, line + blank, length - blank);
		if (!split_setting(copy, &key, &value) || string_map_get(&seen, key))
			continue;
		string_map_put(firewalld->arena, &seen, key, value);
		take(&firewalld->settings, key, value, place);
	}
}

void firewalld_read_settings(struct firewalld *firewalld)
{
	static const struct firewalld_settings defaults = {
	    .default_zone = "public", .ipv6_rpfilter = true, .rfc3964 = true};
	struct place place = {.path = SETTINGS_PATH};
	struct blob content;
	int r;

	firewalld->settings = defaults;
	if (firewalld->vendor_only)
		return;
	r = target_read(firewalld->target, SETTINGS_PATH, TARGET_FILE_LIMIT, firewalld->arena, &content, NULL);
	if (r < 0)
		return;
	if (is_utf8(&content))
		read_lines(firewalld, &content);
	else
		firewalld_leave_out(firewalld, place, "it is not UTF-8: firewalld uses its defaults");
}

unsigned firewalld_read_version(struct target *target, struct arena *arena)
{
	static const char *const patterns[] = {"/usr/lib/python3*/dist-packages/firewall/config/__init__.py",
					       "/usr/lib/python3*/site-packages/firewall/config/__init__.py"};
	static const char variable[] = "\nVERSION = ";

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		string_list paths = {0};
		struct blob content;
		const char *version;
		unsigned numbers[2] = {0};

		target_glob(target, patterns[i], arena, &paths);
		if (!paths.count || target_read(target, paths.items[0], TARGET_FILE_LIMIT, arena, &content, NULL) < 0)
			continue;
		version = strstr(content.data, variable);
		if (!version)
			continue;
		version += strlen(variable) + 1;
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++, version += *version == '.') {
			while (char_is_digit(*version) && numbers[j] < 100)
				numbers[j] = numbers[j] * 10 + (unsigned)(*version++ - '0');
		}
		if (numbers[0] < 100 && numbers[1] < 100)
			return numbers[0] * 100 + numbers[1];
	}
	return FIREWALLD_NEWEST;
}
