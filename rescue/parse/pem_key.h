/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_PARSE_PEM_KEY_H
#define SSHRESCUE_PARSE_PEM_KEY_H

/*
 * Private keys in the PEM formats that libcrypto reads for sshd: PKCS#1, SEC 1, PKCS#8 and the traditional DSA form.
 * What libcrypto accepts beyond them (BER, explicit curve parameters, …) is answered with KEY_UNKNOWN.
 */

#include "parse/openssh_key.h"

/* As private_key_read(), for a file that is no openssh-key-v1. False, and nothing in *ret, when it has no PEM block of
 * a private key. */
bool pem_key_read(const struct blob *content, struct arena *arena, const struct key_rules *rules,
		  struct private_key *ret);

#endif
