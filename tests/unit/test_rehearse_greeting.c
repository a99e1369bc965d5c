/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "parse/ssh_wire.h"
#include "rehearse/greeting.h"

/* Everything the server says is there before it is read: waiting never helps. */
static int never(void *context, int fd, short events)
{
	(void)context;
	(void)fd;
	(void)events;
	return 0;
}

static const struct waiter waiter = {.wait = never};

/* A connection on which the server has said that, and hung up if told to. */
static int connection_with(const void *said, size_t size, bool closed, int *ret_server)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], said, size), size);
	if (closed)
		shutdown(ends[1], SHUT_WR);
	*ret_server = ends[1];
	return ends[0];
}

static enum greeting_answer banner_of(const char *said, size_t size, bool closed, struct arena *arena, const char **ret)
{
	int server, fd = connection_with(said, size, closed, &server);
	enum greeting_answer answer = greeting_banner(fd, &waiter, arena, ret);

	close(fd);
	close(server);
	return answer;
}

static void banners(void **state)
{
	struct arena arena = {0};
	const char *banner = NULL;
	char many[4096];

	(void)state;
#define SAYS(text, closed) banner_of(text, sizeof(text) - 1, closed, &arena, &banner)
	assert_int_equal(SAYS("SSH-2.0-OpenSSH_9.2\r\n", false), GREETING_GOOD);
	assert_string_equal(banner, "SSH-2.0-OpenSSH_9.2");
	assert_int_equal(SAYS("SSH-2.0-x\n", false), GREETING_GOOD);
	assert_string_equal(banner, "SSH-2.0-x");
	/* RFC 4253, 4.2: other lines may come before. */
	assert_int_equal(SAYS("hello\r\nworld\r\nSSH-2.0-y\r\n", false), GREETING_GOOD);
	assert_string_equal(banner, "SSH-2.0-y");
	assert_int_equal(SAYS("", true), GREETING_CLOSED);
	assert_int_equal(SAYS("", false), GREETING_SILENT);
	assert_int_equal(SAYS("HTTP/1.0 400 Bad Request\r\n", true), GREETING_STRANGE);
	assert_int_equal(SAYS("SSH-2.0-without an end", true), GREETING_STRANGE);
	memset(many, 'A', sizeof(many));
	assert_int_equal(banner_of(many, sizeof(many), true, &arena, &banner), GREETING_STRANGE);
	memset(many, '\n', sizeof(many));
	assert_int_equal(banner_of(many, sizeof(many), false, &arena, &banner), GREETING_STRANGE);
	arena_release(&arena);
}

static void put_packet(struct text *text, unsigned char type, const struct text *body)
{
	size_t padding = 8 - (4 + 1 + 1 + body->size) % 8 + 8;
	unsigned char byte = (unsigned char)padding;

	wire_put_u32(text, (uint32_t)(1 + 1 + body->size + padding));
	text_add(text, &byte, 1);
	text_add(text, &type, 1);
	text_add(text, body->data, body->size);
	for (size_t i = 0; i < padding; i++)
		text_add(text, "", 1);
}

static void put_kexinit(struct text *text, const char *exchanges, const char *host_keys)
{
	struct text body = {.arena = text->arena};

	text_add(&body, "0123456789abcdef", 16);
	wire_put_string(&body, exchanges, strlen(exchanges));
	wire_put_string(&body, host_keys, strlen(host_keys));
	for (int i = 0; i < 8; i++)
		wire_put_string(&body, "none", 4);
	text_add(&body, "\0\0\0\0\0", 5);
	put_packet(text, 20, &body);
}

static void put_reply(struct text *text, const char *key)
{
	struct text body = {.arena = text->arena};

	wire_put_string(&body, key, strlen(key));
	wire_put_string(&body, "01234567890123456789012345678901", 32);
	wire_put_string(&body, "signature", 9);
	put_packet(text, 31, &body);
}

static enum greeting_answer exchange(const struct text *said, const char *algorithm, struct offer *ret)
{
	int server, fd = connection_with(said->data, said->size, false, &server);
	enum greeting_answer answer = greeting_exchange(fd, &waiter, said->arena, algorithm, ret);

	close(fd);
	close(server);
	return answer;
}

static void a_host_key_is_shown(void **state)
{
	struct arena arena = {0};
	struct text said = {.arena = &arena}, empty = {.arena = &arena};
	struct offer offer;

	(void)state;
	text_add_string(&empty, "");
	put_packet(&said, 2, &empty);
	put_kexinit(&said, "ecdh-sha2-nistp256,curve25519-sha256", "rsa-sha2-512,ssh-ed25519");
	put_reply(&said, "the key");
	assert_int_equal(exchange(&said, NULL, &offer), GREETING_GOOD);
	assert_string_equal(offer.algorithms, "rsa-sha2-512,ssh-ed25519");
	assert_string_equal(offer.algorithm, "ssh-ed25519");
	assert_int_equal(offer.host_key.size, 7);
	assert_memory_equal(offer.host_key.data, "the key", 7);
	assert_true(offer_has(&offer, "rsa-sha2-512"));
	assert_false(offer_has(&offer, "rsa-sha2-51"));
	assert_false(offer_has(&offer, "ssh-ed25519,"));
	assert_int_equal(exchange(&said, "rsa-sha2-512", &offer), GREETING_GOOD);
	assert_string_equal(offer.algorithm, "rsa-sha2-512");
	arena_release(&arena);
}

static void nothing_in_common_is_no_failure(void **state)
{
	struct arena arena = {0};
	struct text said = {.arena = &arena};
	struct offer offer;

	(void)state;
	put_kexinit(&said, "ecdh-sha2-nistp256", "ssh-ed25519");
	assert_int_equal(exchange(&said, NULL, &offer), GREETING_NOTHING_IN_COMMON);
	said.size = 0;
	put_kexinit(&said, "curve25519-sha256", "ssh-new");
	assert_int_equal(exchange(&said, NULL, &offer), GREETING_NOTHING_IN_COMMON);
	arena_release(&arena);
}

/* Cut anywhere, and with every byte changed in turn: it ends, and reads nothing that is not there. */
static void broken_exchanges_end(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct text said = {.arena = &arena};
	struct offer offer;

	put_kexinit(&said, "curve25519-sha256", "ssh-ed25519");
	for (size_t cut = 0; cut < said.size; cut++) {
		struct text part = {.arena = &arena};

		text_add(&part, said.data, cut);
		text_add_string(&part, "");
		assert_int_equal(exchange(&part, NULL, &offer), GREETING_NO_EXCHANGE);
	}
	put_reply(&said, "the key");
	for (size_t at = 0; at < said.size; at++) {
		static const char values[] = {'\0', '\x7f', '\xff'};
		char before = said.data[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			said.data[at] = values[i];
			(void)exchange(&said, NULL, &offer);
		}
		said.data[at] = before;
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(banners),
	    cmocka_unit_test(a_host_key_is_shown),
	    cmocka_unit_test(nothing_in_common_is_no_failure),
	    cmocka_unit_test(broken_exchanges_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
