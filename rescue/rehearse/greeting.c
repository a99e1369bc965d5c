/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/greeting.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium/crypto_scalarmult_curve25519.h>

#include "base/text.h"
#include "parse/ssh_wire.h"

enum {
	BANNER_LIMIT = 255, /* RFC 4253, 4.2 */
	LINES_BEFORE_BANNER = 50, /* a server may say other things first */
	PACKET_LIMIT = 35000, /* RFC 4253, 6.1 */
	BLOCK_SIZE = 8,
	MESSAGE_KEXINIT = 20,
	MESSAGE_ECDH_INIT = 30,
	MESSAGE_ECDH_REPLY = 31,
	MESSAGE_IGNORE = 2,
	MESSAGE_DEBUG = 4,
	KEX_COOKIE = 16,
	KEX_LISTS = 10,
};

const char *const greeting_algorithms[GREETING_ALGORITHMS] = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "ssh-dss",
};

static const char own_banner[] = "SSH-2.0-sshrescue\r\n";

/* 1: size bytes are there; 0: the other side has closed; -EAGAIN: the time is up. */
static int receive(int fd, const struct waiter *waiter, void *buffer, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = recv(fd, (char *)buffer + done, size - done, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return 0;
		if (n > 0)
			done += (size_t)n;
		else if (!waiter->wait(waiter->context, fd, POLLIN))
			return -EAGAIN;
	}
	return 1;
}

static bool transmit(int fd, const void *data, size_t size)
{
	/* Less than a socket's buffer holds, and nothing else is in it. */
	return send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

enum greeting_answer greeting_banner(int fd, const struct waiter *waiter, struct arena *arena, const char **ret_banner)
{
	char line[BANNER_LIMIT + 1];

	for (int lines = 0; lines < LINES_BEFORE_BANNER; lines++) {
		size_t length = 0;

		do {
			int r = receive(fd, waiter, line + length, 1);

			if (r <= 0 && (length || lines))
				return GREETING_STRANGE;
			if (r <= 0)
				return r == 0 ? GREETING_CLOSED : GREETING_SILENT;
		} while (line[length] != '\n' && ++length < BANNER_LIMIT);
		line[length] = '\0';
		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		if (string_after(line, "SSH-")) {
			*ret_banner = arena_strdup(arena, line);
			return GREETING_GOOD;
		}
	}
	return GREETING_STRANGE;
}

/* One packet without encryption: RFC 4253, 6. */
static bool send_packet(int fd, struct arena *arena, const struct text *payload)
{
	struct text packet = {.arena = arena};
	size_t padding = BLOCK_SIZE - (4 + 1 + payload->size) % BLOCK_SIZE;
	unsigned char byte;

	if (padding < 4)
		padding += BLOCK_SIZE;
	wire_put_u32(&packet, (uint32_t)(1 + payload->size + padding));
	byte = (unsigned char)padding;
	text_add(&packet, &byte, 1);
	text_add(&packet, payload->data, payload->size);
	text_add(&packet, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", padding);
	return transmit(fd, packet.data, packet.size);
}

/* The next packet's payload, past those that mean nothing. */
static bool receive_packet(int fd, const struct waiter *waiter, struct arena *arena, struct wire *ret)
{
	for (;;) {
		unsigned char header[5];
		uint32_t size;
		unsigned char *data;

		if (receive(fd, waiter, header, sizeof(header)) != 1)
			return false;
		size = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
		if (size > PACKET_LIMIT || size < (uint32_t)header[4] + 2)
			return false;
		size--;
		data = arena_alloc(arena, size);
		if (receive(fd, waiter, data, size) != 1)
			return false;
		*ret = (struct wire){.data = data, .size = size - header[4]};
		if (ret->data[0] != MESSAGE_IGNORE && ret->data[0] != MESSAGE_DEBUG)
			return true;
	}
}

static bool send_kexinit(int fd, struct arena *arena, const char *algorithm)
{
	/* The order of RFC 4253, 7.1. What comes after the host key is never used. */
	const char *const lists[KEX_LISTS] = {
	    "curve25519-sha256,curve25519-sha256@libssh.org",
	    algorithm,
	    "chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
	    "chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
	    "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1",
	    "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1",
	    "none,zlib@openssh.com",
	    "none,zlib@openssh.com",
	    "",
	    "",
	};
	struct text payload = {.arena = arena};
	unsigned char cookie[KEX_COOKIE] = {0}, type = MESSAGE_KEXINIT;

	text_add(&payload, &type, 1);
	text_add(&payload, cookie, sizeof(cookie));
	for (size_t i = 0; i < KEX_LISTS; i++)
		wire_put_string(&payload, lists[i], strlen(lists[i]));
	text_add(&payload, "\0\0\0\0\0", 5);
	return send_packet(fd, arena, &payload);
}

static bool send_ecdh_init(int fd, struct arena *arena)
{
	unsigned char secret[crypto_scalarmult_curve25519_BYTES], public[crypto_scalarmult_curve25519_BYTES];
	unsigned char type = MESSAGE_ECDH_INIT;
	struct text payload = {.arena = arena};

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret) ||
	    crypto_scalarmult_curve25519_base(public, secret) != 0)
		return false;
	text_add(&payload, &type, 1);
	wire_put_string(&payload, public, sizeof(public));
	return send_packet(fd, arena, &payload);
}

