/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the programs that load rules can be run at all: a package that was removed leaves its enabled units and its
 * rules behind, and then nothing is loaded. */
#include "stage/firewall_load.h"

#include <errno.h>

#include "base/text.h"

enum {
	HEAD_SIZE = 256, /* of a program, as much as the kernel looks at: BINPRM_BUF_SIZE */
	ELF_MACHINE = 18, /* where e_machine is */
	ELF_DATA = 5, /* where the byte order is, 2: the highest first */
};

/* Where systemd and the PATH of a boot's scripts look for a bare name. */
static const char *find_program(const struct facts *facts, const char *name)
{
	static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin",	     "/sbin",	       "/bin"};

	for (size_t i = 0; *name != '/' && i < ARRAY_SIZE(directories); i++) {
		const char *path = arena_printf(facts->arena, "%s/%s", directories[i], name);

		if (target_exists(facts->target, path))
			return path;
	}
	return name;
}

static enum firewall_fate script_fate(const struct facts *facts, char *line, const char **ret_reason)
{
	struct node_stat stat;
	const char *interpreter;

	line[strcspn(line, "\n")] = '\0';
	interpreter = cut_word(&line);
	if (!*interpreter || target_stat(facts->target, interpreter, &stat) == 0)
		return FATE_RUNS;
	*ret_reason = arena_printf(facts->arena, "its interpreter %s is not there", interpreter);
	return FATE_FAILS;
}

static enum firewall_fate elf_fate(const struct facts *facts, const unsigned char *head, const char **ret_reason)
{
	unsigned high = head[ELF_DATA] == 2, machine = head[ELF_MACHINE + !high] << 8 | head[ELF_MACHINE + high];

	/* Something like qemu-user may run it all the same. */
	if (!facts->binary.machine || facts->binary.machine == machine)
		return FATE_RUNS;
	*ret_reason = "it is a program of another machine than sshd";
	return FATE_UNCERTAIN;
}

static enum firewall_fate program_fate(const struct facts *facts, const char *path, const char **ret_reason)
{
	char head[HEAD_SIZE + 1] = "";
	struct node_stat stat;
	ssize_t size;
	int r = *path == '/' ? target_stat(facts->target, path, &stat) : -ENOENT;

	if (r < 0) {
		*ret_reason = r == -ENOENT ? "it is not there" : strerror(-r);
		return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? FATE_FAILS : FATE_UNCERTAIN;
	}
	if (stat.type != NODE_FILE || !(stat.mode & 0111)) {
		*ret_reason = "it is not executable";
		return FATE_FAILS;
	}
	size = target_pread(facts->target, path, head, HEAD_SIZE, 0);
	if (size > 2 && memcmp(head, "#!", 2) == 0)
		return script_fate(facts, head + 2, ret_reason);
	if (size > ELF_MACHINE + 1 && memcmp(head, "\177ELF", 4) == 0)
		return elf_fate(facts, (const unsigned char *)head, ret_reason);
	*ret_reason = size < 0 ? strerror((int)-size) : "it is neither an ELF program nor a script";
	return FATE_UNCERTAIN;
}

static bool is_raised(const struct findings *findings, const char *path, const char *subject)
{
	for (size_t i = 0; i < findings->problems.count; i++) {
		const struct problem *problem = findings->problems.items[i];

		if (problem->code == PROBLEM_FIREWALL_LOADER && problem->path && string_equal(problem->path, path) &&
		    string_equal(problem->subject, subject))
			return true;
	}
	return false;
}

/* systemd starts no service that comes after a unit which it requires and which failed. */
static void check_service(const struct facts *facts, struct findings *findings, const struct firewall_loader *loader,
			  const char *path, enum firewall_fate fate)
{
	const struct unit *service = facts->service.service;
	struct problem *problem;

	if (!service || !loader->unit || !firewall_unit_names(facts, service, "After", loader->name) ||
	    (!firewall_unit_names(facts, service, "Requires", loader->name) &&
	     !firewall_unit_names(facts, service, "BindsTo", loader->name)))
		return;
	problem = problem_raise(findings, PROBLEM_SERVICE_REQUIREMENT, loader->unit->fragment, 0, "%s", loader->name);
	problem->class = REPAIR_REPORT;
	if (fate == FATE_UNCERTAIN)
		problem->severity = SEVERITY_UNKNOWN;
	problem_evidence(findings, problem, "%s requires %s, which fails without %s", service->name, loader->name,
			 path);
	problem_remedy(findings, problem, "install what provides %s, or remove the requirement from %s", path,
		       service->name);
}

static void raise_loader(const struct facts *facts, struct findings *findings, const struct firewall_loader *loader,
			 const char *path, enum firewall_fate fate, const char *reason)
{
	struct problem *problem;

	if (is_raised(findings, path, loader->name))
		return;
	problem = problem_raise(findings, PROBLEM_FIREWALL_LOADER, path, 0, "%s", loader->name);
	problem_evidence(findings, problem, "%s", reason);
	problem_remedy(findings, problem,
		       "install the package that brings %s; see to it first that its rules let SSH in", path);
	check_service(facts, findings, loader, path, fate);
}

static void check_step(const struct facts *facts, struct findings *findings, const struct firewall_loader *loader,
		       struct firewall_step *step)
{
	for (size_t i = 0; i < ARRAY_SIZE(step->programs) && step->programs[i]; i++) {
		const char *path = find_program(facts, step->programs[i]), *reason = NULL;
		enum firewall_fate fate = program_fate(facts, path, &reason);

		if (fate == FATE_RUNS)
			continue;
		if (step->fate != FATE_FAILS)
			step->fate = fate;
		raise_loader(facts, findings, loader, path, fate, reason);
	}
}

void firewall_check_programs(const struct facts *facts, struct findings *findings, firewall_loaders *loaders)
{
	for (size_t i = 0; i < loaders->count; i++) {
		struct firewall_loader *loader = &loaders->items[i];
		const struct firewall_step *last = NULL;

		for (size_t j = 0; j < loader->steps.count; j++) {
			struct firewall_step *step = &loader->steps.items[j];

			/* A script's commands are mostly the same. */
			if (last && last->programs[0] && step->programs[0] && !last->programs[1] &&
			    !step->programs[1] && string_equal(last->programs[0], step->programs[0]))
				step->fate = last->fate;
			else
				check_step(facts, findings, loader, step);
			last = step;
		}
	}
}
