/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_REHEARSE_PACKET_H
#define SSHRESCUE_REHEARSE_PACKET_H

/* Single packets on the cable: a SYN from any source address, and what comes back. packet(7), RFC 791, 8200, 9293. */

#include <stdbool.h>
#include <stddef.h>

enum {
	PACKET_SIZE = 128 /* more than the one that we send */
};

/* Where a SYN comes from and goes to. Ports in host order. */
struct knock {
	bool ipv6;
	unsigned char source[16], destination[16];
	unsigned source_port, destination_port;
	unsigned char source_hardware[6], destination_hardware[6];
};

enum packet_answer {
	ANSWER_NONE, /* not an answer to this SYN */
	ANSWER_ACCEPTED, /* SYN and ACK */
	ANSWER_REFUSED, /* RST */
	ANSWER_UNREACHABLE, /* an ICMP error */
};

/* The frame of a SYN: its size. */
size_t packet_syn(const struct knock *knock, unsigned char frame[PACKET_SIZE]);
/* What a received frame says to the knock. */
enum packet_answer packet_answer(const struct knock *knock, const unsigned char *frame, size_t size);

/* A descriptor that sends and receives whole frames on all interfaces of the caller's network namespace, or negative
 * errno. */
int packet_open(void);
/* Sends a SYN by an interface. */
bool packet_send(int fd, int interface, const struct knock *knock);

#endif