/* Whether a list of names has that one: RFC 4251, 5. */
static bool has_name(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list) {
		size_t size = strcspn(list, ",");

		if (size == length && memcmp(list, name, length) == 0)
			return true;
		list += size + (list[size] == ',');
	}
	return false;
}

/* The server's side of MESSAGE_KEXINIT. */
static bool read_kexinit(struct wire *packet, struct arena *arena, struct offer *ret)
{
	struct blob key_exchanges, host_keys;
	const char *names;

	if (packet->size < 1 + KEX_COOKIE || packet->data[0] != MESSAGE_KEXINIT)
		return false;
	packet->data += 1 + KEX_COOKIE;
	packet->size -= 1 + KEX_COOKIE;
	if (wire_get_string(packet, &key_exchanges) != KEY_ERROR_NONE ||
	    wire_get_string(packet, &host_keys) != KEY_ERROR_NONE)
		return false;
	ret->algorithms = arena_memdup(arena, host_keys.data, host_keys.size);
	names = arena_memdup(arena, key_exchanges.data, key_exchanges.size);
	ret->curve25519 = has_name(names, "curve25519-sha256") || has_name(names, "curve25519-sha256@libssh.org");
	return true;
}

bool offer_has(const struct offer *offer, const char *algorithm)
{
	return offer->algorithms && has_name(offer->algorithms, algorithm);
}

enum greeting_answer greeting_exchange(int fd, const struct waiter *waiter, struct arena *arena, const char *algorithm,
				       struct offer *ret)
{
	struct wire packet;
	struct blob key;

	*ret = (struct offer){0};
	if (!transmit(fd, own_banner, sizeof(own_banner) - 1) || !receive_packet(fd, waiter, arena, &packet) ||
	    !read_kexinit(&packet, arena, ret))
		return GREETING_NO_EXCHANGE;
	for (size_t i = 0; !algorithm && i < GREETING_ALGORITHMS; i++) {
		if (offer_has(ret, greeting_algorithms[i]))
			algorithm = greeting_algorithms[i];
	}
	if (!algorithm || !ret->curve25519)
		return GREETING_NOTHING_IN_COMMON;
	ret->algorithm = algorithm;
	if (!send_kexinit(fd, arena, algorithm) || !send_ecdh_init(fd, arena) ||
	    !receive_packet(fd, waiter, arena, &packet) || packet.data[0] != MESSAGE_ECDH_REPLY)
		return GREETING_NO_EXCHANGE;
	packet.data++;
	packet.size--;
	if (wire_get_string(&packet, &key) != KEY_ERROR_NONE)
		return GREETING_NO_EXCHANGE;
	ret->host_key = (struct blob){.data = arena_memdup(arena, key.data, key.size), .size = key.size};
	return GREETING_GOOD;
}
