/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who the clients are, and by which interfaces they come in. */
#include "rehearse/script.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "facts/network.h"
#include "rehearse/cable.h"
#include "stage/firewall_load.h"

enum {
	SOURCE_LIMIT = 32, /* clients beside the usual one */
	NO_INTERFACE = -1,
};

/* --- what the checks claim: "203.0.113.0/24, 2001:db8::/32 via eth0", "any IPv4 but 192.0.2.0/24" --- */

struct network {
	struct scripted_address address;
	unsigned prefix;
};
typedef ARRAY_OF(struct network) network_list;

struct claim {
	bool any, ipv6; /* all of one family, but those of */
	network_list networks;
	const char *interface; /* or a pattern, "wg*"; NULL: any that no rule names */
};

static bool read_network(const char *word, size_t length, struct network *ret)
{
	char text[INET6_ADDRSTRLEN];
	const char *slash = memchr(word, '/', length);
	size_t size = slash ? (size_t)(slash - word) : length;

	if (size >= sizeof(text))
		return false;
	memcpy(text, word, size);
	text[size] = '\0';
	*ret = (struct network){.address.ipv6 = strchr(text, ':') != NULL};
	ret->prefix = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : ret->address.ipv6 ? 128 : 32;
	return inet_pton(ret->address.ipv6 ? AF_INET6 : AF_INET, text, ret->address.bytes) == 1;
}

static void read_claim(const char *text, struct arena *arena, struct claim *ret)
{
	const char *via = strstr(text, " via ");
	char *list = arena_memdup(arena, text, via ? (size_t)(via - text) : strlen(text));

	*ret = (struct claim){
	    .any = string_after(text, "any") != NULL,
	    .ipv6 = string_after(text, "any IPv6") != NULL,
	    .interface = via ? arena_strdup(arena, via + strlen(" via ")) : NULL,
	};
	for (const char *word = list; *word; word += strspn(word, ", ")) {
		size_t length = strcspn(word, ", ");
		struct network network;

		if (read_network(word, length, &network))
			*array_push(arena, &ret->networks) = network;
		word += length;
	}
}

static bool is_in(const struct scripted_address *address, const struct network *network)
{
	for (unsigned bit = 0; bit < network->prefix; bit++) {
		if ((address->bytes[bit / 8] ^ network->address.bytes[bit / 8]) & 0x80 >> bit % 8)
			return false;
	}
	return address->ipv6 == network->address.ipv6;
}

static bool is_in_any(const struct scripted_address *address, const network_list *networks)
{
	for (size_t i = 0; i < networks->count; i++) {
		if (is_in(address, &networks->items[i]))
			return true;
	}
	return false;
}

/* Whether packets may come from there at all: the kernel has no ear for others (RFC 6890). */
static bool is_unicast(const struct scripted_address *address)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}, low[12] = {0};

	if (!address->ipv6)
		return address->bytes[0] && address->bytes[0] != 127 && address->bytes[0] < 224;
	return address->bytes[0] != 0xff && memcmp(address->bytes, mapped, 12) != 0 &&
	       memcmp(address->bytes, low, 12) != 0;
}

/* Addresses of no special purpose, in different parts of the Internet. */
static const struct scripted_address far_away[] = {
    {.bytes = {151, 2, 3, 4}},
    {.bytes = {190, 2, 3, 4}},
    {.bytes = {17, 2, 3, 4}},
    {.ipv6 = true, .bytes = {0x26, 0x00, 0x22, 0x22, [15] = 9}},
    {.ipv6 = true, .bytes = {0x24, 0x00, 0x22, 0x22, [15] = 9}},
    {.ipv6 = true, .bytes = {0x28, 0x00, 0x22, 0x22, [15] = 9}},
};

/* Some address of a network. */
static bool choose_inside(const struct network *network, struct scripted_address *ret)
{
	*ret = network->address;
	/* The first of a network is no host's. */
	if (network->prefix < (ret->ipv6 ? 128 : 32))
		ret->bytes[ret->ipv6 ? 15 : 3] |= 1;
	for (size_t i = 0; !is_unicast(ret) && i < ARRAY_SIZE(far_away); i++) {
		if (is_in(&far_away[i], network))
			*ret = far_away[i];
	}
	return is_unicast(ret);
}

/* The neighbour of a network: the first address behind it. */
static bool choose_beside(const struct network *network, struct scripted_address *ret)
{
	unsigned carry = 1, size = network->address.ipv6 ? 16 : 4;

	*ret = network->address;
	for (unsigned bit = network->prefix; bit < size * 8; bit++)
		ret->bytes[bit / 8] |= 0x80 >> bit % 8;
	for (unsigned i = size; i > 0 && carry; i--) {
		carry = ret->bytes[i - 1] == 0xff;
		ret->bytes[i - 1]++;
	}
	if (network->prefix < size * 8)
		ret->bytes[size - 1] |= 1;
	return !carry && is_unicast(ret);
}

/* --- interfaces --- */

/* The number of an interface, which is made where it is not there yet; NO_INTERFACE where it cannot be. */
static int interface_number(struct arena *arena, const char *name, struct script *script)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "*/ %"))
		return NO_INTERFACE;
	for (size_t i = 0; i < script->interfaces.count; i++) {
		if (string_equal(script->interfaces.items[i], name))
			return (int)i;
	}
	if (script->interfaces.count == SCRIPT_INTERFACES)
		return NO_INTERFACE;
	*array_push(arena, &script->interfaces) = arena_strdup(arena, name);
	return (int)script->interfaces.count - 1;
}

static bool fits(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) == 0;
	return string_equal(pattern, name);
}

