#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A root whose sshd is an attacker: it reaches nothing, outlives nothing, uses up nothing, and leaves nothing.

load world

EVIL=$PROJECT/build/tests/rehearse/evil

setup()
{
	new_root "$PROJECT/build/roots/bookworm"
	rm "$ROOT/usr/sbin/sshd"
	cp "$EVIL" "$ROOT/usr/sbin/sshd"
}

# attacked ORDERS OPTIONS...: sshd does what ORDERS say.
attacked()
{
	printf '%s\n' "$1" >"$ROOT/etc/evil"
	shift
	rehearsed "$@"
}

output() { jq -r '[.programs[].output] | join("")' <<<"$report"; }

# All attacks held, and there were at least that many.
all_held()
{
	[ -z "$(output | grep BREACH)" ]
	[ "$(output | sed -n 's/^held //p' | tail -n 1)" -ge "$1" ]
}

# The host's side of an attack: a file, a listener on the loopback, an abstract socket.
host_bait()
{
	BAIT_FILE=$(mktemp -p "$PROJECT/build/tests/rehearse" bait.XXXXXX)
	python3 - "$BATS_TEST_TMPDIR/port" <<-'END' 3>&- &
		import socket, sys, time
		a = socket.socket(); a.bind(("127.0.0.1", 0)); a.listen(5)
		b = socket.socket(socket.AF_UNIX); b.bind("\0sshrescue-bait-%d" % a.getsockname()[1]); b.listen(5)
		open(sys.argv[1] + ".new", "w").write(str(a.getsockname()[1]))
		import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
		time.sleep(60)
	END
	BAIT=$!
	until [ -e "$BATS_TEST_TMPDIR/port" ]; do sleep 0.01; done
	port=$(cat "$BATS_TEST_TMPDIR/port")
}

no_bait()
{
	kill "$BAIT"
	rm -f "$BAIT_FILE"
}

orders()
{
	printf '%s\n' "files $BAIT_FILE" processes kernel devices mounts "network $port sshrescue-bait-$port" \
		'inheritance SSHRESCUE_TEST_SECRET'
}

