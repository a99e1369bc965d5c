/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot starts: the jobs that systemd's transaction.c collects for default.target.
 *
 * The search goes only as far as a question needs it: the requirements of the default target, then targets, then all
 * else. A unit that is started is therefore found after a few files, and only a unit that is not costs reading
 * everything that is. Orderings are not looked at; a circle of them makes systemd drop one of its units.
 */
#include "parse/unit_private.h"

#include <errno.h>

#include "base/text.h"
#include "parse/unit_name.h"
#include "parse/unit_words.h"

enum {
	/* Before, a unit that something wants was started even where what it requires could not be loaded (systemd
	 * #11338). */
	REQUIREMENTS_COUNT_SINCE = 254,
	UPHOLDS_SINCE = 249,
	SCRATCH_LIMIT = 24 * 1024,
};

/* One unit pulls in another. */
struct boot_edge {
	const char *name;
	const char *via; /* the link or file that says so */
	bool required;
	bool checked; /* by Requisite=: must load, but is not pulled in */
	bool to_unit; /* a link to the unit's own file: none, if that is a mask */
};

struct boot_node {
	const char *id;
	const struct unit_found *found;
	enum unit_load_state state;
	ARRAY_OF(struct boot_edge) edges;
	string_list conflicts;
	const char *via; /* what pulled it in first */
	bool examined, queued, started;
	bool names_sshd;
	enum {
		REQUIREMENTS_UNKNOWN,
		REQUIREMENTS_LOAD,
		REQUIREMENTS_MISSING,
	} requirements;
	struct boot_node *missing; /* the first requirement that does not load */
	bool only_requisite_missing; /* of the unit itself */
	unsigned visit;
};

typedef ARRAY_OF(struct boot_node *) node_list;

struct unit_boot {
	struct string_map nodes; /* id -> struct boot_node */
	node_list targets, others; /* queues */
	size_t next_target, next_other;
	node_list started; /* in the order found */
	unsigned visit;
};

static struct boot_node *node_get(struct unit_set *set, const char *name)
{
	const struct unit_found *found = unit_find(set, name);
	struct boot_node *node = string_map_get(&set->boot->nodes, found->id);

	if (!node) {
		node = ARENA_NEW(set->arena, struct boot_node);
		node->id = found->id;
		node->found = found;
		string_map_put(set->arena, &set->boot->nodes, node->id, node);
	}
	return node;
}

/* What is read of a unit before it becomes edges. */
struct examination {
	struct unit_set *set;
	struct boot_node *node;
	bool default_dependencies, dbus, typed;
};

static void add_edge(struct unit_set *set, struct boot_node *node, const char *name, const char *via, bool required)
{
	struct boot_edge *edge;

	name = name ? unit_dependency_name(set, node->found, name) : NULL;
	if (!name)
		return;
	edge = array_push(set->arena, &node->edges);
	edge->name = name;
	edge->via = via;
	edge->required = required;
	edge->checked = edge->to_unit = false;
}

static void add_edges(struct examination *exam, const struct unit_setting *setting, bool required)
{
	struct unit_set *set = exam->set;
	const char *cursor = setting->value;
	char *word;

	while (unit_word_next(set->arena, &cursor, UNIT_WORD_KEEP_ESCAPE, &word) == 1)
		add_edge(set, exam->node, unit_name_expand(set->arena, exam->node->id, word), setting->path, required);
}

static void add_conflicts(struct examination *exam, const struct unit_setting *setting)
{
	const char *cursor = setting->value;
	char *word;

	while (unit_word_next(exam->set->arena, &cursor, UNIT_WORD_KEEP_ESCAPE, &word) == 1) {
		char *name = unit_name_expand(exam->set->arena, exam->node->id, word);

		if (name)
			*array_push(exam->set->arena, &exam->node->conflicts) = name;
	}
}