/* An interface that fits the pattern: one that is configured, or an invented one. */
static const char *interface_like(struct arena *arena, const char *pattern, const string_list *configured)
{
	size_t length = strlen(pattern);

	for (size_t i = 0; i < configured->count; i++) {
		if (fits(pattern, configured->items[i]))
			return configured->items[i];
	}
	return length && pattern[length - 1] == '*' ? arena_printf(arena, "%.*s0", (int)length - 1, pattern) : pattern;
}

/* One that is configured, and that no rule names where there is such: what stands for "*". */
static const char *plain_interface(const string_list *configured, const string_list *mentioned)
{
	for (size_t i = 0; i < configured->count; i++) {
		bool named = false;

		for (size_t j = 0; j < mentioned->count; j++)
			named = named || (!string_equal(mentioned->items[j], "*") &&
					  fits(mentioned->items[j], configured->items[i]));
		if (!named)
			return configured->items[i];
	}
	return configured->count ? configured->items[0] : "eth0";
}

/* Where the usual client comes in: where the checks find clients let in, if they find them let in by some only. */
static const char *usual_interface(const string_list *sources, struct arena *arena, const string_list *configured,
				   const string_list *mentioned)
{
	struct claim claim = {0};

	for (size_t i = sources ? sources->count : 0; i > 0; i--) {
		read_claim(sources->items[i - 1], arena, &claim);
		if (!claim.interface)
			break;
	}
	return claim.interface ? interface_like(arena, claim.interface, configured)
			       : plain_interface(configured, mentioned);
}

/* --- sources --- */

static void add_source(struct arena *arena, const struct scripted_address *address, int interface, bool let_in,
		       struct script *script)
{
	for (size_t i = 0; i < script->sources.count; i++) {
		const struct scripted_source *other = &script->sources.items[i];

		if (other->address.ipv6 == address->ipv6 &&
		    memcmp(other->address.bytes, address->bytes, sizeof(address->bytes)) == 0)
			return;
	}
	if (interface >= 0 && script->sources.count < SOURCE_LIMIT)
		*array_push(arena, &script->sources) =
		    (struct scripted_source){.address = *address, .interface = (size_t)interface, .let_in = let_in};
}

/* The usual client is one of "any", but where it is not let in, or elsewhere. */
static void add_sources_of_any(struct arena *arena, const struct claim *claim, int interface, struct script *script)
{
	const struct scripted_address *client = &client_address[claim->ipv6];
	struct scripted_address inside;

	for (size_t i = 0; i < ARRAY_SIZE(far_away) && (interface != 0 || is_in_any(client, &claim->networks)); i++) {
		if (far_away[i].ipv6 == claim->ipv6 && !is_in_any(&far_away[i], &claim->networks)) {
			add_source(arena, &far_away[i], interface, true, script);
			break;
		}
	}
	for (size_t i = 0; i < claim->networks.count; i++) {
		if (choose_inside(&claim->networks.items[i], &inside))
			add_source(arena, &inside, interface, false, script);
	}
}

static void add_claimed_sources(struct arena *arena, const struct claim *claim, int interface, struct script *script)
{
	struct scripted_address address;

	if (claim->any) {
		add_sources_of_any(arena, claim, interface, script);
		return;
	}
	for (size_t i = 0; i < claim->networks.count; i++) {
		if (choose_inside(&claim->networks.items[i], &address))
			add_source(arena, &address, interface, true, script);
	}
	for (size_t i = 0; i < claim->networks.count; i++) {
		if (choose_beside(&claim->networks.items[i], &address) && !is_in_any(&address, &claim->networks))
			add_source(arena, &address, interface, false, script);
	}
}

bool script_read_source(const char *text, struct scripted_address *ret, const char **ret_interface)
{
	const char *percent = strchr(text, '%');
	struct network network;

	*ret_interface = percent ? percent + 1 : NULL;
	if (strchr(text, '/') || !read_network(text, percent ? (size_t)(percent - text) : strlen(text), &network))
		return false;
	*ret = network.address;
	return is_unicast(ret) &&
	       (!percent || (percent[1] && strlen(percent + 1) < IFNAMSIZ && !strpbrk(percent + 1, "*/ %")));
}

static void add_asked_source(struct arena *arena, const char *text, struct script *script)
{
	struct scripted_address address;
	const char *interface;

	if (script_read_source(text, &address, &interface))
		add_source(arena, &address, interface ? interface_number(arena, interface, script) : 0, false, script);
}

void script_add_sources(const struct facts *facts, const string_list *sources, const string_list *asked,
			struct arena *arena, struct script *script)
{
	struct network_facts network = {0};
	string_list mentioned = {0};
	struct ruleset ruleset;

	network_facts_load(facts->target, arena, &network);
	firewall_build(facts, &ruleset);
	ruleset_interfaces(&ruleset, arena, &mentioned);
	if (interface_number(arena, usual_interface(sources, arena, &network.interfaces, &mentioned), script) < 0)
		(void)interface_number(arena, "eth0", script);
	/* Every one that is configured, and those that rules name: rules with "iif" do not even load without theirs. */
	for (size_t i = 0; i < network.interfaces.count; i++)
		(void)interface_number(arena, network.interfaces.items[i], script);
	for (size_t i = 0; i < mentioned.count; i++)
		(void)interface_number(arena, mentioned.items[i], script);
	script->sources_asked = asked && asked->count;
	for (size_t i = 0; script->sources_asked && i < asked->count; i++)
		add_asked_source(arena, asked->items[i], script);
	for (size_t i = 0; !script->sources_asked && sources && i < sources->count; i++) {
		struct claim claim;
		const char *name;

		read_claim(sources->items[i], arena, &claim);
		name = claim.interface ? interface_like(arena, claim.interface, &network.interfaces)
				       : plain_interface(&network.interfaces, &mentioned);
		add_claimed_sources(arena, &claim, interface_number(arena, name, script), script);
	}
}
