/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/packet.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

enum {
	ETHERNET_HEADER = 14,
	IPV4_HEADER = 20, /* without options */
	IPV6_HEADER = 40,
	TCP_HEADER = 24, /* with the one option that every client sends */
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMPV6 = 58,
	TTL = 57, /* as from some hops away */
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_ACK = 0x10,
	ICMP_ERROR_HEADER = 8, /* before the packet that is quoted, in both families */
	ICMP_UNREACHABLE = 3,
	ICMPV6_FIRST_INFORMATION = 128, /* types below are errors */
};

static void put16(unsigned char *place, unsigned value)
{
	place[0] = (unsigned char)(value >> 8);
	place[1] = (unsigned char)value;
}

static unsigned get16(const unsigned char *place)
{
	return (unsigned)place[0] << 8 | place[1];
}

/* RFC 1071 */
static uint32_t sum_of(uint32_t sum, const unsigned char *data, size_t size)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += get16(data + i);
	return sum;
}

static unsigned checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static size_t address_size(const struct knock *knock)
{
	return knock->ipv6 ? 16 : 4;
}

static size_t put_ip(const struct knock *knock, unsigned char *header)
{
	if (knock->ipv6) {
		header[0] = 0x60;
		put16(header + 4, TCP_HEADER);
		header[6] = PROTOCOL_TCP;
		header[7] = TTL;
		memcpy(header + 8, knock->source, 16);
		memcpy(header + 24, knock->destination, 16);
		return IPV6_HEADER;
	}
	header[0] = 0x45;
	put16(header + 2, IPV4_HEADER + TCP_HEADER);
	put16(header + 6, 0x4000); /* do not fragment */
	header[8] = TTL;
	header[9] = PROTOCOL_TCP;
	memcpy(header + 12, knock->source, 4);
	memcpy(header + 16, knock->destination, 4);
	put16(header + 10, checksum(sum_of(0, header, IPV4_HEADER)));
	return IPV4_HEADER;
}

static void put_tcp(const struct knock *knock, unsigned char *header)
{
	static const unsigned char segment_size_option[4] = {2, 4, 1460 >> 8, 1460 & 0xff};
	uint32_t sum = PROTOCOL_TCP + TCP_HEADER;

	put16(header, knock->source_port);
	put16(header + 2, knock->destination_port);
	put16(header + 4, 0x5353); /* any sequence number will do */
	header[12] = (TCP_HEADER / 4) << 4;
	header[13] = FLAG_SYN;
	put16(header + 14, 64240);
	memcpy(header + 20, segment_size_option, sizeof(segment_size_option));
	sum = sum_of(sum, knock->source, address_size(knock));
	sum = sum_of(sum, knock->destination, address_size(knock));
	put16(header + 16, checksum(sum_of(sum, header, TCP_HEADER)));
}

size_t packet_syn(const struct knock *knock, unsigned char frame[PACKET_SIZE])
{
	size_t offset = ETHERNET_HEADER;

	memset(frame, 0, PACKET_SIZE);
	memcpy(frame, knock->destination_hardware, 6);
	memcpy(frame + 6, knock->source_hardware, 6);
	put16(frame + 12, knock->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	offset += put_ip(knock, frame + offset);
	put_tcp(knock, frame + offset);
	return offset + TCP_HEADER;
}

/* An IP packet taken apart. */
struct ip_packet {
	const unsigned char *source, *destination, *data;
	unsigned protocol;
	size_t size; /* of data, as far as it is there */
};

static bool read_ip(bool ipv6, const unsigned char *packet, size_t size, struct ip_packet *ret)
{
	size_t header = IPV6_HEADER;

	if (size < (ipv6 ? IPV6_HEADER : IPV4_HEADER) || packet[0] >> 4 != (ipv6 ? 6 : 4))
		return false;
	if (ipv6) {
		*ret = (struct ip_packet){.source = packet + 8, .destination = packet + 24, .protocol = packet[6]};
	} else {
		header = (packet[0] & 0xfu) * 4;
		*ret = (struct ip_packet){.source = packet + 12, .destination = packet + 16, .protocol = packet[9]};
		if (header < IPV4_HEADER || header > size)
			return false;
	}
	ret->data = packet + header;
	ret->size = size - header;
	return true;
}

/* The SYN itself, as an ICMP error quotes it. */
static bool quotes(const struct knock *knock, const struct ip_packet *error)
{
	struct ip_packet quoted;

	return error->size > ICMP_ERROR_HEADER &&
	       read_ip(knock->ipv6, error->data + ICMP_ERROR_HEADER, error->size - ICMP_ERROR_HEADER, &quoted) &&
	       quoted.protocol == PROTOCOL_TCP && quoted.size >= 4 && get16(quoted.data) == knock->source_port &&
	       get16(quoted.data + 2) == knock->destination_port;
}

enum packet_answer packet_answer(const struct knock *knock, const unsigned char *frame, size_t size)
{
	struct ip_packet packet;

	if (size < ETHERNET_HEADER || get16(frame + 12) != (knock->ipv6 ? ETH_P_IPV6 : ETH_P_IP) ||
	    !read_ip(knock->ipv6, frame + ETHERNET_HEADER, size - ETHERNET_HEADER, &packet) ||
	    memcmp(packet.destination, knock->source, address_size(knock)) != 0)
		return ANSWER_NONE;
	if (packet.protocol == PROTOCOL_TCP && packet.size >= 20 && get16(packet.data) == knock->destination_port &&
	    get16(packet.data + 2) == knock->source_port) {
		if (packet.data[13] & FLAG_RST)
			return ANSWER_REFUSED;
		return (packet.data[13] & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK) ? ANSWER_ACCEPTED
											  : ANSWER_NONE;
	}
	if (packet.protocol == (knock->ipv6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP) && packet.size &&
	    (knock->ipv6 ? packet.data[0] < ICMPV6_FIRST_INFORMATION : packet.data[0] == ICMP_UNREACHABLE) &&
	    quotes(knock, &packet))
		return ANSWER_UNREACHABLE;
	return ANSWER_NONE;
}

int packet_open(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));

	return fd < 0 ? -errno : fd;
}

bool packet_send(int fd, int interface, const struct knock *knock)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = interface};
	unsigned char frame[PACKET_SIZE];
	size_t size = packet_syn(knock, frame);

	return sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)size;
}
