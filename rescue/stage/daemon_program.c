/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sshd and its helpers as programs: there, executable, of this machine, with all libraries. */
#include "stage/daemon.h"

#include <elf.h>
#include <errno.h>

#include "base/text.h"
#include "parse/ld_so.h"
#include "policy.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct problem *raise_with_remedy(struct daemon_stage *stage, enum problem_code code, const char *path)
{
	struct problem *problem = problem_raise(stage->findings, code, path, 0, "%s", path);

	problem_remedy(stage->findings, problem, "%s", daemon_sshd_remedy(stage));
	return problem;
}

static void raise_missing(struct daemon_stage *stage, const char *path, bool helper, int error)
{
	enum problem_code code = helper ? PROBLEM_DAEMON_HELPER_MISSING : PROBLEM_DAEMON_MISSING;
	const char *mount = daemon_unmounted(stage, path);
	struct problem *problem = raise_with_remedy(stage, code, path);
	char *link;

	stage->findings->partial[STAGE_DAEMON] = true;
	if (mount) {
		problem->severity = SEVERITY_UNKNOWN;
		problem_evidence(stage->findings, problem, "%s is a file system of its own, and is not mounted here",
				 mount);
		problem_remedy(stage->findings, problem, "mount %s below the root, and check again", mount);
	} else if (target_readlink(stage->facts->target, path, stage->arena, &link) == 0) {
		problem_evidence(stage->findings, problem, "a link to %s, which is not there", link);
	} else if (error != -ENOENT && error != -ENOTDIR) {
		problem_evidence(stage->findings, problem, "%s", strerror(-error));
	}
}

/* The mode is right again with chmod alone, and nobody but root can have changed what it now allows to run. */
static void check_mode(struct daemon_stage *stage, const char *path, const struct node_stat *stat)
{
	struct problem *problem;
	char *resolved;

	if (stat->mode & 0111)
		return;
	problem = problem_raise(stage->findings, PROBLEM_DAEMON_NOT_EXECUTABLE, path, 0, "%s", path);
	problem_evidence(stage->findings, problem, "mode %04o, owner %u:%u", stat->mode, stat->uid, stat->gid);
	problem_remedy(stage->findings, problem, "chmod 0755 %s", path);
	if (stat->uid != 0 || stat->mode & 022 ||
	    target_resolve(stage->facts->target, path, true, stage->arena, &resolved) < 0 ||
	    !policy_allows_path(EDIT_CHMOD, resolved)) {
		problem->class = REPAIR_REPORT;
		return;
	}
	problem_repair(stage->findings, problem, VERB_SET, "mode 0755 of %s", resolved);
	repair_chmod(stage->findings, problem, resolved, 0755);
}

/* --- architecture --- */

static bool load_header(struct daemon_stage *stage, const char *path, struct elf_file *ret)
{
	struct elf_reader reader;
	const char *reason;

	*ret = (struct elf_file){0};
	elf_reader_init(&reader, stage->facts->target, path, NULL);
	return elf_load_header(&reader, ret, &reason) == 0;
}

/* Kernels run the 32-bit programs of their own family, given the libraries. */
static bool may_run(const struct elf_file *machine, const struct elf_file *program)
{
	if (machine->big_endian != program->big_endian)
		return false;
	if (machine->machine == program->machine)
		return machine->wide || !program->wide;
	return (machine->machine == EM_X86_64 && program->machine == EM_386) ||
	       (machine->machine == EM_AARCH64 && program->machine == EM_ARM) ||
	       (machine->machine == EM_PPC64 && program->machine == EM_PPC);
}

static const char *machine_text(struct daemon_stage *stage, const struct elf_file *elf)
{
	const char *name = elf_machine_name(elf->machine);

	if (!name)
		name = arena_printf(stage->arena, "machine %u", elf->machine);
	return arena_printf(stage->arena, "%s (%d-bit, %s-endian)", name, elf->wide ? 64 : 32,
			    elf->big_endian ? "big" : "little");
}

/* The root is compared with itself: the machine that examines it may be a different one. */
static bool check_architecture(struct daemon_stage *stage, const char *path)
{
	static const char *const references[] = {"/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/bin/sh",
						 "/sbin/init"};
	struct elf_file program, reference;
	struct problem *problem;

	if (!load_header(stage, path, &program))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		if (!load_header(stage, references[i], &reference))
			continue;
		if (may_run(&reference, &program))
			return true;
		problem = raise_with_remedy(stage, PROBLEM_DAEMON_ARCHITECTURE, path);
		problem_evidence(stage->findings, problem, "%s; %s is %s", machine_text(stage, &program), references[i],
				 machine_text(stage, &reference));
		return false;
	}
	return true;
}

