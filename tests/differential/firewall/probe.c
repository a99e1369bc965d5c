/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe     plays a machine with a server on it, and its clients, in network namespaces of its own. Lines of words in:
 *
 *   new ADDRESSES PORTS INTERFACE...    a new machine (lists by commas); answers "ready": whoever joins this process's
 *                                       network namespace now is on the machine, and may load rules there
 *   prefer INTERFACE                    that is where the machine's routes lead from now on
 *   ask NAME INTERFACE SOURCE DESTINATION PORT    a client behind that interface, with any address
 *                                       (port 0: a neighbour, that solicits the machine's link layer address)
 *   go QUIET                            all that were asked for connect at once, until nothing was heard for that many
 *                                       milliseconds; answers "NAME RESULT" for each, and "done"
 *
 * RESULT is "open" (the server's banner was read, or the address was advertised), "refused" (reset, or an ICMP error),
 * "half" (the server answered the SYN, no banner came) or "silent".
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <time.h>

#include "network.h"

#define BANNER "SSH-2.0-probe\r\n"

enum {
	PORT_LIMIT = 16,
	LISTENER_LIMIT = INTERFACE_LIMIT * PORT_LIMIT * 2,
	CLIENT_LIMIT = 4096,
	FIRST_CLIENT_PORT = 32768, /* ip_local_port_range */
	LAST_CLIENT_PORT = 60999,
	PACKET_LIMIT = 2048,
};

enum state {
	STATE_ASKED, /* SYN sent */
	STATE_ANSWERED, /* SYN-ACK heard, ACK sent */
	STATE_OPEN,
	STATE_REFUSED,
};

struct client {
	char name[32];
	const struct interface *interface;
	struct address source, destination;
	uint16_t source_port, port;
	uint32_t sequence; /* of the next byte that it sends */
	enum state state;
};

struct prober {
	struct network network;
	int group_fd; /* what keeps the machine in its addresses' groups, or 0 */
	int packet_fd; /* outside, on all interfaces */
	struct pollfd listeners[1 + LISTENER_LIMIT]; /* the first one is packet_fd */
	size_t listener_count;
	int connections[CLIENT_LIMIT];
	size_t connection_count;
	struct client clients[CLIENT_LIMIT];
	size_t client_count, undecided;
	struct client *by_port[65536];
	uint16_t next_port;
};

/* --- packets --------------------------------------------------------------- */

static uint32_t add_words(uint32_t sum, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t write_ip_header(const struct client *client, unsigned char *packet, size_t payload)
{
	struct iphdr *ip = (struct iphdr *)packet;
	struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;

	if (client->source.ipv6) {
		ip6->ip6_vfc = 6 << 4;
		ip6->ip6_plen = htons((uint16_t)payload);
		ip6->ip6_nxt = IPPROTO_TCP;
		ip6->ip6_hlim = 64;
		memcpy(&ip6->ip6_src, client->source.bytes, 16);
		memcpy(&ip6->ip6_dst, client->destination.bytes, 16);
		return sizeof(*ip6);
	}
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons((uint16_t)(sizeof(*ip) + payload));
	ip->id = htons(client->source_port);
	ip->frag_off = htons(IP_DF);
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	memcpy(&ip->saddr, client->source.bytes, 4);
	memcpy(&ip->daddr, client->destination.bytes, 4);
	ip->check = fold(add_words(0, ip, sizeof(*ip)));
	return sizeof(*ip);
}

static void send_segment(const struct prober *prober, const struct client *client, bool syn, bool reset,
			 uint32_t acknowledged)
{
	/* Maximum segment size, selective acknowledgement, window scale: as everyone's. */
	static const unsigned char options[] = {2, 4, 5, 180, 4, 2, 1, 3, 3, 7, 1, 1};
	unsigned char packet[128] = {0};
	size_t size = sizeof(struct tcphdr) + (syn ? sizeof(options) : 0), offset;
	struct tcphdr *tcp;
	uint32_t sum;
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(client->source.ipv6 ? ETH_P_IPV6 : ETH_P_IP),
	    .sll_ifindex = client->interface->peer_index,
	    .sll_halen = ETH_ALEN,
	};

	memcpy(to.sll_addr, client->interface->address, ETH_ALEN);
	offset = write_ip_header(client, packet, size);
	tcp = (struct tcphdr *)(packet + offset);
	tcp->source = htons(client->source_port);
	tcp->dest = htons(client->port);
	tcp->seq = htonl(client->sequence);
	tcp->ack_seq = htonl(acknowledged);
	tcp->doff = (unsigned char)(size / 4) & 15;
	tcp->syn = syn;
	tcp->rst = reset;
	tcp->ack = !syn;
	tcp->window = htons(64240);
	if (syn)
		memcpy(tcp + 1, options, sizeof(options));
	sum = add_words(IPPROTO_TCP + (uint32_t)size, client->source.bytes, address_size(&client->source));
	sum = add_words(sum, client->destination.bytes, address_size(&client->destination));
	tcp->check = fold(add_words(sum, tcp, size));
	if (sendto(prober->packet_fd, packet, offset + size, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "%s: packet", client->name);
}

/* ff02::1:ffXX:XXXX, which the machine's address belongs to (RFC 4291, 2.7.1). */
static struct in6_addr group_of(const struct address *address)
{
	struct in6_addr group = {{{0xff, 2, [11] = 1, [12] = 0xff}}};

	memcpy(group.s6_addr + 13, address->bytes + 13, 3);
	return group;
}

/* RFC 4861, 4.3 */
static void send_solicitation(const struct prober *prober, const struct client *client)
{
	unsigned char packet[sizeof(struct ip6_hdr) + sizeof(struct nd_neighbor_solicit) + 8] = {0};
	struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;
	struct nd_neighbor_solicit *solicitation = (struct nd_neighbor_solicit *)(ip6 + 1);
	unsigned char *option = (unsigned char *)(solicitation + 1);
	size_t size = sizeof(packet) - sizeof(*ip6);
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_IPV6),
	    .sll_ifindex = client->interface->peer_index,
	    .sll_halen = ETH_ALEN,
	    .sll_addr = {0x33, 0x33, 0xff},
	};

	ip6->ip6_vfc = 6 << 4;
	ip6->ip6_plen = htons((uint16_t)size);
	ip6->ip6_nxt = IPPROTO_ICMPV6;
	ip6->ip6_hlim = 255;
	memcpy(&ip6->ip6_src, client->source.bytes, 16);
	ip6->ip6_dst = group_of(&client->destination);
	memcpy(to.sll_addr + 3, client->destination.bytes + 13, 3);
	solicitation->nd_ns_type = ND_NEIGHBOR_SOLICIT;
	memcpy(&solicitation->nd_ns_target, client->destination.bytes, 16);
	option[0] = ND_OPT_SOURCE_LINKADDR;
	option[1] = 1;
	memcpy(option + 2, client->interface->address, ETH_ALEN);
	solicitation->nd_ns_cksum =
	    fold(add_words(add_words(IPPROTO_ICMPV6 + (uint32_t)size, &ip6->ip6_src, 32), solicitation, size));
	if (sendto(prober->packet_fd, packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "%s: solicitation", client->name);
}

/* A packet as the client's side sees it. */
struct heard {
	struct address source, destination;
	int peer_index; /* of the interface that it came from */
	unsigned protocol;
	const unsigned char *payload;
	size_t size;
};

static bool read_ip(const unsigned char *packet, size_t size, struct heard *ret)
{
	const struct iphdr *ip = (const struct iphdr *)packet;
	const struct ip6_hdr *ip6 = (const struct ip6_hdr *)packet;
	size_t header = size && ip->version == 6 ? sizeof(*ip6) : sizeof(*ip);

	if (size < header)
		return false;
	ret->source.ipv6 = ret->destination.ipv6 = ip->version == 6;
	if (ip->version == 6) {
		memcpy(ret->source.bytes, &ip6->ip6_src, 16);
		memcpy(ret->destination.bytes, &ip6->ip6_dst, 16);
		ret->protocol = ip6->ip6_nxt;
	} else {
		header = (size_t)ip->ihl * 4;
		memcpy(ret->source.bytes, &ip->saddr, 4);
		memcpy(ret->destination.bytes, &ip->daddr, 4);
		ret->protocol = ip->protocol;
	}
	ret->payload = packet + header;
	ret->size = size > header ? size - header : 0;
	return true;
}

static bool same_address(const struct address *a, const struct address *b)
{
	return a->ipv6 == b->ipv6 && memcmp(a->bytes, b->bytes, address_size(a)) == 0;
}

/* --- clients --------------------------------------------------------------- */

/* The client that talks from the one end to the other; it takes no answer from anywhere else. */
static struct client *find_client(const struct prober *prober, const struct address *source, uint16_t source_port,
				  const struct address *destination, uint16_t port)
{
	struct client *client = prober->by_port[ntohs(source_port)];

	if (!client || client->port != ntohs(port) || !same_address(&client->source, source) ||
	    !same_address(&client->destination, destination))
		return NULL;
	return client;
}

static void decide(struct prober *prober, struct client *client, enum state state)
{
	prober->undecided -= client->state < STATE_OPEN;
	client->state = state;
}

static bool hear_segment(struct prober *prober, const struct heard *heard)
{
	const struct tcphdr *tcp = (const struct tcphdr *)heard->payload;
	struct client *client;
	size_t header;
	const char *data;
	size_t size;

	if (heard->size < sizeof(*tcp))
		return false;
	client = find_client(prober, &heard->destination, tcp->dest, &heard->source, tcp->source);
	header = (size_t)tcp->doff * 4;
	if (!client || client->state >= STATE_OPEN || header > heard->size)
		return false;
	data = (const char *)heard->payload + header;
	size = heard->size - header;
	if (tcp->rst) {
		decide(prober, client, STATE_REFUSED);
	} else if (tcp->syn && tcp->ack && client->state == STATE_ASKED &&
		   ntohl(tcp->ack_seq) == client->sequence + 1) {
		client->sequence++;
		client->state = STATE_ANSWERED;
		send_segment(prober, client, false, false, ntohl(tcp->seq) + 1);
	} else if (client->state == STATE_ANSWERED && size >= strlen(BANNER) &&
		   memcmp(data, BANNER, strlen(BANNER)) == 0) {
		decide(prober, client, STATE_OPEN);
		send_segment(prober, client, false, true, ntohl(tcp->seq) + (uint32_t)size);
	} else {
		return false;
	}
	return true;
}

static bool hear_error(struct prober *prober, const struct heard *heard)
{
	const struct icmphdr *icmp = (const struct icmphdr *)heard->payload;
	struct heard inner;
	struct client *client;
	uint16_t ports[2];

	if (heard->size < sizeof(*icmp) || icmp->type != (heard->source.ipv6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH) ||
	    !read_ip(heard->payload + sizeof(*icmp), heard->size - sizeof(*icmp), &inner) ||
	    inner.size < sizeof(ports) || inner.protocol != IPPROTO_TCP)
		return false;
	memcpy(ports, inner.payload, sizeof(ports));
	client = find_client(prober, &inner.source, ports[0], &inner.destination, ports[1]);
	if (!client || client->state >= STATE_OPEN)
		return false;
	decide(prober, client, STATE_REFUSED);
	return true;
}

static bool hear_advertisement(struct prober *prober, const struct heard *heard)
{
	const struct nd_neighbor_advert *advertisement = (const struct nd_neighbor_advert *)heard->payload;

	if (heard->size < sizeof(*advertisement) || advertisement->nd_na_type != ND_NEIGHBOR_ADVERT)
		return false;
	for (size_t i = 0; i < prober->client_count; i++) {
		struct client *client = &prober->clients[i];

		/* The same neighbour may be asked for at several interfaces. */
		if (client->port || client->state >= STATE_OPEN || client->interface->peer_index != heard->peer_index ||
		    !same_address(&client->source, &heard->destination) ||
		    memcmp(&advertisement->nd_na_target, client->destination.bytes, 16) != 0)
			continue;
		decide(prober, client, STATE_OPEN);
		return true;
	}
	return false;
}

static bool hear(struct prober *prober)
{
	unsigned char packet[PACKET_LIMIT];
	struct sockaddr_ll from;
	socklen_t from_size = sizeof(from);
	bool useful = false;
	ssize_t size;
	struct heard heard;

	while ((size = recvfrom(prober->packet_fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
				&from_size)) >= 0) {
		from_size = sizeof(from);
		if (from.sll_pkttype == PACKET_OUTGOING || !read_ip(packet, (size_t)size, &heard))
			continue;
		heard.peer_index = from.sll_ifindex;
		if (heard.protocol == IPPROTO_TCP)
			useful = hear_segment(prober, &heard) || useful;
		else if (heard.protocol == (heard.source.ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
			useful = hear_error(prober, &heard) || hear_advertisement(prober, &heard) || useful;
	}
	return useful;
}

/* --- the server ------------------------------------------------------------ */

/* Bound to its interface: what it answers goes out where the question came in. */
static int listen_at(const struct interface *interface, bool ipv6, uint16_t port)
{
	struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int one = 1, fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    (ipv6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface->name, sizeof(interface->name)) < 0 ||
	    bind(fd, ipv6 ? (struct sockaddr *)&address6 : (struct sockaddr *)&address,
		 ipv6 ? sizeof(address6) : sizeof(address)) < 0 ||
	    listen(fd, CLIENT_LIMIT) < 0)
		err(1, "%s port %u: listen", interface->name, port);
	return fd;
}

static void add_listener(struct prober *prober, int fd)
{
	if (prober->listener_count == LISTENER_LIMIT)
		errx(1, "too many interfaces and ports");
	prober->listeners[1 + prober->listener_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static bool serve(struct prober *prober)
{
	bool useful = false;

	for (size_t i = 1; i <= prober->listener_count; i++) {
		int fd;

		while ((prober->listeners[i].revents & POLLIN) && prober->connection_count < CLIENT_LIMIT &&
		       (fd = accept4(prober->listeners[i].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
			/* Where the rules let nothing out, it fails: the client will notice. */
			useful = write(fd, BANNER, strlen(BANNER)) > 0 || useful;
			prober->connections[prober->connection_count++] = fd;
		}
	}
	return useful;
}

static void hang_up(struct prober *prober)
{
	const struct linger at_once = {.l_onoff = 1};

	for (size_t i = 0; i < prober->connection_count; i++) {
		setsockopt(prober->connections[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(prober->connections[i]);
	}
	prober->connection_count = 0;
}

/* An interface without ARP takes part in no neighbour discovery by itself. */
static void join_groups(struct prober *prober)
{
	struct network *network = &prober->network;

	if (prober->group_fd)
		close(prober->group_fd);
	prober->group_fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (size_t i = 0; i < network->address_count * network->interface_count; i++) {
		const struct address *address = &network->addresses[i / network->interface_count];
		struct ipv6_mreq request = {group_of(address),
					    (unsigned)network->interfaces[i % network->interface_count].index};

		if (address->ipv6 &&
		    setsockopt(prober->group_fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)) < 0 &&
		    errno != EADDRINUSE)
			err(1, "a group of the machine");
	}
}

/* --- commands -------------------------------------------------------------- */

static char *next_item(char **list, const char *separators)
{
	char *item;

	do
		item = strsep(list, separators);
	while (item && !*item);
	return item;
}

static void command_new(struct prober *prober, char *words)
{
	struct network *network = &prober->network;
	uint16_t ports[PORT_LIMIT];
	size_t port_count = 0;
	char *list = next_item(&words, " "), *item;

	hang_up(prober);
	while (prober->listener_count)
		close(prober->listeners[prober->listener_count--].fd);
	network->address_count = 0;
	while (network->address_count < ADDRESS_LIMIT && (item = next_item(&list, ",")))
		if (!address_read(item, &network->addresses[network->address_count++]))
			errx(1, "%s: not an address", item);
	list = next_item(&words, " ");
	while (port_count < PORT_LIMIT && (item = next_item(&list, ",")))
		ports[port_count++] = (uint16_t)atoi(item);
	network->interface_count = 0;
	while (network->interface_count < INTERFACE_LIMIT && (item = next_item(&words, " ")))
		snprintf(network->interfaces[network->interface_count++].name, IFNAMSIZ, "%s", item);
	network_new(network);
	for (size_t i = 0; i < network->interface_count; i++) {
		for (size_t j = 0; j < port_count; j++) {
			add_listener(prober, listen_at(&network->interfaces[i], false, ports[j]));
			add_listener(prober, listen_at(&network->interfaces[i], true, ports[j]));
		}
	}
	join_groups(prober);
	prober->client_count = 0;
	puts("ready");
}

static const struct interface *find_interface(const struct prober *prober, const char *name)
{
	for (size_t i = 0; i < prober->network.interface_count; i++)
		if (strcmp(prober->network.interfaces[i].name, name) == 0)
			return &prober->network.interfaces[i];
	errx(1, "no interface %s", name);
}

static void command_ask(struct prober *prober, char *words)
{
	struct client *client = &prober->clients[prober->client_count];
	const char *name = next_item(&words, " "), *interface = next_item(&words, " "),
		   *source = next_item(&words, " "), *destination = next_item(&words, " "),
		   *port = next_item(&words, " ");

	if (!port || prober->client_count == CLIENT_LIMIT)
		errx(1, "ask: too few words, or too many clients");
	memset(client, 0, sizeof(*client));
	snprintf(client->name, sizeof(client->name), "%s", name);
	client->interface = find_interface(prober, interface);
	if (!address_read(source, &client->source) || !address_read(destination, &client->destination))
		errx(1, "%s: no address %s or %s", name, source, destination);
	client->port = (uint16_t)atoi(port);
	client->source_port = prober->next_port;
	client->sequence = (uint32_t)prober->next_port << 12;
	prober->next_port = prober->next_port == LAST_CLIENT_PORT ? FIRST_CLIENT_PORT : prober->next_port + 1;
	prober->client_count++;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void command_go(struct prober *prober, char *words)
{
	static const char *const results[] = {"silent", "half", "open", "refused"};
	const char *word = next_item(&words, " ");
	int quiet = word ? atoi(word) : 0;
	long deadline;

	hear(prober); /* what is left of the last time */
	prober->undecided = prober->client_count;
	for (size_t i = 0; i < prober->client_count; i++) {
		prober->by_port[prober->clients[i].source_port] = &prober->clients[i];
		if (prober->clients[i].port)
			send_segment(prober, &prober->clients[i], true, false, 0);
		else
			send_solicitation(prober, &prober->clients[i]);
	}
	deadline = now() + quiet;
	while (prober->undecided) {
		long left = deadline - now();
		bool useful;

		if (poll(prober->listeners, 1 + prober->listener_count, left > 0 ? (int)left : 0) == 0)
			break;
		useful = serve(prober);
		useful = hear(prober) || useful;
		if (useful)
			deadline = now() + quiet;
		else if (left <= 0)
			break;
	}
	for (size_t i = 0; i < prober->client_count; i++) {
		printf("%s %s\n", prober->clients[i].name, results[prober->clients[i].state]);
		prober->by_port[prober->clients[i].source_port] = NULL;
	}
	hang_up(prober);
	prober->client_count = 0;
	puts("done");
}

int main(void)
{
	static struct prober prober;
	char line[1024];
	int one = 1;

	network_begin(&prober.network);
	prober.next_port = FIRST_CLIENT_PORT;
	prober.packet_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (prober.packet_fd < 0 ||
	    setsockopt(prober.packet_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		err(1, "packet socket");
	prober.listeners[0] = (struct pollfd){.fd = prober.packet_fd, .events = POLLIN};
	while (fgets(line, sizeof(line), stdin)) {
		char *words = line, *command;

		line[strcspn(line, "\n")] = '\0';
		command = next_item(&words, " ");
		if (!command)
			continue;
		if (strcmp(command, "new") == 0)
			command_new(&prober, words);
		else if (strcmp(command, "prefer") == 0)
			network_prefer(&prober.network, find_interface(&prober, words));
		else if (strcmp(command, "ask") == 0)
			command_ask(&prober, words);
		else if (strcmp(command, "go") == 0)
			command_go(&prober, words);
		else
			errx(1, "%s: no such command", command);
		fflush(stdout);
	}
	return 0;
}
