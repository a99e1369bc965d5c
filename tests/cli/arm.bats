#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# arm, confirm and boot=guard: what one boot leaves for the next. A boot here is sshrescue boot with a kernel command
# line, a configuration and a /run of the test's own.
load fixture

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "a boot needs mount namespaces of root"
	fixture_root
	STATE=$ROOT/etc/sshrescue/armed
	mkdir -p "$BATS_TEST_TMPDIR/own/etc" "$BATS_TEST_TMPDIR/own/run"
	echo 'root=/dev/vda ro quiet' >"$BATS_TEST_TMPDIR/own/cmdline"
	CONF=$BATS_TEST_TMPDIR/own/etc/sshrescue.conf
	mkdir -p "$ROOT/var/log"
	: >"$ROOT/var/log/wtmp"
}

mask()
{
	ln -sf /dev/null "$ROOT/etc/systemd/system/ssh.service"
}

unmasked()
{
	[ ! -e "$ROOT/etc/systemd/system/ssh.service" ]
}

masked()
{
	[ "$(readlink "$ROOT/etc/systemd/system/ssh.service")" = /dev/null ]
}

# boot [WORDS]: with these on the kernel command line. What it said is in CONSOLE.
boot()
{
	local own=$BATS_TEST_TMPDIR/own
	echo "root=/dev/vda ro quiet ${1-}" >"$own/cmdline"
	rm -rf "$own/run/sshrescue"
	# shellcheck disable=SC2016 # for the inner shell
	CONSOLE=$(unshare -m sh -c 'mount --bind "$1/etc" /etc && mount --bind "$1/run" /run &&
		mount --bind "$1/cmdline" /proc/cmdline && mount --bind /dev/null /dev/kmsg &&
		exec "$3" boot --root "$2"' \
		sh "$own" "$ROOT" "$SSHRESCUE" 2>&1)
	[ ! -e "$ROOT/etc/sshrescue/armed.new" ]
}

ran()
{
	[ -e "$BATS_TEST_TMPDIR/own/run/sshrescue/report.json" ]
}

idle()
{
	[ ! -e "$BATS_TEST_TMPDIR/own/run/sshrescue" ]
}

# login HOST [LINE]: a record of wtmp(5).
login()
{
	python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("<hxxi32s4s32s256s", 7, 1, sys.argv[2].encode(), b"", b"root", sys.argv[1].encode()).ljust(384, b"\0"))' \
		"$1" "${2-pts/0}" >>"$ROOT/var/log/wtmp"
}

@test "boot: nothing is asked, nothing is done" {
	mask
	before=$(tree_of "$ROOT")
	boot
	idle
	[ -z "$CONSOLE" ]
	diff <(echo "$before") <(tree_of "$ROOT")
}

@test "arm: the next boot repairs, once" {
	mask
	"$SSHRESCUE" arm --root "$ROOT"
	[ "$(stat -c '%a %U' "$STATE")" = "600 root" ]
	grep -qx request=repair "$STATE"
	boot
	ran
	unmasked
	[ ! -e "$STATE" ]
	"$SSHRESCUE" history --root "$ROOT" | grep -q 'boot: sshrescue arm repair'
	mask
	boot
	idle
	masked
}

@test "arm check: looks only; arm off: takes it back, and leaves nothing" {
	mask
	"$SSHRESCUE" arm --root "$ROOT" check
	boot
	ran
	masked
	"$SSHRESCUE" arm --root "$ROOT"
	"$SSHRESCUE" arm --root "$ROOT" off
	[ ! -e "$ROOT/etc/sshrescue" ]
	boot
	idle
}

@test "arm: rd.sshrescue=off leaves the request for another boot; another mode uses it up" {
	mask
	"$SSHRESCUE" arm --root "$ROOT"
	boot rd.sshrescue=off
	idle
	[ -e "$STATE" ]
	boot rd.sshrescue=check
	ran
	masked
	[ ! -e "$STATE" ]
}

@test "arm: usage, and a journal that is not root's own" {
	status=0
	"$SSHRESCUE" arm --root "$ROOT" guard || status=$?
	[ "$status" -eq 16 ]
	status=0
	"$SSHRESCUE" arm --root "$ROOT" shell || status=$?
	[ "$status" -eq 16 ]
	ln -s /tmp "$ROOT/etc/sshrescue"
	status=0
	"$SSHRESCUE" arm --root "$ROOT" || status=$?
	[ "$status" -eq 8 ]
	rm "$ROOT/etc/sshrescue"
}

