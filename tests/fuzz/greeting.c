/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rehearse/greeting.h"
#include "rehearse/packet.h"

/* Everything the server says is there before it is read: waiting never helps. */
static int never(void *context, int fd, short events)
{
	(void)context;
	(void)fd;
	(void)events;
	return 0;
}

static void read_frame(const struct fuzz_input *input)
{
	struct knock knock = {.ipv6 = input->choice & 1, .source_port = 0x2020, .destination_port = 0x2020};

	packet_answer(&knock, (const unsigned char *)input->files[0].data, input->files[0].size);
}

static void read_greeting(const struct fuzz_input *input)
{
	static const struct waiter waiter = {.wait = never};
	const char *banner = NULL;
	struct offer offer = {0};
	int ends[2];

	read_frame(input);
	if (input->files[0].size > 32768 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return;
	if (write(ends[1], input->files[0].data, input->files[0].size) != (ssize_t)input->files[0].size)
		abort();
	shutdown(ends[1], SHUT_WR);
	if (greeting_banner(ends[0], &waiter, input->arena, &banner) == GREETING_GOOD)
		greeting_exchange(ends[0], &waiter, input->arena, NULL, &offer);
	close(ends[0]);
	close(ends[1]);
}

const struct fuzz_format fuzz_format = {.choices = true, .read = read_greeting};
