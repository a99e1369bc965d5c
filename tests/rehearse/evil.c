/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile sshd. What it does stands in /etc/evil of the root that it is in: the name of one attack a line, with an
 * argument. It says "BREACH …" for each attack that reaches something, and "held N" at the end. Run outside of a
 * rehearsal, nearly all of them succeed: tests/rehearse/hostile.bats checks that, too.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int held;
static int inherited; /* descriptors above the usual three */

static void judge(const char *what, int breached)
{
	if (breached)
		printf("BREACH %s\n", what);
	else
		held++;
	fflush(stdout);
}

static int can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

/* --- the host's files --- */

/* Out of every chroot there may be, then to the file that the test has made on the host. */
static void attack_files(const char *canary)
{
	char deep[8192] = "";
	pid_t child;

	judge("the host's file by its path", can_open(canary, O_RDONLY));
	for (int i = 0; i < 64; i++)
		strcat(deep, "../");
	strcat(deep, canary);
	judge("the host's file by many dots", can_open(deep, O_RDONLY));
	child = fork();
	if (child == 0) {
		mkdir("/tmp/cage", 0755);
		if (chroot("/tmp/cage") < 0)
			_exit(0);
		for (int i = 0; i < 64; i++)
			(void)!chdir("..");
		(void)!chroot(".");
		_exit(can_open(canary, O_RDONLY));
	}
	int status = 0;
	waitpid(child, &status, 0);
	judge("the host's file out of a chroot", status != 0);
	for (int pid = 1; pid < 4; pid++) {
		char path[8300];

		snprintf(path, sizeof(path), "/proc/%d/root/%s", pid, canary);
		judge("the host's file by /proc/PID/root", can_open(path, O_RDONLY));
		snprintf(path, sizeof(path), "/proc/%d/cwd/%s", pid, deep);
		judge("the host's file by /proc/PID/cwd", can_open(path, O_RDONLY));
	}
}

/* --- mounts and namespaces --- */

static void attack_mounts(const char *argument)
{
	(void)argument;
	mkdir("/tmp/mnt", 0755);
	judge("mount", mount("none", "/tmp/mnt", "tmpfs", 0, NULL) == 0);
	judge("bind mount", mount("/", "/tmp/mnt", NULL, MS_BIND, NULL) == 0);
	judge("remount of /proc", mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
	judge("umount of /tmp", umount2("/tmp", MNT_DETACH) == 0);
	judge("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp/mnt") == 0 || errno == EINVAL || errno == EBUSY);
	judge("unshare of a user namespace", unshare(CLONE_NEWUSER) == 0);
	judge("unshare of a mount namespace", unshare(CLONE_NEWNS) == 0);
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		_exit(0);
	judge("clone into a network namespace", child > 0);
	int fd = open("/proc/self/ns/net", O_RDONLY);
	judge("setns", fd >= 0 && syscall(SYS_setns, fd, 0) == 0);
	judge("fsopen", syscall(430, "tmpfs", 0) >= 0);
	judge("open_tree", syscall(428, AT_FDCWD, "/", 1) >= 0);
}

/* --- other processes --- */

