/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/command_line.h"

#include <stdio.h>

#include "base/ctype.h"
#include "base/text.h"

static const char *const mode_names[] = {
    [BOOT_OFF] = "off",		  [BOOT_CHECK] = "check", [BOOT_PREEN] = "preen", [BOOT_REPAIR] = "repair",
    [BOOT_REHEARSE] = "rehearse", [BOOT_SHELL] = "shell", [BOOT_GUARD] = "guard",
};

const char *boot_mode_name(enum boot_mode mode)
{
	return mode_names[mode];
}

static void set_mistake(struct boot_request *request, const char *word)
{
	request->mistaken = true;
	snprintf(request->mistake, sizeof(request->mistake), "%s", word);
}

bool boot_mode_parse(const char *value, enum boot_mode *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (string_equal(value, mode_names[i])) {
			*ret = (enum boot_mode)i;
			return true;
		}
	}
	/* As dracut's getargbool has it. */
	if (string_equal(value, "0") || string_equal(value, "no"))
		*ret = BOOT_OFF;
	else if (string_equal(value, "1") || string_equal(value, "yes"))
		*ret = BOOT_REPAIR;
	else
		return false;
	return true;
}

static void set_mode(struct boot_request *request, const char *value, const char *word)
{
	if (!boot_mode_parse(value, &request->mode)) {
		set_mistake(request, word);
		return;
	}
	request->commanded = true;
	request->origin = "rd.sshrescue=";
}

static void set_number(struct boot_request *request, unsigned *number, const char *value, uint64_t most,
		       const char *word)
{
	uint64_t parsed;

	if (parse_number(value, most, &parsed) && parsed > 0)
		*number = (unsigned)parsed;
	else
		set_mistake(request, word);
}

static void take_word(struct boot_request *request, const char *word)
{
	const char *value;

	if (string_equal(word, "rd.sshrescue"))
		set_mode(request, "repair", word);
	else if ((value = string_after(word, "rd.sshrescue=")))
		set_mode(request, value, word);
	else if ((value = string_after(word, "rd.sshrescue.timeout=")))
		set_number(request, &request->timeout, value, BOOT_TIMEOUT_MOST, word);
	else if ((value = string_after(word, "rd.sshrescue.port=")))
		set_number(request, &request->port, value, 65535, word);
	else if (string_after(word, "rd.sshrescue"))
		set_mistake(request, word);
}

void boot_command_line(const char *line, struct boot_request *request)
{
	while (*line) {
		char word[128];
		size_t length = 0;
		bool quoted = false;

		while (char_is_space(*line))
			line++;
		for (; *line && (quoted || !char_is_space(*line)); line++) {
			if (*line == '"')
				quoted = !quoted;
			else if (length < sizeof(word) - 1)
				word[length++] = *line;
		}
		word[length] = '\0';
		take_word(request, word);
	}
}