static void examine_unit_section(struct examination *exam, const struct unit_setting *setting)
{
	const char *key = setting->key;
	int boolean;

	if (string_equal(key, "Wants")) {
		add_edges(exam, setting, false);
	} else if (string_equal(key, "Requires") || string_equal(key, "BindsTo") || string_equal(key, "BindTo") ||
		   string_equal(key, "RequiresOverridable")) {
		add_edges(exam, setting, true);
	} else if (string_equal(key, "Requisite")) {
		size_t first = exam->node->edges.count;

		add_edges(exam, setting, true);
		for (size_t i = first; i < exam->node->edges.count; i++)
			exam->node->edges.items[i].checked = true;
	} else if (string_equal(key, "Upholds")) {
		unsigned version = unit_systemd_version(exam->set);

		if (!version || version >= UPHOLDS_SINCE)
			add_edges(exam, setting, false);
	} else if (string_equal(key, "Conflicts")) {
		add_conflicts(exam, setting);
	} else if (string_equal(key, "DefaultDependencies")) {
		boolean = unit_boolean(setting->value);
		if (boolean >= 0)
			exam->default_dependencies = boolean;
	}
}

static void examine_setting(void *context, const struct unit_setting *setting)
{
	struct examination *exam = context;
	const char *key = setting->key;

	if (string_equal(setting->section, "Unit")) {
		examine_unit_section(exam, setting);
		return;
	}
	if (string_equal(setting->section, "Install"))
		return;
	if (string_equal(key, "Sockets")) {
		add_edges(exam, setting, false);
	} else if (string_equal(key, "Slice")) {
		add_edges(exam, setting, true);
	} else if (string_equal(key, "Type")) {
		exam->typed = true;
		exam->dbus = string_equal(setting->value, "dbus");
	} else if (string_equal(key, "BusName")) {
		if (!exam->typed)
			exam->dbus = *setting->value;
	} else if (string_equal(key, "ExecStart") && strstr(setting->value, "sshd")) {
		exam->node->names_sshd = true;
	}
}

static void add_links(struct unit_set *set, struct boot_node *node, const char *suffix, bool required)
{
	unit_links links = {0};

	unit_dependency_links(set, node->found, suffix, &links);
	for (size_t i = 0; i < links.count; i++) {
		add_edge(set, node, links.items[i].name, links.items[i].path, required);
		node->edges.items[node->edges.count - 1].to_unit = links.items[i].to_unit;
	}
}

/* The kernel, fstab or systemd itself provide units of these types; there need not be a file. */
static bool type_needs_file(const char *type)
{
	return string_equal(type, "service") || string_equal(type, "socket") || string_equal(type, "target") ||
	       string_equal(type, "timer") || string_equal(type, "path");
}

/* Dependencies that are not written down: systemd.service(5), systemd.socket(5), …, IMPLICIT and DEFAULT
 * DEPENDENCIES. */
static void add_implicit_edges(struct examination *exam, const char *type)
{
	struct boot_node *node = exam->node;

	if (exam->default_dependencies && type_needs_file(type) && !string_equal(type, "target"))
		add_edge(exam->set, node, "sysinit.target", node->found->entry->path, true);
	if (exam->dbus && string_equal(type, "service"))
		add_edge(exam->set, node, "dbus.socket", node->found->entry->path, true);
}

static void examine(struct unit_set *set, struct boot_node *node)
{
	struct examination exam = {.set = set, .node = node, .default_dependencies = true};
	const char *type = unit_name_type(node->id);
	const struct unit *unit = string_map_get(&set->units, node->id);

	if (node->examined)
		return;
	node->examined = true;
	if (unit) {
		node->state = unit->state;
		for (size_t i = 0; i < unit->settings.count; i++)
			examine_setting(&exam, &unit->settings.items[i]);
	} else {
		struct unit_scan scan = {.arena = &set->scratch, .setting = examine_setting, .context = &exam};

		/* One block for many files: getting and returning one for each costs more than reading it. */
		if (set->scratch.used > SCRATCH_LIMIT)
			arena_release(&set->scratch);
		node->state = unit_scan(set, node->found, &scan);
	}
	if (node->state == UNIT_NOT_FOUND && type && !type_needs_file(type))
		node->state = UNIT_LOADED;
	if (node->state != UNIT_LOADED)
		return;
	add_links(set, node, ".wants", false);
	add_links(set, node, ".requires", true);
	add_links(set, node, ".upholds", false);
	if (node->found->entry)
		add_implicit_edges(&exam, type);
}