static void attack_processes(const char *argument)
{
	char path[64];
	int seen = 0;
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	(void)argument;
	judge("ptrace of the first process", ptrace(PTRACE_ATTACH, 1, 0, 0) == 0);
	for (const char *const *name = (const char *const[]){"mem", "environ", "maps", "ns/net", NULL}; *name; name++) {
		snprintf(path, sizeof(path), "/proc/1/%s", *name);
		judge(path, can_open(path, O_RDONLY));
	}
	judge("open descriptors of the first process", can_open("/proc/1/fd/0", O_RDONLY));
	while (proc && (entry = readdir(proc)))
		seen += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	judge("sight of the host's processes", seen > 8);
	kill(1, SIGKILL);
	judge("kill of the first process", getppid() == 0);
	char *byte = (char *)&seen;
	struct iovec {
		void *base;
		size_t size;
	} local = {byte, 1}, remote = {byte, 1};
	judge("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0) == 1);
}

/* --- the kernel --- */

static void attack_kernel(const char *argument)
{
	char log[256];

	(void)argument;
	for (const char *const *path =
		 (const char *const[]){"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
				       "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/hostname",
				       "/proc/irq/default_smp_affinity", "/proc/self/oom_score_adj", NULL};
	     *path; path++)
		judge(*path, can_open(*path, O_WRONLY));
	judge("the kernel's log by syslog(2)", syscall(SYS_syslog, 3, log, sizeof(log)) >= 0);
	judge("the size of the kernel's log", syscall(SYS_syslog, 10, NULL, 0) >= 0);
	judge("/dev/kmsg", can_open("/dev/kmsg", O_WRONLY));
	judge("/proc/kcore", can_open("/proc/kcore", O_RDONLY) && access("/proc/kcore", R_OK) == 0 &&
				 open("/proc/kcore", O_RDONLY) >= 0 &&
				 lseek(open("/proc/kcore", O_RDONLY), 0, SEEK_END) > 0);
	/* Calls that fail for another reason than that they are forbidden have got through. */
#define THROUGH(what, call) judge(what, (call) >= 0 || (errno != EPERM && errno != ENOSYS))
	THROUGH("bpf", syscall(SYS_bpf, 9999, NULL, 0));
	THROUGH("keyctl", syscall(SYS_keyctl, 9999, 0, 0, 0, 0));
	THROUGH("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
	THROUGH("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	THROUGH("io_uring_setup", syscall(425, 0, NULL));
	THROUGH("userfaultfd", syscall(SYS_userfaultfd, ~0));
	THROUGH("init_module", syscall(SYS_init_module, NULL, 0, ""));
	THROUGH("finit_module", syscall(SYS_finit_module, -1, "", 0));
	THROUGH("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, ~0UL));
	THROUGH("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, NULL, 0));
	THROUGH("name_to_handle_at", syscall(SYS_name_to_handle_at, -1, NULL, NULL, NULL, 0));
	THROUGH("clock_settime", syscall(SYS_clock_settime, 99, NULL));
	THROUGH("swapoff", syscall(SYS_swapoff, ""));
	/* Such as stall the system's disks, or hold memory that belongs to no process. */
	THROUGH("sync", syscall(SYS_sync));
	THROUGH("memfd_create", syscall(SYS_memfd_create, "", 0));
	THROUGH("shmget", syscall(SYS_shmget, 0, 4096, 01600));
	THROUGH("mq_open", syscall(SYS_mq_open, "evil", 0102, 0600, NULL));
	THROUGH("semget", syscall(SYS_semget, 0, 1, 01600));
	THROUGH("mlockall", syscall(SYS_mlockall, 1));
	THROUGH("personality", syscall(SYS_personality, 0xffffffff));
	THROUGH("sethostname", syscall(SYS_sethostname, NULL, 1 << 20));
	THROUGH("ptrace", syscall(SYS_ptrace, PTRACE_PEEKDATA, 999999, 0, 0));
	THROUGH("a system call of the future", syscall(458, 0));
#ifdef __x86_64__
	THROUGH("ioperm", syscall(SYS_ioperm, 70000, 1, 1));
	/* The same call by the second interface of x86-64. */
	THROUGH("x32", syscall(0x40000000 + SYS_bpf, 9999, NULL, 0));
#endif
}

/* --- devices --- */

static void attack_devices(const char *argument)
{
	(void)argument;
	judge("mknod of a disk", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) == 0);
	judge("mknod of the kernel's log", mknod("/dev/kmsg", S_IFCHR | 0600, makedev(1, 11)) == 0);
	for (const char *const *path =
		 (const char *const[]){"/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/kvm", "/dev/loop0",
				       "/dev/net/tun", "/dev/fuse", "/disk-node", NULL};
	     *path; path++)
		judge(*path, can_open(*path, O_RDONLY));
	judge("a controlling terminal", can_open("/dev/tty", O_RDWR));
}

/* --- the host's network: argument is the port of a listener on its loopback, and the name of an abstract socket --- */

static void attack_network(const char *argument)
{
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un abstract = {.sun_family = AF_UNIX};
	char *name;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	loopback.sin_port = htons((unsigned short)strtoul(argument, &name, 10));
	judge("the host's loopback", connect(fd, (struct sockaddr *)&loopback, sizeof(loopback)) == 0);
	name += *name == ' ';
	strncpy(abstract.sun_path + 1, name, sizeof(abstract.sun_path) - 2);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	judge("the host's abstract socket",
	      connect(fd, (struct sockaddr *)&abstract,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0);
	judge("a vsock", socket(40, SOCK_STREAM, 0) >= 0);
	judge("a raw packet socket", socket(17, SOCK_RAW, 0) >= 0);
	judge("a kernel crypto socket", socket(38, SOCK_SEQPACKET, 0) >= 0);
}

/* --- what it was given --- */

static void attack_inheritance(const char *argument)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");

	judge("the caller's environment", getenv(argument) != NULL);
	while (status && fgets(line, sizeof(line), status)) {
		/* chown, dac_override, fowner, kill, setgid, setuid, net_bind_service, sys_chroot */
		if (strncmp(line, "CapEff:", 7) == 0 || strncmp(line, "CapBnd:", 7) == 0)
			judge("capabilities", (strtoull(line + 7, NULL, 16) & ~0x404ebULL) != 0);
		if (strncmp(line, "NoNewPrivs:", 11) == 0)
			judge("new privileges", atoi(line + 11) != 1);
		if (strncmp(line, "Seccomp:", 8) == 0)
			judge("system calls without a filter", atoi(line + 8) != 2);
	}
	if (status)
		fclose(status);
	judge("an open descriptor", inherited);
	judge("a group of the caller's", getsid(0) != getpid());
}

/* --- what is used up --- */

static void attack_bomb(const char *argument)
{
	(void)argument;
	for (;;)
		fork();
}

/* Fills whatever can be written, and says how much that was. */
static void attack_disk(const char *argument)
{
	static char block[65536];
	unsigned long total = 0;
	static const char *const places[] = {"/fill",	  "/etc/fill", "/tmp/fill",
					     "/run/fill", "/dev/fill", "/dev/shm/fill"};

	(void)argument;
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		for (int number = 0; number < 64; number++) {
			char path[64];
			ssize_t size;
			int fd;

			snprintf(path, sizeof(path), "%s%d", places[i], number);
			fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
			while (fd >= 0 && (size = write(fd, block, sizeof(block))) > 0)
				total += (unsigned long)size;
			if (fd < 0)
				break;
			close(fd);
		}
	}
	printf("filled %lu MiB\n", total >> 20);
	judge("more of the disk than there is for it", total > 256UL << 20);
}

/* Ends, and leaves a process behind that nobody should find later. */
static void attack_outlive(const char *argument)
{
	(void)argument;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			setsid();
			if (fork() == 0) {
				setsid();
				for (;;)
					sleep(1);
			}
			_exit(0);
		}
	}
}

static void attack_output(const char *argument)
{
	static char text[65536];

	(void)argument;
	memset(text, 'A', sizeof(text));
	for (;;)
		(void)!write(1, text, sizeof(text));
}

/* Takes connections on port 22, and says the argument (with C's escapes) or nothing. */
static void attack_listen(const char *argument)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(22)};
	int listener = socket(AF_INET6, SOCK_STREAM, 0);

	bind(listener, (struct sockaddr *)&any, sizeof(any));
	listen(listener, 8);
	for (;;) {
		int connection = accept(listener, NULL, NULL);

		for (const char *c = argument; *c; c++) {
			char byte = *c;

			if (byte == '\\') {
				c++;
				byte = *c == 'e' ? '\033' : *c == 'n' ? '\n' : *c == 'r' ? '\r' : *c == '0' ? '\0' : *c;
			}
			(void)!write(connection, &byte, 1);
		}
	}
}

