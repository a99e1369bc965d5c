/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "parse/elf.h"
#include "parse/ld_so.h"
#include "parse/sshd_binary.h"

static const char *const paths[] = {
    "/usr/sbin/sshd", "/lib64/ld-linux-x86-64.so.2", "/usr/lib/libc.so.6", "/etc/ld.so.cache", "/etc/ld.so.conf", NULL};

static void read_elf(const struct fuzz_input *input)
{
	struct elf_reader reader;
	struct elf_file elf = {0};
	struct sshd_binary binary = {0};
	struct loaded_program program = {0};
	const char *reason = NULL;

	elf_reader_init(&reader, input->target, paths[0], &input->files[0]);
	if (elf_load(&reader, input->arena, &elf, &reason) == 0) {
		elf_range_list constants = {0};

		elf_program_fault(&elf);
		elf_cut_off_segment(&elf);
		elf_constants(&reader, input->arena, &elf, &constants);
	}
	sshd_binary_load(input->target, input->arena, paths[0], &binary);
	if (ld_so_load(input->target, input->arena, paths[0], 0, &program) == 0)
		ld_so_complete(&program);
}

const struct fuzz_format fuzz_format = {.paths = paths, .read = read_elf};