/* Whether an edge leads to a unit that must load. */
static bool must_load(struct unit_set *set, const struct boot_edge *edge, struct boot_node **ret_next)
{
	if (!edge->required)
		return false;
	*ret_next = node_get(set, edge->name);
	examine(set, *ret_next);
	return !((*ret_next)->state == UNIT_MASKED && edge->to_unit);
}

/* Puts the units that current requires on the stack, unless they are there. Returns one that does not load, or NULL. */
static struct boot_node *stack_requirements(struct unit_set *set, struct boot_node *current, node_list *stack)
{
	for (size_t i = 0; i < current->edges.count; i++) {
		const struct boot_edge *edge = &current->edges.items[i];
		struct boot_node *next;

		if (edge->checked || !must_load(set, edge, &next))
			continue;
		if (next->state != UNIT_LOADED)
			return next;
		if (next->requirements == REQUIREMENTS_MISSING)
			return next->missing;
		if (next->visit == set->boot->visit || next->requirements == REQUIREMENTS_LOAD)
			continue;
		next->visit = set->boot->visit;
		*array_push(set->arena, stack) = next;
	}
	return NULL;
}

/* What a Requisite= of the unit names and does not load, or NULL. */
static struct boot_node *missing_requisite(struct unit_set *set, const struct boot_node *node)
{
	for (size_t i = 0; i < node->edges.count; i++) {
		struct boot_node *next;

		if (node->edges.items[i].checked && must_load(set, &node->edges.items[i], &next) &&
		    next->state != UNIT_LOADED)
			return next;
	}
	return NULL;
}

/* Whether a unit and all that it requires, all the way down, can be loaded. */
static bool requirements_load(struct unit_set *set, struct boot_node *node)
{
	node_list stack = {0};
	struct boot_node *missing;

	if (node->requirements != REQUIREMENTS_UNKNOWN)
		return node->requirements == REQUIREMENTS_LOAD;
	examine(set, node);
	missing = node->state == UNIT_LOADED ? NULL : node;
	node->visit = ++set->boot->visit;
	*array_push(set->arena, &stack) = node;
	for (size_t i = 0; i < stack.count && !missing; i++)
		missing = stack_requirements(set, stack.items[i], &stack);
	for (size_t i = stack.count; i > 0 && !missing; i--) {
		missing = missing_requisite(set, stack.items[i - 1]);
		node->only_requisite_missing = missing && i == 1;
	}
	node->missing = missing;
	node->requirements = missing ? REQUIREMENTS_MISSING : REQUIREMENTS_LOAD;
	for (size_t i = 0; i < stack.count && !missing; i++)
		stack.items[i]->requirements = REQUIREMENTS_LOAD;
	return !missing;
}

static void enqueue(struct unit_set *set, const char *name, const char *via)
{
	struct boot_node *node = node_get(set, name);
	const char *type = unit_name_type(node->id);

	if (node->queued || !type)
		return;
	node->queued = true;
	node->via = via;
	*array_push(set->arena, string_equal(type, "target") ? &set->boot->targets : &set->boot->others) = node;
}

static void start(struct unit_set *set, struct boot_node *node)
{
	node->started = true;
	*array_push(set->arena, &set->boot->started) = node;
	for (size_t i = 0; i < node->edges.count; i++) {
		const struct boot_edge *edge = &node->edges.items[i];

		/* An old systemd that trips over a requirement starts the unit, but does not come to what it wants; a
		 * requisite comes last. */
		if (!edge->checked &&
		    (edge->required || node->requirements != REQUIREMENTS_MISSING || node->only_requisite_missing))
			enqueue(set, edge->name, edge->via);
	}
}

static void process(struct unit_set *set, struct boot_node *node)
{
	if (node->started)
		return;
	examine(set, node);
	if (node->state != UNIT_LOADED)
		return;
	if (!requirements_load(set, node)) {
		unsigned version = unit_systemd_version(set);

		if (!version || version >= REQUIREMENTS_COUNT_SINCE)
			return;
	}
	start(set, node);
}