static void attack_memory(const char *argument)
{
	(void)argument;
	/* Whoever connects waits for a banner meanwhile. */
	if (fork() == 0)
		attack_listen("");
	for (int i = 0; i < 64; i++) {
		if (fork() == 0) {
			size_t size = 256 << 20;
			char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			for (size_t at = 0; memory != MAP_FAILED && at < size; at += 4096)
				memory[at] = 1;
			pause();
		}
		usleep(2000);
	}
	pause();
}

static const struct attack {
	const char *name;
	void (*function)(const char *argument);
} attacks[] = {
    {"files", attack_files},
    {"mounts", attack_mounts},
    {"processes", attack_processes},
    {"kernel", attack_kernel},
    {"devices", attack_devices},
    {"network", attack_network},
    {"inheritance", attack_inheritance},
    {"bomb", attack_bomb},
    {"memory", attack_memory},
    {"disk", attack_disk},
    {"outlive", attack_outlive},
    {"output", attack_output},
    {"listen", attack_listen},
};

int main(int argc, char **argv)
{
	char line[4096];
	FILE *orders;

	for (int fd = 3; fd < 1024; fd++)
		inherited += fcntl(fd, F_GETFD) >= 0;
	orders = fopen("/etc/evil", "r");
	/* ExecStartPre= calls it first. */
	if (argc > 1 && strcmp(argv[1], "-t") == 0)
		return 0;
	while (orders && fgets(line, sizeof(line), orders)) {
		char *argument = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (argument)
			*argument++ = '\0';
		for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
			if (strcmp(attacks[i].name, line) == 0)
				attacks[i].function(argument ? argument : "");
		}
	}
	printf("held %d\n", held);
	return 0;
}
