/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disks/listing.h"

#include "report/escape.h"
#include "version.h"

enum {
	COLUMNS = 5,
	COLUMN_MOST = 40, /* a longer name makes only its own line longer */
};

static char *format_size(struct arena *arena, uint64_t size)
{
	static const char units[] = "BKMGTPE";
	unsigned unit = 0;
	uint64_t tenths = 0;

	while (size >= 1024 && unit + 2 < sizeof(units)) {
		tenths = size % 1024 * 10 / 1024;
		size /= 1024;
		unit++;
	}
	if (size < 10 && unit && tenths)
		return arena_printf(arena, "%u.%u%c", (unsigned)size, (unsigned)tenths, units[unit]);
	return arena_printf(arena, "%u%c", (unsigned)size, units[unit]);
}

/* The systems of a volume, and what is wrong with it. */
static const char *describe_systems(struct arena *arena, const found_list *systems, const struct volume *volume)
{
	const char *text = "";

	for (size_t i = 0; i < systems->count; i++) {
		const struct found_system *system = &systems->items[i];
		const char *own = system->result.is_root ? system->result.os : system->result.trouble;

		if (system->place.volume != volume || !*own)
			continue;
		text = arena_printf(arena, "%s%s%s%s%s", text, *text ? "; " : "",
				    system->place.subvolume ? system->place.subvolume : "",
				    system->place.subvolume ? ": " : "", own);
	}
	return text;
}

/* What is said of a volume at the end of its line. */
static const char *remark(struct arena *arena, const found_list *systems, const struct volume *volume)
{
	if (volume->busy)
		return volume->busy;
	if (volume->trouble)
		return volume->trouble;
	if (volume->probe.damage)
		return volume->probe.damage;
	if (volume->probe.content == CONTENT_HIBERNATED)
		return "the memory of a hibernated machine";
	return describe_systems(arena, systems, volume);
}

static void row_of(struct arena *arena, const struct volume *volume, const found_list *systems, char *row[COLUMNS])
{
	const char *label = *volume->probe.label ? volume->probe.label : volume->probe.uuid;

	row[0] = escape_terminal_string(arena, volume->name);
	row[1] = format_size(arena, volume->size);
	row[2] = arena_strdup(arena, volume->table ? volume->table : content_name(volume->probe.content));
	row[3] = escape_terminal_string(arena, label);
	row[4] = escape_terminal_string(arena, remark(arena, systems, volume));
}

void listing_table(struct text *text, const struct volume_set *set, const found_list *systems)
{
	static char *const heads[COLUMNS] = {"DEVICE", "SIZE", "TYPE", "LABEL OR UUID", "WHAT IS THERE"};
	char *(*rows)[COLUMNS] = arena_alloc(text->arena, (set->volumes.count + 1) * sizeof(*rows));
	size_t widths[COLUMNS] = {0};

	memcpy(rows[0], heads, sizeof(heads));
	for (size_t i = 0; i <= set->volumes.count; i++) {
		if (i)
			row_of(text->arena, set->volumes.items[i - 1], systems, rows[i]);
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t width = strlen(rows[i][j]);

			if (width > widths[j] && width <= COLUMN_MOST)
				widths[j] = width;
		}
	}
	for (size_t i = 0; i <= set->volumes.count; i++) {
		size_t last = COLUMNS - 1;

		while (last && !*rows[i][last])
			last--;
		for (size_t j = 0; j < last; j++)
			text_printf(text, "%-*s  ", (int)widths[j], rows[i][j]);
		text_printf(text, "%s\n", rows[i][last]);
	}
}

void listing_verdicts(struct text *text, const struct volume_set *set, const found_list *systems)
{
	for (size_t i = 0; i < set->volumes.count; i++) {
		const struct volume *volume = set->volumes.items[i];

		if (volume->wanted && volume_obstacle(volume))
			text_printf(text, "%s: %s\n", escape_terminal_string(text->arena, volume->name),
				    escape_terminal_string(text->arena, volume_obstacle(volume)));
	}

	for (size_t i = 0; i < systems->count; i++) {
		const struct found_system *system = &systems->items[i];
		const struct system_result *result = &system->result;

		if (!result->is_root && !*result->trouble)
			continue;
		text_printf(text, "%s: ", escape_terminal_string(text->arena, system->place.name));
		if (result->is_root)
			text_printf(text, "%s%s%s", escape_terminal_string(text->arena, result->os),
				    *result->line ? ": " : "", result->line);
		if (*result->trouble)
			text_printf(text, "%s%s", result->is_root ? "; " : "",
				    escape_terminal_string(text->arena, result->trouble));
		text_add_string(text, "\n");
	}
}

static void add_key(struct text *text, const char *key, const char *value)
{
	text_printf(text, "\"%s\": ", key);
	escape_json_string(text, value && *value ? value : NULL);
}

static void add_volume(struct text *text, const struct volume *volume)
{
	text_add_string(text, "{");
	add_key(text, "name", volume->name);
	text_printf(text, ", \"offset\": %llu, \"size\": %llu, ", (unsigned long long)volume->offset,
		    (unsigned long long)volume->size);
	add_key(text, "type", content_name(volume->probe.content));
	text_add_string(text, ", ");
	add_key(text, "table", volume->table);
	text_add_string(text, ", ");
	add_key(text, "label", volume->probe.label);
	text_add_string(text, ", ");
	add_key(text, "uuid", volume->probe.uuid);
	text_add_string(text, ", ");
	add_key(text, "partuuid", volume->partition_uuid);
	text_add_string(text, ", ");
	add_key(text, "part_of", volume->parent ? volume->parent->name : NULL);
	text_add_string(text, ", ");
	add_key(text, "in_use", volume->busy);
	text_add_string(text, ", ");
	add_key(text, "trouble", volume->trouble ? volume->trouble : volume->probe.damage);
	text_add_string(text, "}");
}

static void add_system(struct text *text, const struct found_system *system)
{
	const struct system_result *result = &system->result;

	text_add_string(text, "{");
	add_key(text, "device", system->place.volume->name);
	text_add_string(text, ", ");
	add_key(text, "subvolume", system->place.subvolume);
	text_add_string(text, ", ");
	add_key(text, "os", result->os);
	text_add_string(text, ", ");
	add_key(text, "verdict", result->is_root ? verdict_name(result->verdict) : NULL);
	text_add_string(text, ", ");
	add_key(text, "line", result->line);
	text_add_string(text, ", ");
	add_key(text, "trouble", result->trouble);
	text_printf(text, ", \"exit\": %u,\n  \"report\": %s}", result->status,
		    system->report ? system->report : "null");
}

void listing_json(struct text *text, const struct volume_set *set, const found_list *systems, unsigned status)
{
	const char *comma = "";

	text_add_string(text, "{\"schema\": 1, \"tool\": {\"name\": \"sshrescue\", \"version\": ");
	escape_json_string(text, SSHRESCUE_VERSION);
	text_add_string(text, "},\n \"volumes\": [");
	for (size_t i = 0; i < set->volumes.count; i++) {
		text_add_string(text, i ? ",\n  " : "\n  ");
		add_volume(text, set->volumes.items[i]);
	}
	text_add_string(text, "],\n \"systems\": [");
	for (size_t i = 0; i < systems->count; i++) {
		if (!systems->items[i].result.is_root && !*systems->items[i].result.trouble)
			continue;
		text_printf(text, "%s\n  ", comma);
		add_system(text, &systems->items[i]);
		comma = ",";
	}
	text_printf(text, "],\n \"exit\": %u}\n", status);
}