@test "the attacks work where nothing holds them" {
	host_bait
	mkdir -p "$BATS_TEST_TMPDIR/bare/etc"
	orders | grep -v '^kernel' >"$BATS_TEST_TMPDIR/bare/etc/evil"
	# Namespaces of its own, so that an attack that works harms nobody; else all rights of root.
	result=$(SSHRESCUE_TEST_SECRET=x unshare -m --propagation private sh -c '
		mount --bind "$1/bare/etc" /etc && mount -t tmpfs bare /tmp && exec "$2"' \
		sh "$BATS_TEST_TMPDIR" "$EVIL") || true
	no_bait
	echo "$result" >&2
	grep -q "BREACH the host's file by its path" <<<"$result"
	grep -q "BREACH mount" <<<"$result"
	grep -q "BREACH unshare" <<<"$result"
	grep -q "BREACH sight of the host's processes" <<<"$result"
	grep -q "BREACH mknod" <<<"$result"
	grep -q "BREACH the host's loopback" <<<"$result"
	grep -q "BREACH the host's abstract socket" <<<"$result"
	grep -q "BREACH the caller's environment" <<<"$result"
	grep -q "BREACH capabilities" <<<"$result"
}

@test "files, mounts, processes, kernel, devices, network, inheritance: nothing is reached" {
	host_bait
	orders >"$ROOT/etc/evil"
	# A device node in the root itself.
	mknod "$ROOT/disk-node" b 254 0
	export SSHRESCUE_TEST_SECRET=x
	rehearsed
	no_bait
	is .status failed
	all_held 70
}

# in_cage MOUNTED: the same from within a chroot, which a program climbs out of that may chroot(2) again.
in_cage()
{
	cage=$BATS_TEST_TMPDIR/cage
	mkdir "$cage"
	[ -z "$1" ] || mount --bind "$cage" "$cage"
	mkdir "$cage/proc" "$cage/tmp" "$cage/root"
	cp "$SSHRESCUE" "$cage/sshrescue"
	host_bait
	echo "files $BAIT_FILE" >"$ROOT/etc/evil"
	mount -t proc proc "$cage/proc"
	mount --bind "$ROOT" "$cage/root"
	report=$(chroot "$cage" /sshrescue rehearse --root /root --json | jq .rehearsal) || true
	umount "$cage/proc" "$cage/root"
	[ -z "$1" ] || umount "$cage"
	no_bait
	echo "$report" >&2
	is .status failed
	all_held 9
}

@test "files: nothing is reached from a chroot" { in_cage ''; }
@test "files: nothing is reached from a chroot that is a mount" { in_cage mounted; }

@test "a process that wants to stay behind does not" {
	attacked 'outlive'
	is .status failed
	[ -z "$(left_behind "$ROOT")" ]
}

@test "a fork bomb is stopped" {
	began=$SECONDS
	attacked 'bomb'
	is .status failed
	is .reason "the target's programs started too many processes"
	[ $((SECONDS - began)) -le 10 ]
	[ -z "$(left_behind "$ROOT")" ]
}

@test "memory is given back before there is none" {
	attacked 'memory' --timeout 60
	is .status failed
	is .reason "the target's programs took too much memory"
}

@test "what can be filled is small, and in memory" {
	attacked 'disk'
	[ "$(output | sed -n 's/^filled \([0-9]*\) MiB$/\1/p')" -gt 16 ]
	[ -z "$(output | grep BREACH)" ]
	[ ! -e "$ROOT/fill0" ]
}

@test "endless output is not kept" {
	attacked 'output' --timeout 2
	is .status failed
	[ "$(output | wc -c)" -le 4200 ]
}

@test "the deadline ends what never ends" {
	began=$SECONDS
	attacked 'listen' --timeout 2
	is .status failed
	is .reason 'it did not come to an end within 2 s'
	[ $((SECONDS - began)) -le 6 ]
}

@test "what loads rules has more rights, and reaches nothing more" {
	# It stands in the place of nft(8).
	rm -f "$ROOT/usr/sbin/nft"
	cp "$EVIL" "$ROOT/usr/sbin/nft"
	cp "$PROJECT/build/roots/bookworm/usr/sbin/sshd" "$ROOT/usr/sbin/sshd.true"
	mv "$ROOT/usr/sbin/sshd.true" "$ROOT/usr/sbin/sshd"
	printf '[Service]\nType=oneshot\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n' >"$ROOT/etc/systemd/system/rules.service"
	echo 'table inet filter { }' >"$ROOT/etc/nftables.conf"
	mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
	ln -s ../rules.service "$ROOT/etc/systemd/system/multi-user.target.wants/rules.service"
	host_bait
	orders | grep -v '^network\|^inheritance' >"$ROOT/etc/evil"
	rehearsed
	no_bait
	[ "$(jq -r '.programs[0].command' <<<"$report")" = '/usr/sbin/nft -f /etc/nftables.conf' ]
	all_held 60
}

@test "a banner is escaped" {
	echo 'listen SSH-2.0-\e]0;owned\e[31m\r\n' >"$ROOT/etc/evil"
	"$SSHRESCUE" rehearse --root "$ROOT" >"$BATS_TEST_TMPDIR/out" || true
	cat "$BATS_TEST_TMPDIR/out" >&2
	grep -q 'SSH-2.0-.*owned' "$BATS_TEST_TMPDIR/out"
	[ "$(LC_ALL=C grep -c $'[\001-\010\013-\037\177]' "$BATS_TEST_TMPDIR/out")" -eq 0 ]
}

@test "what is no banner does not pass" {
	attacked 'listen HTTP/1.0 400 Bad Request\r\n' --timeout 4
	is .status failed
}

@test "lengths that are lies end the exchange" {
	attacked 'listen SSH-2.0-OpenSSH_9.9\r\n\0\0\0\0\0\0\0\0\0\0\0\0' --timeout 4
	is .status failed
	is .reason 'sshd has a banner, but does not exchange keys'
	is '.host_keys | length' 0
}

@test "nothing is left after a rehearsal" {
	result=$(left_behind "$PROJECT/build/roots/bookworm")
	echo "$result" >&2
	[ -z "$result" ]
}

@test "nothing is left when it is killed in the middle" {
	echo 'listen' >"$ROOT/etc/evil"
	result=$(left_behind "$ROOT" 0.003 0.01 0.02 0.03 0.05 0.1 0.2)
	echo "$result" >&2
	[ -z "$result" ]
}

@test "what is left would be found" {
	cat >"$BATS_TEST_TMPDIR/messy" <<-'END'
		#!/bin/sh
		mkdir -p /tmp/messy-rehearsal && mount -t tmpfs messy /tmp/messy-rehearsal
		setsid unshare -n tail -f /dev/null >/dev/null 2>&1 &
		sleep 0.2
	END
	chmod +x "$BATS_TEST_TMPDIR/messy"
	result=$(SSHRESCUE=$BATS_TEST_TMPDIR/messy left_behind "$ROOT")
	echo "$result" >&2
	grep -q '^mount .*messy' <<<"$result"
	grep -q '^process .*tail' <<<"$result"
	grep -q '^namespace net' <<<"$result"
	grep -q '^file .*messy' <<<"$result"
}
