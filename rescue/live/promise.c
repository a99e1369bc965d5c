/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live/promise.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "parse/json.h"

static bool read_address(struct arena *arena, struct json element, struct promised_address *ret)
{
	struct json value;
	uint64_t port;

	if (!json_member(element, "port", &value) || !json_number(value, 65535, &port) || port == 0)
		return false;
	ret->port = (unsigned)port;
	ret->address = json_member(element, "address", &value) ? json_string(arena, value) : NULL;
	return ret->address != NULL;
}

int promise_read(struct arena *arena, const struct blob *report, struct promise *ret)
{
	struct json whole, value, element;

	*ret = (struct promise){0};
	if (!json_value(report, &whole) || !json_member(whole, "verdict", &value))
		return -EBADMSG;
	ret->verdict = json_string(arena, value);
	if (!ret->verdict)
		return -EBADMSG;
	/* A run that did not finish has promised nothing. */
	if (!json_member(whole, "addresses", &value))
		return string_equal(ret->verdict, "reachable") ? -EBADMSG : 0;
	while (json_element(&value, &element)) {
		if (!read_address(arena, element, array_push(arena, &ret->addresses)))
			return -EBADMSG;
	}
	return 0;
}

/* Whether that socket takes the connections that the address stands for. */
static bool listener_serves(const struct listener *listener, const struct promised_address *promised)
{
	struct listener wanted = {0};

	if (listener->port != promised->port)
		return false;
	if (inet_pton(AF_INET6, promised->address, wanted.address) == 1)
		wanted.ipv6 = true;
	else if (inet_pton(AF_INET, promised->address, wanted.address) != 1)
		return !listener_is_loopback(listener); /* what a name stands for is not known here */
	if (listener_is_any(listener))
		return listener->ipv6 == wanted.ipv6 || (listener->ipv6 && !listener->ipv6_only);
	return listener->ipv6 == wanted.ipv6 && memcmp(listener->address, wanted.address, sizeof(wanted.address)) == 0;
}

static bool is_served(const listener_list *listeners, const struct promised_address *promised)
{
	for (size_t i = 0; i < listeners->count; i++) {
		if (listener_serves(&listeners->items[i], promised))
			return true;
	}
	return false;
}

static bool is_port_of(const struct promise *promise, unsigned port)
{
	for (size_t i = 0; i < promise->addresses.count; i++) {
		if (promise->addresses.items[i].port == port)
			return true;
	}
	return false;
}

void promise_compare(struct arena *arena, const struct promise *promise, const listener_list *listeners, bool ipv6,
		     struct comparison *ret)
{
	*ret = (struct comparison){0};
	for (size_t i = 0; i < listeners->count; i++) {
		if (is_port_of(promise, listeners->items[i].port))
			*array_push(arena, &ret->listening) = listeners->items[i];
	}
	for (size_t i = 0; i < promise->addresses.count; i++) {
		const struct promised_address *promised = &promise->addresses.items[i];

		if ((ipv6 || !strchr(promised->address, ':')) && !is_served(&ret->listening, promised))
			*array_push(arena, &ret->missing) = *promised;
	}
	if (string_equal(promise->verdict, "reachable"))
		ret->status = ret->missing.count || !ret->listening.count ? PROMISE_BROKEN : PROMISE_KEPT;
}

int promise_compare_live(struct arena *arena, const struct promise *promise, struct comparison *ret)
{
	cleanup_fd int ipv6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	listener_list listeners;
	int r = listening_all(arena, &listeners);

	if (r < 0)
		return r;
	promise_compare(arena, promise, &listeners, ipv6 >= 0, ret);
	return 0;
}