/* do_queue_default_job() of systemd's main.c: rescue.target takes the place of a default.target that does not load;
 * when something that it requires is missing, nothing is started at all. */
static void begin(struct unit_set *set)
{
	struct boot_node *node;

	if (set->boot)
		return;
	set->boot = ARENA_NEW(set->arena, struct unit_boot);
	node = node_get(set, set->assumed ? set->assumed : "default.target");
	examine(set, node);
	if (node->state != UNIT_LOADED) {
		node = node_get(set, "rescue.target");
		examine(set, node);
	}
	if (node->state == UNIT_LOADED && requirements_load(set, node)) {
		node->queued = true;
		start(set, node);
	}
}

/* One step of the search; false at its end. */
static bool search_step(struct unit_set *set)
{
	struct unit_boot *boot = set->boot;

	if (boot->next_target < boot->targets.count)
		process(set, boot->targets.items[boot->next_target++]);
	else if (boot->next_other < boot->others.count)
		process(set, boot->others.items[boot->next_other++]);
	else
		return false;
	return true;
}

/* Goes on with the search until node is started, or to its end. */
static void search(struct unit_set *set, struct boot_node *node)
{
	while (!node->started) {
		if (node->queued && !node->examined)
			process(set, node);
		else if (!search_step(set))
			return;
	}
}

static struct boot_node *search_for(struct unit_set *set, const char *name, const char **ret_link)
{
	struct boot_node *node;

	begin(set);
	node = node_get(set, name);
	if (node->found->entry || node->found->loop || !type_needs_file(unit_name_type(node->id)))
		search(set, node);
	arena_release(&set->scratch);
	if (ret_link)
		*ret_link = node->via;
	return node;
}

bool unit_boot_starts(struct unit_set *set, const char *name, const char **ret_link)
{
	if (unit_name_kind(name) == UNIT_NAME_INVALID)
		return false;
	return search_for(set, name, ret_link)->started;
}

bool unit_boot_wants(struct unit_set *set, const char *name, const char **ret_link)
{
	struct boot_node *node;

	if (unit_name_kind(name) == UNIT_NAME_INVALID)
		return false;
	begin(set);
	node = node_get(set, name);
	while (!node->queued && search_step(set))
		;
	arena_release(&set->scratch);
	if (ret_link)
		*ret_link = node->via;
	return node->queued;
}

const char *unit_default_target(struct unit_set *set)
{
	struct boot_node *node;

	begin(set);
	node = node_get(set, "default.target");
	examine(set, node);
	arena_release(&set->scratch);
	return node->state == UNIT_LOADED ? node->id : NULL;
}

void unit_boot_assume(struct unit_set *set, const char *target)
{
	set->boot = NULL;
	set->assumed = target;
}

const char *unit_boot_assumed(struct unit_set *set)
{
	return set->assumed;
}

const struct unit *unit_missing_requirement(struct unit_set *set, const char *name)
{
	struct boot_node *node;
	bool complete;

	if (unit_name_kind(name) == UNIT_NAME_INVALID)
		return NULL;
	begin(set);
	node = node_get(set, name);
	examine(set, node);
	complete = node->state != UNIT_LOADED || requirements_load(set, node);
	arena_release(&set->scratch);
	return complete ? NULL : unit_load(set, node->missing->id);
}

bool unit_boot_conflicts(struct unit_set *set, const char *name, const char *other)
{
	const struct unit_found *found = unit_find(set, other);
	struct boot_node *node;

	begin(set);
	node = node_get(set, name);
	examine(set, node);
	arena_release(&set->scratch);
	for (size_t i = 0; i < node->conflicts.count; i++) {
		if (string_equal(unit_find(set, node->conflicts.items[i])->id, found->id))
			return true;
	}
	return false;
}

const char *unit_boot_next_sshd(struct unit_set *set, const char *previous)
{
	bool behind = !previous;

	begin(set);
	while (search_step(set))
		;
	arena_release(&set->scratch);
	for (size_t i = 0; i < set->boot->started.count; i++) {
		const struct boot_node *node = set->boot->started.items[i];

		if (behind && node->names_sshd)
			return node->id;
		if (previous && string_equal(node->id, previous))
			behind = true;
	}
	return NULL;
}