@test "arm: garbage, a fifo and a link in the file's place ask for nothing, and the boot goes on" {
	mask
	install -d -m 0700 "$ROOT/etc/sshrescue"
	head -c 100000 /dev/urandom >"$STATE"
	boot
	idle
	printf 'request=shell\nrequest=guard\nrequest=rehearse\nboot=maybe\nwtmp=-1:x\n' >"$STATE"
	boot
	idle
	rm "$STATE"
	mkfifo "$STATE"
	boot
	idle
	rm "$STATE"
	echo request=repair >"$ROOT/elsewhere"
	ln -s /elsewhere "$STATE"
	boot
	idle
	masked
}

@test "guard: the first boot is only watched, the next one repairs when nobody confirmed" {
	mask
	echo boot=guard >"$CONF"
	boot
	idle
	masked
	grep -qx boot=unconfirmed "$STATE"
	boot
	ran
	unmasked
	[[ $CONSOLE == *"nobody confirmed the last boot"* ]]
	"$SSHRESCUE" history --root "$ROOT" | grep -q 'boot: guard: repair'
}

@test "guard: confirm says that the boot is good, for one boot" {
	mask
	echo boot=guard >"$CONF"
	boot
	"$SSHRESCUE" confirm --root "$ROOT"
	grep -qx boot=confirmed "$STATE"
	boot
	idle
	grep -qx boot=unconfirmed "$STATE"
	boot
	ran
}

@test "guard: a login from elsewhere confirms; one before that boot, or from the machine itself, does not" {
	echo boot=guard >"$CONF"
	login 192.0.2.1
	boot
	login '' tty1
	login :0
	login 'tmux(123).%0'
	boot
	ran
	login 2001:db8::1
	boot
	idle
	boot
	ran
}

@test "guard: a wtmp that was rotated is read from its beginning" {
	echo boot=guard >"$CONF"
	for _ in 1 2 3; do login 192.0.2.1; done
	boot
	mv "$ROOT/var/log/wtmp" "$ROOT/var/log/wtmp.1"
	login 192.0.2.7
	boot
	idle
}

@test "guard: without wtmp only confirm counts" {
	rm "$ROOT/var/log/wtmp"
	echo boot=guard >"$CONF"
	boot
	boot
	ran
	"$SSHRESCUE" confirm --root "$ROOT"
	boot
	idle
}

@test "guard: arm still asks, and the command line still decides" {
	mask
	echo boot=guard >"$CONF"
	boot
	"$SSHRESCUE" confirm --root "$ROOT"
	"$SSHRESCUE" arm --root "$ROOT" check
	grep -qx boot=confirmed "$STATE"
	boot
	ran
	masked
	boot rd.sshrescue=off
	masked
}

@test "confirm: without a watched boot there is nothing to confirm" {
	[[ $("$SSHRESCUE" confirm --root "$ROOT") == "nothing to confirm"* ]]
	[ ! -e "$ROOT/etc/sshrescue" ]
}

@test "credential: asks for a run without the command line; the command line beats it" {
	mask
	mkdir -p "$BATS_TEST_TMPDIR/own/run/credentials/@system"
	echo check >"$BATS_TEST_TMPDIR/own/run/credentials/@system/sshrescue.mode"
	boot
	ran
	masked
	boot rd.sshrescue=off
	idle
	echo repair >"$BATS_TEST_TMPDIR/own/run/credentials/@system/sshrescue.mode"
	boot
	unmasked
	for wrong in rapair shell guard; do
		echo "$wrong" >"$BATS_TEST_TMPDIR/own/run/credentials/@system/sshrescue.mode"
		boot
		idle
	done
	[[ $CONSOLE == *"'credential sshrescue.mode' was not understood"* ]]
}

@test "conf at boot: boot= asks, a mistake is announced, the command line beats it" {
	mask
	echo boot=check >"$CONF"
	boot
	ran
	masked
	boot rd.sshrescue=off
	idle
	printf 'boot=rapair\n' >"$CONF"
	boot
	idle
	[[ $CONSOLE == *"sshrescue: /etc/sshrescue.conf:1: boot=rapair: "* ]]
	echo 'ignore=service.masked' >"$CONF"
	boot rd.sshrescue=repair
	ran
	masked
	[ "$(jq -r .verdict "$BATS_TEST_TMPDIR/own/run/sshrescue/report.json")" = reachable ]
}
