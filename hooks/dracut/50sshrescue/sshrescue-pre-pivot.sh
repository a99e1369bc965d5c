#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut's pre-pivot hook where systemd does not run the initramfs. It is sourced:
# a subshell keeps its variables, and any exit, to itself.
(
	# shellcheck source=hooks/shell/boot.sh
	[ -r /usr/lib/sshrescue/boot.sh ] && . /usr/lib/sshrescue/boot.sh || exit 0
	root=${NEWROOT:-/sysroot}
	! sshrescue_wanted "$root" || sshrescue_run "$root"
)
