/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_CLIENT_PRIVATE_H
#define SSHRESCUE_REHEARSE_CLIENT_PRIVATE_H

/* Private to the client (client*.c). */

#include "base/arena.h"
#include "rehearse/cable.h"
#include "rehearse/greeting.h"
#include "rehearse/packet.h"
#include "rehearse/record.h"
#include "rehearse/script.h"
#include "target/staged.h"

struct client {
	const struct script *script;
	const struct staged *staged;
	struct record *record;
	struct arena arena;
	pid_t machine;
	int control; /* to the machine */
	struct mnl_socket *here, *there; /* rtnetlink of both ends */
	struct mnl_socket *sockets; /* sock_diag of the machine's end */
	struct mnl_socket *filter, *traces; /* nfnetlink of the machine's end, or NULL: the kernel has none */
	int tables[2]; /* sockets for the legacy iptables of the machine's end, by family */
	struct cables cables;
	int router; /* frames of this end's interfaces, or -1 */
	int proc; /* the machine's /proc */
	int memory; /* /proc/meminfo, or -1 */
	struct offer offer; /* what sshd said last of its host keys */
	const char *asked[GREETING_ALGORITHMS]; /* that it was asked for */
	size_t asked_count;
	long memory_at_first; /* KiB available */
	int processes_at_first;
	int64_t measure_next;
	int patience; /* ms, until a SYN is answered */
};

/* client.c */

/* Milliseconds since some moment. */
int64_t client_now(void);
/* Ends the rehearsal, which cannot be held. */
void client_give_up(struct client *client, const char *what, int error) __attribute__((noreturn));
/* Waits for a descriptor (or none, -1) until the time, with an eye on the machine; true when it is ready. */
bool client_wait(struct client *client, int fd, short events, int64_t until);

/* client_try.c */

/* Every port, over both families, and every address that is listened on; from every source. */
void client_try_all(struct client *client);
/* Sends a SYN on the way of that connection, by a port of its own. */
bool client_knock(struct client *client, const struct record_connection *connection, struct knock *ret);

/* client_explain.c */

/* Looks for the rule that stopped one of the connections. */
void client_explain_silence(struct client *client);

#endif
