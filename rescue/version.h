/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_VERSION_H
#define SSHRESCUE_VERSION_H

#define SSHRESCUE_VERSION "0.1.0"

#endif
