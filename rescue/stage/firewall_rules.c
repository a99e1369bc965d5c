/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/firewall_rules.h"

#include "base/ctype.h"
#include "base/text.h"

/* A reader of nft scripts that only knows what cannot drop. */
struct nft_reader {
	const struct blob *rules;
	size_t offset;
	const char *token; /* a word, or a brace */
	size_t length;
};

static bool nft_ends_word(char c)
{
	return char_is_space(c) || c == ';' || c == '{' || c == '}' || c == '#';
}

/* Ends of statements carry no meaning in what is accepted here, so they are skipped like blanks. */
static bool nft_next(struct nft_reader *reader)
{
	const char *next = reader->rules->data + reader->offset;
	const char *end = reader->rules->data + reader->rules->size;

	while (next < end && (char_is_space(*next) || *next == ';' || *next == '#')) {
		if (*next == '#') {
			while (next < end && *next != '\n')
				next++;
		} else {
			next++;
		}
	}
	reader->token = next;
	if (next < end && (*next == '{' || *next == '}')) {
		next++;
	} else {
		while (next < end && !nft_ends_word(*next))
			next++;
	}
	reader->length = (size_t)(next - reader->token);
	reader->offset = (size_t)(next - reader->rules->data);
	return reader->length > 0;
}

static bool nft_is(const struct nft_reader *reader, const char *word)
{
	return strlen(word) == reader->length && memcmp(reader->token, word, reader->length) == 0;
}

static bool nft_expect(struct nft_reader *reader, const char *word)
{
	return nft_next(reader) && nft_is(reader, word);
}

static bool nft_is_brace(const struct nft_reader *reader)
{
	return nft_is(reader, "{") || nft_is(reader, "}");
}

/* Behind "chain": NAME { [type TYPE hook HOOK priority PRIORITY] [policy accept] } */
static bool nft_chain_is_harmless(struct nft_reader *reader)
{
	if (!nft_next(reader) || nft_is_brace(reader) || !nft_expect(reader, "{") || !nft_next(reader))
		return false;
	if (nft_is(reader, "type")) {
		if (!nft_next(reader) || nft_is_brace(reader) || !nft_expect(reader, "hook") || !nft_next(reader) ||
		    nft_is_brace(reader) || !nft_expect(reader, "priority") || !nft_next(reader) ||
		    nft_is_brace(reader) || !nft_next(reader))
			return false;
	}
	if (nft_is(reader, "policy") && (!nft_expect(reader, "accept") || !nft_next(reader)))
		return false;
	return nft_is(reader, "}");
}

/* Behind "table": [FAMILY] NAME { CHAIN … } */
static bool nft_table_is_harmless(struct nft_reader *reader)
{
	if (!nft_next(reader) || nft_is_brace(reader) || !nft_next(reader))
		return false;
	if (!nft_is(reader, "{") && (nft_is_brace(reader) || !nft_expect(reader, "{")))
		return false;
	while (nft_next(reader)) {
		if (nft_is(reader, "}"))
			return true;
		if (!nft_is(reader, "chain") || !nft_chain_is_harmless(reader))
			return false;
	}
	return false;
}

bool nft_rules_are_harmless(const struct blob *rules)
{
	struct nft_reader reader = {.rules = rules};

	while (nft_next(&reader)) {
		if (nft_is(&reader, "flush")) {
			if (!nft_expect(&reader, "ruleset"))
				return false;
		} else if (!nft_is(&reader, "table") || !nft_table_is_harmless(&reader)) {
			return false;
		}
	}
	return true;
}

static bool iptables_line_is_harmless(const char *line, size_t length)
{
	const char *policy;

	if (!length || *line == '#' || *line == '*')
		return true;
	if (length >= 6 && memcmp(line, "COMMIT", 6) == 0)
		return true;
	if (*line != ':')
		return false;
	/* ":INPUT ACCEPT [0:0]"; a chain of one's own has "-" for a policy */
	policy = memchr(line, ' ', length);
	if (!policy)
		return false;
	policy++;
	length -= (size_t)(policy - line);
	return *policy == '-' || (length >= 6 && memcmp(policy, "ACCEPT", 6) == 0);
}

bool iptables_rules_are_harmless(const struct blob *rules)
{
	const char *line;
	size_t offset = 0, length;

	while (next_line(rules, &offset, &line, &length)) {
		while (length && char_is_space(line[length - 1]))
			length--;
		while (length && char_is_space(*line)) {
			line++;
			length--;
		}
		if (!iptables_line_is_harmless(line, length))
			return false;
	}
	return true;
}

/* "/usr/sbin/nft" and the like, systemd's prefixes of commands left out. */
static bool is_nft(const char *word, size_t length)
{
	while (length && strchr("@-:+!|", *word)) {
		word++;
		length--;
	}
	return length > 4 && *word == '/' && memcmp(word + length - 4, "/nft", 4) == 0;
}

char *nft_command_rules_file(struct arena *arena, const char *command)
{
	size_t length = strcspn(command, " \t");
	const char *path;

	if (!is_nft(command, length))
		return NULL;
	command += length;
	command += strspn(command, " \t");
	if (string_equal(command, "flush ruleset"))
		return arena_strdup(arena, "");
	path = string_after(command, "-f");
	if (!path)
		path = string_after(command, "--file");
	if (!path)
		return NULL;
	path += strspn(path, " \t=");
	length = strcspn(path, " \t");
	/* Anything behind the file, or quoting in it, is more than is understood here. */
	if (*path != '/' || path[length] || strpbrk(path, "\"'\\$%"))
		return NULL;
	return arena_memdup(arena, path, length);
}

bool mentions_firewall(const char *text, size_t length)
{
	static const char *const words[] = {
	    "iptables",	 "ip6tables", "xtables",   "nft",  "ufw", "firewall", "firewalld", "ipset",
	    "arptables", "ebtables",  "shorewall", "ferm", "csf", "firehol",  "nftables",  "bpfilter",
	};

	for (size_t i = 0; i < length; i++) {
		if ((i && char_is_alnum(text[i - 1])) || !char_is_alpha(text[i]))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			size_t word = strlen(words[j]);

			if (length - i >= word && memcmp(text + i, words[j], word) == 0 &&
			    (length - i == word || !char_is_alnum(text[i + word])))
				return true;
		}
	}
	return false;
}

bool script_mentions_firewall(const struct blob *script)
{
	const char *line;
	size_t offset = 0, length;

	while (next_line(script, &offset, &line, &length)) {
		while (length && char_is_space(*line)) {
			line++;
			length--;
		}
		if (length && *line != '#' && mentions_firewall(line, length))
			return true;
	}
	return false;
}
