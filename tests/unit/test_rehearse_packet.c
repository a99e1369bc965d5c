/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "rehearse/packet.h"

static const struct knock ipv4 = {
    .source = {10, 0, 0, 1},
    .destination = {45, 60, 70, 10},
    .source_port = 40000,
    .destination_port = 22,
    .source_hardware = {2, 0, 0, 0, 0, 1},
    .destination_hardware = {2, 0, 0, 0, 0, 2},
};
static const struct knock ipv6 = {
    .ipv6 = true,
    .source = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
    .destination = {0x20, 0x01, 0x0d, 0xb8, [15] = 2},
    .source_port = 40000,
    .destination_port = 22,
};

enum {
	ETHERNET = 14
};

static unsigned word(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The sum over all that a checksum covers, itself included, is all ones: RFC 1071. */
static unsigned folded(unsigned sum, const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += word(data + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void a_syn_has_good_checksums(void **state)
{
	unsigned char frame[PACKET_SIZE];
	size_t size = packet_syn(&ipv4, frame);

	(void)state;
	assert_int_equal(size, ETHERNET + 20 + 24);
	assert_memory_equal(frame, ipv4.destination_hardware, 6);
	assert_memory_equal(frame + 6, ipv4.source_hardware, 6);
	assert_int_equal(word(frame + 12), 0x0800);
	assert_int_equal(folded(0, frame + ETHERNET, 20), 0xffff);
	assert_int_equal(folded(folded(6 + 24, frame + ETHERNET + 12, 8), frame + ETHERNET + 20, 24), 0xffff);
	assert_int_equal(word(frame + ETHERNET + 20), 40000);
	assert_int_equal(word(frame + ETHERNET + 22), 22);
	assert_int_equal(frame[ETHERNET + 33], 0x02);
	size = packet_syn(&ipv6, frame);
	assert_int_equal(size, ETHERNET + 40 + 24);
	assert_int_equal(word(frame + 12), 0x86dd);
	assert_int_equal(folded(folded(6 + 24, frame + ETHERNET + 8, 32), frame + ETHERNET + 40, 24), 0xffff);
}

/* An answer to the knock: a TCP segment with these flags, the ends exchanged. */
static size_t answer_with(const struct knock *knock, unsigned char flags, unsigned char frame[PACKET_SIZE])
{
	struct knock back = *knock;
	size_t header = knock->ipv6 ? 40 : 20, size;

	memcpy(back.source, knock->destination, 16);
	memcpy(back.destination, knock->source, 16);
	back.source_port = knock->destination_port;
	back.destination_port = knock->source_port;
	size = packet_syn(&back, frame);
	frame[ETHERNET + header + 13] = flags;
	return size;
}

static void answers_are_told_apart(void **state)
{
	const struct knock *const knocks[] = {&ipv4, &ipv6};
	unsigned char frame[PACKET_SIZE];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct knock other = *knocks[i];
		size_t size = answer_with(knocks[i], 0x12, frame);

		assert_int_equal(packet_answer(knocks[i], frame, size), ANSWER_ACCEPTED);
		other.source_port++;
		assert_int_equal(packet_answer(&other, frame, size), ANSWER_NONE);
		other = *knocks[i];
		other.source[3]++;
		assert_int_equal(packet_answer(&other, frame, size), ANSWER_NONE);
		size = answer_with(knocks[i], 0x14, frame);
		assert_int_equal(packet_answer(knocks[i], frame, size), ANSWER_REFUSED);
		size = answer_with(knocks[i], 0x10, frame);
		assert_int_equal(packet_answer(knocks[i], frame, size), ANSWER_NONE);
		/* What we send ourselves is no answer. */
		size = packet_syn(knocks[i], frame);
		assert_int_equal(packet_answer(knocks[i], frame, size), ANSWER_NONE);
	}
}

static void an_error_must_quote_the_packet(void **state)
{
	unsigned char sent[PACKET_SIZE], frame[2 * PACKET_SIZE] = {0};
	size_t size = packet_syn(&ipv4, sent) - ETHERNET;
	struct knock other = ipv4;

	(void)state;
	answer_with(&ipv4, 0, frame);
	frame[ETHERNET + 9] = 1;
	memset(frame + ETHERNET + 20, 0, 8);
	frame[ETHERNET + 20] = 3;
	memcpy(frame + ETHERNET + 28, sent + ETHERNET, size);
	size += ETHERNET + 28;
	assert_int_equal(packet_answer(&ipv4, frame, size), ANSWER_UNREACHABLE);
	other.source_port++;
	assert_int_equal(packet_answer(&other, frame, size), ANSWER_NONE);
	/* An echo request is no error. */
	frame[ETHERNET + 20] = 8;
	assert_int_equal(packet_answer(&ipv4, frame, size), ANSWER_NONE);
}

/* Every length, every value of the bytes that say how long something is: nothing outside of the frame is read. */
static void short_and_garbled_frames_are_no_answers(void **state)
{
	const struct knock *const knocks[] = {&ipv4, &ipv6};
	unsigned char frame[PACKET_SIZE];
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t size = answer_with(knocks[i], 0x12, frame);

		for (size_t cut = 0; cut < size; cut++) {
			unsigned char *copy = malloc(cut + !cut);

			assert_non_null(copy);
			memcpy(copy, frame, cut);
			if (cut < size - 4)
				assert_int_equal(packet_answer(knocks[i], copy, cut), ANSWER_NONE);
			for (int round = 0; cut && round < 200; round++) {
				seed = seed * 1103515245 + 12345;
				copy[(seed >> 16) % cut] = (unsigned char)(seed >> 8);
				(void)packet_answer(knocks[i], copy, cut);
			}
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_syn_has_good_checksums),
	    cmocka_unit_test(answers_are_told_apart),
	    cmocka_unit_test(an_error_must_quote_the_packet),
	    cmocka_unit_test(short_and_garbled_frames_are_no_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