/* --- libraries --- */

static const char *path_to(struct daemon_stage *stage, const struct library *library)
{
	struct text text = {.arena = stage->arena};

	for (const struct library *at = library->loader; at; at = at->loader) {
		text_add_string(&text, at == library->loader ? "needed by " : ", which is needed by ");
		text_add_string(&text, base_name(at->path ? at->path : at->name));
	}
	return text.size ? text.data : "";
}

static void report_library(struct daemon_stage *stage, const char *program, const struct library *library)
{
	bool missing = library->state == LIBRARY_MISSING;
	const char *mount = missing ? daemon_unmounted(stage, "/usr/lib") : NULL;
	struct problem *problem;

	problem =
	    problem_raise(stage->findings, missing ? PROBLEM_DAEMON_LIBRARY_MISSING : PROBLEM_DAEMON_LIBRARY_BROKEN,
			  missing ? program : library->path, 0, "%s", missing ? library->name : library->path);
	problem_evidence(stage->findings, problem, "%s%s%s", missing ? "" : library->reason, missing ? "" : "; ",
			 path_to(stage, library));
	problem_remedy(stage->findings, problem, "%s", daemon_library_remedy(stage, library->name));
	if (mount)
		problem->severity = SEVERITY_UNKNOWN;
}

/* A library that is on the disk, in a directory that ldconfig(8) knows, only needs to be put into the cache. */
static bool report_uncached(struct daemon_stage *stage, const char *program, const struct library *library)
{
	string_list directories = {0};
	struct problem *problem;

	if (library->state != LIBRARY_MISSING || strchr(library->name, '/'))
		return false;
	ld_so_conf_directories(stage->facts->target, stage->arena, &directories);
	for (size_t i = 0; i < directories.count; i++) {
		const char *path = arena_printf(stage->arena, "%s/%s", directories.items[i], library->name);

		if (!target_exists(stage->facts->target, path))
			continue;
		problem =
		    problem_raise(stage->findings, PROBLEM_DAEMON_LIBRARY_MISSING, program, 0, "%s", library->name);
		problem_evidence(stage->findings, problem, "%s is there, but not in %s", path, LD_SO_CACHE_PATH);
		problem_remedy(stage->findings, problem, "ldconfig -r %s", stage->facts->target->root);
		return true;
	}
	return false;
}

/* sshd and its helpers share most libraries: one problem for each is enough. */
static bool reported(const struct daemon_stage *stage, enum problem_code code, const char *subject)
{
	for (size_t i = 0; i < stage->findings->problems.count; i++) {
		const struct problem *problem = stage->findings->problems.items[i];

		if (problem->code == code && string_equal(problem->subject, subject))
			return true;
	}
	return false;
}

static void report_loaded(struct daemon_stage *stage, const char *program, const struct loaded_program *loaded)
{
	for (size_t i = 0; i < loaded->libraries.count; i++) {
		const struct library *library = loaded->libraries.items[i];

		if (library->state == LIBRARY_LOADED ||
		    reported(stage, PROBLEM_DAEMON_LIBRARY_MISSING, library->name) ||
		    (library->path && reported(stage, PROBLEM_DAEMON_LIBRARY_BROKEN, library->path)))
			continue;
		if (!report_uncached(stage, program, library))
			report_library(stage, program, library);
	}
	for (size_t i = 0; i < loaded->missing_versions.count; i++) {
		const struct missing_version *version = &loaded->missing_versions.items[i];
		const char *subject = arena_printf(stage->arena, "%s of %s", version->version, version->library->path);
		struct problem *problem;

		if (reported(stage, PROBLEM_DAEMON_LIBRARY_VERSION, subject))
			continue;
		problem = problem_raise(stage->findings, PROBLEM_DAEMON_LIBRARY_VERSION, version->library->path, 0,
					"%s", subject);
		problem_evidence(stage->findings, problem, "%s needs it", version->user->path);
		problem_remedy(stage->findings, problem, "%s", daemon_library_remedy(stage, version->library->name));
	}
}

/* The environment of the service can send the loader elsewhere. */
static const struct unit_setting *loader_setting(const struct facts *facts)
{
	const struct unit_setting *setting = NULL;

	while (facts->service.service &&
	       (setting = unit_next(facts->service.service, "Service", "Environment", setting))) {
		if (strstr(setting->value, "LD_LIBRARY_PATH=") || strstr(setting->value, "LD_PRELOAD="))
			return setting;
	}
	return NULL;
}

static void raise_unknown(struct daemon_stage *stage, const char *program, const char *reason)
{
	struct problem *problem =
	    problem_raise(stage->findings, PROBLEM_DAEMON_LIBRARY_UNKNOWN, program, 0, "%s", program);

	problem_evidence(stage->findings, problem, "%s", reason);
}

