#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sshrescue for dracut (dracut.modules(7)), 059 and dracut-ng alike. Where systemd
# runs the initramfs, its unit does the work, and no shell is needed; else the
# pre-pivot hook does. Never both.

# Where the binary was installed; the initramfs has one place for it.
find_sshrescue() {
	local candidate
	for candidate in /usr/sbin/sshrescue /usr/local/sbin/sshrescue; do
		# shellcheck disable=SC2154 # dracut's
		if [[ -x "${dracutsysrootdir-}$candidate" ]]; then
			echo "$candidate"
			return 0
		fi
	done
	return 1
}

check() {
	# Not for the root's device or file system, but for what is in it.
	# shellcheck disable=SC2154 # dracut's
	[[ $mount_needs ]] && return 1
	find_sshrescue >/dev/null || return 1
	return 0
}

depends() {
	return 0
}

install() {
	local unit=sshrescue-initrd.service tool

	tool=$(find_sshrescue) || return 1
	inst_simple "$tool" /usr/sbin/sshrescue
	# dracut copies into the initramfs only what is on the host: no configuration, no copy.
	[[ ! -f "${dracutsysrootdir-}/etc/sshrescue.conf" ]] || inst_simple /etc/sshrescue.conf

	# shellcheck disable=SC2154 # dracut's: systemdsystemunitdir, initdir, moddir
	if dracut_module_included "systemd"; then
		inst_simple /usr/lib/systemd/system/$unit "$systemdsystemunitdir/$unit"
		$SYSTEMCTL -q --root "$initdir" add-wants initrd.target "$unit"
	else
		inst_simple /usr/lib/sshrescue/boot.sh
		inst_multiple mount sleep
		# After /usr (50), before plymouth looks for the new root (90).
		inst_hook pre-pivot 85 "$moddir/sshrescue-pre-pivot.sh"
	fi
}
