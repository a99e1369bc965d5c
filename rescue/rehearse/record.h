/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_RECORD_H
#define SSHRESCUE_REHEARSE_RECORD_H

/*
 * What the processes of a rehearsal tell each other: memory that they share, of fixed size. Only processes that run
 * this program's own code have it mapped; a program of the target loses it with its execve(2).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rehearse/trace.h"

enum {
	RECORD_PROGRAMS = 64,
	RECORD_CONNECTIONS = 256,
	RECORD_KEYS = 16,
	RECORD_OUTPUT = 2048, /* the end of what a program says */
	RECORD_KEY_SIZE = 4096, /* an RSA key of 16384 bits has 2 KiB */
	RECORD_BANNER = 256, /* RFC 4253, 4.2: 255 at most */
	RECORD_SENTENCE = 512,
};

enum record_step {
	STEP_BEGUN,
	STEP_MACHINE_READY, /* its file system is there */
	STEP_LOADED, /* the packet filter is as the boot leaves it */
	STEP_DAEMON_STARTED,
	STEP_DAEMON_ENDED,
	STEP_FAILED, /* the machine could not be made: see trouble */
};

struct record_program {
	bool started, ended;
	int exit_status;
	size_t output_size;
	char output[RECORD_OUTPUT];
};

enum connection_result {
	CONNECTION_UNTRIED,
	CONNECTION_BANNER,
	CONNECTION_ANSWERED, /* a SYN was, by SYN and ACK; no connection was made of it */
	CONNECTION_REFUSED,
	CONNECTION_SILENT, /* no answer to a SYN */
	CONNECTION_UNREACHABLE, /* an ICMP error came back */
	CONNECTION_CLOSED, /* accepted, and closed before a banner */
	CONNECTION_MUTE, /* accepted, and no banner */
	CONNECTION_STRANGE, /* something that is no SSH banner */
	CONNECTION_ERROR,
};

struct record_connection {
	bool ipv6;
	size_t interface; /* of the script's */
	unsigned char source[16], address[16];
	unsigned port;
	bool let_in; /* so the checks have it */
	enum connection_result result;
	int error; /* CONNECTION_ERROR: errno */
};

struct record_key {
	size_t size;
	unsigned char blob[RECORD_KEY_SIZE];
};

struct record {
	volatile enum record_step step;
	bool finished; /* the client came to its end */
	char trouble[RECORD_SENTENCE]; /* why the rehearsal could not be held */
	char failure[RECORD_SENTENCE]; /* why no client gets an answer */
	char banner[RECORD_BANNER + 1];
	struct trace_verdict dropped_by;
	bool listening;
	struct record_program programs[RECORD_PROGRAMS];
	size_t connection_count;
	struct record_connection connections[RECORD_CONNECTIONS];
	bool keys_exchanged; /* some client was shown a host key, or could not have been: nothing in common */
	size_t key_count;
	struct record_key keys[RECORD_KEYS];
};

/* Writes a sentence into one of the record's texts, once: what is there stays. */
void record_sentence(char *place, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define record_trouble(record, ...) record_sentence((record)->trouble, sizeof((record)->trouble), __VA_ARGS__)
#define record_failure(record, ...) record_sentence((record)->failure, sizeof((record)->failure), __VA_ARGS__)

#endif