/* Whether a better processor changes the answer. */
static bool processor_matters(struct daemon_stage *stage, const char *path, const struct loaded_program *loaded)
{
	unsigned count = loaded->depends_on_processor ? ld_so_processor_count(&loaded->program->elf) : 0;

	for (unsigned processor = 1; processor <= count; processor++) {
		struct loaded_program better;

		ld_so_load(stage->facts->target, stage->arena, path, processor, &better);
		if (ld_so_complete(&better) != ld_so_complete(loaded))
			return true;
	}
	return false;
}

/* What the loader finds may depend on the processor, and is known only where the answer is the same for all. */
static void check_libraries(struct daemon_stage *stage, const char *path, const struct loaded_program *loaded)
{
	const struct unit_setting *setting = loader_setting(stage->facts);

	if (setting) {
		raise_unknown(
		    stage, path,
		    arena_printf(stage->arena, "%s:%u sets %s", setting->path, setting->line, setting->value));
		return;
	}
	if (processor_matters(stage, path, loaded)) {
		raise_unknown(stage, path, "its libraries are complete for some processors only (glibc-hwcaps)");
		return;
	}
	report_loaded(stage, path, loaded);
}

static void check_interpreter(struct daemon_stage *stage, const char *path, const struct loaded_program *loaded)
{
	const char *mount = daemon_unmounted(stage, loaded->interpreter);
	struct problem *problem;

	problem = problem_raise(stage->findings, PROBLEM_DAEMON_INTERPRETER, path, 0, "%s", loaded->interpreter);
	if (mount)
		problem->severity = SEVERITY_UNKNOWN;
	if (loaded->reason)
		problem_evidence(stage->findings, problem, "%s: %s", loaded->interpreter, loaded->reason);
	problem_remedy(stage->findings, problem, "%s", daemon_library_remedy(stage, loaded->interpreter));
}

static struct problem *raise_not_program(struct daemon_stage *stage, const char *path, const struct node_stat *stat,
					 const char *reason)
{
	char start[2] = {0};
	struct problem *problem = raise_with_remedy(stage, PROBLEM_DAEMON_NOT_A_PROGRAM, path);

	stage->findings->partial[STAGE_DAEMON] = true;
	if (stat->size == 0) {
		problem_evidence(stage->findings, problem, "%s", "it is empty");
	} else if (target_pread(stage->facts->target, path, start, sizeof(start), 0) == 2 &&
		   memcmp(start, "#!", 2) == 0) {
		/* It may well start sshd: that is not judged. */
		problem->severity = SEVERITY_UNKNOWN;
		problem_evidence(stage->findings, problem, "%s", "it is a script");
	} else {
		problem_evidence(stage->findings, problem, "%s", reason);
	}
	return problem;
}

static void check_elf(struct daemon_stage *stage, const char *path, const struct node_stat *stat)
{
	struct loaded_program loaded;

	ld_so_load(stage->facts->target, stage->arena, path, 0, &loaded);
	switch (loaded.state) {
	case PROGRAM_STATIC:
		check_architecture(stage, path);
		break;
	case PROGRAM_LOADS:
		if (check_architecture(stage, path))
			check_libraries(stage, path, &loaded);
		break;
	case PROGRAM_INTERPRETER_MISSING:
	case PROGRAM_INTERPRETER_BROKEN:
		if (check_architecture(stage, path))
			check_interpreter(stage, path, &loaded);
		break;
	case PROGRAM_NOT_ELF:
		raise_not_program(stage, path, stat, loaded.reason);
		break;
	case PROGRAM_DOUBTFUL:
		raise_not_program(stage, path, stat, loaded.reason)->severity = SEVERITY_UNKNOWN;
		break;
	case PROGRAM_UNREADABLE:
		raise_not_program(stage, path, stat, strerror(-loaded.error));
		break;
	case PROGRAM_LOADER_UNKNOWN:
		raise_unknown(stage, path, loaded.reason);
		break;
	}
}

void daemon_check_program(struct daemon_stage *stage, const char *path, bool helper)
{
	struct node_stat stat;
	int error = target_stat(stage->facts->target, path, &stat);

	if (error < 0) {
		raise_missing(stage, path, helper, error);
		return;
	}
	if (stat.type != NODE_FILE) {
		struct problem *problem = raise_with_remedy(stage, PROBLEM_DAEMON_NOT_A_PROGRAM, path);

		problem_evidence(stage->findings, problem, "%s",
				 stat.type == NODE_DIRECTORY ? "it is a directory" : "it is no regular file");
		return;
	}
	check_mode(stage, path, &stat);
	check_elf(stage, path, &stat);
}
