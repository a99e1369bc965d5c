/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage/firewall_mention.h"

#include "base/ctype.h"
#include "base/text.h"

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
