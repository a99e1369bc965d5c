# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
#
# What the tests in machines share: counting, and what is asked of a disk and of a
# machine. Sourced behind scripts/lib.sh.

work=$BUILD/tests/qemu
passed=0
failed=0

# --- beginning and end ------------------------------------------------------------

# begin_tests: one at a time in this build directory; nothing is left behind.
begin_tests() {
	started=$EPOCHREALTIME
	mkdir -p "$work"
	exec 7>"$work/lock"
	flock 7
	trap 'vm_cleanup; ! mountpoint -q "$work/mounted" || umount "$work/mounted"; rm -f "$work"/*.img' EXIT
	trap 'exit 130' INT TERM HUP
}

# finish: the sum, as the last thing.
finish() {
	echo "1..$((passed + failed))"
	echo "# $(seconds_since "$started") s"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

# --- bookkeeping -----------------------------------------------------------------

# check TEXT COMMAND...: one assertion; what the command said is shown when it fails.
check() {
	local text=$1 status=0
	shift
	"$@" >"$work/said" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $text"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $text"
		echo "# failed (status $status): $*"
		head -n 40 "$work/said" | sed 's/^/#   /'
	fi
}

not() { ! "$@"; }
equal() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'" && return 1; }; }
console_says() { grep -aE -- "$1" "$VM_DIR/console.log" || { tail -n 20 "$VM_DIR/console.log" && return 1; }; }

# tree_state DISK FILE: what /etc and /usr of a disk that is not in use hold: types,
# modes, owners, times, link targets, xattrs and contents. And whatever sshrescue
# could have left elsewhere.
tree_state() {
	local at=$work/mounted
	mkdir -p "$at"
	mount -o ro,loop "$1" "$at"
	(
		cd "$at" || exit
		find etc usr -type d -printf '%p|%y|%m|%U:%G|%T@\n' -o -printf '%p|%y|%m|%U:%G|%s|%T@|%l\n' | LC_ALL=C sort
		find etc usr -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
		find . -xdev -iname '*sshrescue*' | LC_ALL=C sort
		getfattr -h -R -d -m - -e hex etc usr
	) >"$2"
	umount "$at"
}

same_tree() {
	[ -s "$1" ] && diff -U0 "$1" "$2"
}

# boot_disk TEXT DISK CMDLINE [INITRD]: to the login prompt.
boot_disk() {
	check "$1" boot_to_login "$2" "$3" "${4:-$VM_IMAGE/initrd.img}"
	[ -z "$VM_PID" ] || echo "# $(vm_seconds) s to the login prompt, with: $3"
}
boot_to_login() {
	vm_start "$work/machine" "$1" "$VM_IMAGE/vmlinuz" "$3" "$2"
	vm_wait_console 'demo login:' || { tail -n 30 "$VM_DIR/console.log" && return 1; }
}

# --- what is asked of a machine ------------------------------------------------------

# Someone outside gets no connection, and it is the machine that refuses.
refused_outside() {
	local banner answers
	banner=$(vm_banner)
	answers=$(vm_wire_answers)
	echo "banner '$banner', refused and accepted on the wire: $answers"
	[ -z "$banner" ] && [ "${answers% *}" -gt 0 ] && [ "${answers#* }" -eq 0 ]
}

refused_inside() { { vm_shell "bash -c 'exec 3<>/dev/tcp/10.0.2.15/22' 2>&1" || true; } | grep 'Connection refused'; }

answers() { vm_wait_banner 60 | grep '^SSH-2.0-OpenSSH_'; }
key_login() { equal "$(vm_ssh 'echo in as $(id -un)' 2>&1)" "in as root"; }

# The root was read-only when systemd took over: with a writable one the unit's
# ConditionPathIsReadWrite=!/ fails, and it does not run.
fsck_ran() {
	local said
	said=$(vm_shell 'systemctl show -p ConditionResult -p ActiveState systemd-fsck-root.service; journalctl -b -o cat -u systemd-fsck-root.service')
	echo "$said"
	grep -q '^ConditionResult=yes' <<<"$said" && grep -q '^ActiveState=active' <<<"$said" && grep -q '^demo-root: clean' <<<"$said"
}

report_says() { vm_shell 'cat /run/sshrescue/report.json' | jq -e "$1" || { vm_shell 'cat /run/sshrescue/report.json' && return 1; }; }
in_machine() { vm_shell "$1"; }

switch_off() {
	check "$1: it switches off in good order" vm_power_off
	vm_cleanup
}

# initrd_add FILE PATH BASE: the image's initrd with that file in it, as
# $work/initrd.img. The kernel unpacks archives one after the other; a later file
# replaces an earlier one. BASE is a Debian tree that has cpio.
initrd_add() {
	local at=$work/overlay
	rm -rf "$at"
	mkdir -p "$at/$(dirname "$2")"
	cp -a "$1" "$at/$2"
	cp "$VM_IMAGE/initrd.img" "$work/initrd.img"
	# The kernel finds the next archive at a multiple of four.
	truncate -s %4 "$work/initrd.img"
	tar -C "$at" -c . | chroot "$3" sh -c \
		'd=$(mktemp -d) && cd "$d" && tar -x && find . | cpio --quiet -o -H newc; rm -rf "$d"' >>"$work/initrd.img"
}
