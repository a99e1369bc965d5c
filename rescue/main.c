/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "version.h"

static const struct command {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *synopsis, *summary;
} commands[] = {
    {"check", cmd_check, "[--root DIR] [--json|--sarif] [--port N] [--strict] [--rehearse [--timeout SECONDS]]",
     "say what stands between a client and a login"},
    {"repair", cmd_repair,
     "[--root DIR] [-n|-p|-y] [--json] [--port N] [--strict] [--rehearse [--timeout SECONDS]] [--force]",
     "make the smallest repair; -n shows it only, -p makes what is safe, -y all"},
    {"undo", cmd_undo, "[--root DIR] [--force] [ID]", "take a repair back, the newest unless ID names another"},
    {"history", cmd_history, "[--root DIR] [--json]", "list the repairs made to this root"},
    {"rehearse", cmd_rehearse, "[--root DIR] [--json] [--port N] [--timeout SECONDS] [--no-exec] [--from ADDRESS]...",
     "start the root's own sshd behind its own firewall, in a throw-away world, and connect to it"},
    {"disks", cmd_disks,
     "[check|repair|undo] [-n|-p|-y] [--json] [--format FORMAT] [--key-file FILE] [--force] [DEVICE|IMAGE...]",
     "find the systems on all disks, or on these, and say or repair what keeps a client from each"},
    {"boot", cmd_boot, "--root DIR", "what an initramfs calls: does what the kernel command line asks for"},
    {"arm", cmd_arm, "[--root DIR] [repair|preen|check|off]", "ask for one run at the next boot"},
    {"confirm", cmd_confirm, "[--root DIR]", "say that this boot is good; see boot=guard in sshrescue.conf(5)"},
    {"explain", cmd_explain, "[CODE]", "explain one problem, or list all that are known"},
    {"report", cmd_report, "[--json] [--verify]",
     "show what the run at boot time left under /run/sshrescue; --verify asks the kernel whether it came true"},
    {"version", cmd_version, "", "print the version"},
    {"help", cmd_help, "", "print this text"},
};

int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return printf("sshrescue %s\n", SSHRESCUE_VERSION) < 0 || fflush(stdout) ? EXIT_ERROR : 0;
}

static void print_usage(FILE *stream)
{
	fprintf(stream, "sshrescue: fsck for the way in. Will an SSH client get an answer after the next boot?\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		fprintf(stream, "  sshrescue %s %s\n", commands[i].name, commands[i].synopsis);
		fprintf(stream, "      %s\n", commands[i].summary);
	}
	fprintf(stream, "\nExit status, added up: 0 reachable, 1 repaired, 4 problems left or verdict unknown,\n"
			"8 operational error, 16 usage, 32 cancelled. See sshrescue(8).\n");
}

int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_usage(stdout);
	return fflush(stdout) ? EXIT_ERROR : 0;
}

/* A descriptor that a caller left closed must not become the target's file. */
static int open_standard_descriptors(void)
{
	struct stat stat;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fstat(fd, &stat) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (open_standard_descriptors() < 0)
		return EXIT_ERROR;
	/* Both come back as errors of write(2), and are reported as such. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (string_equal(argv[1], "--help") || string_equal(argv[1], "-h"))
		return cmd_help(argc - 1, argv + 1);
	if (string_equal(argv[1], "--version"))
		return cmd_version(argc - 1, argv + 1);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (string_equal(argv[1], commands[i].name))
			return commands[i].function(argc - 1, argv + 1);
	}
	return complain(EXIT_USAGE, "there is no command '%s'; see: sshrescue help", argv[1]);
}
