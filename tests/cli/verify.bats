#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# report --verify, and what check shows on the running system: what the kernel says of who listens. Each test has a
# network namespace of its own, where Python listens in sshd's place.
load fixture

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "needs namespaces of root"
	fixture_root
	OWN=$BATS_TEST_TMPDIR/own
	mkdir -p "$OWN/etc" "$OWN/run"
	cat >"$BATS_TEST_TMPDIR/listen.py" <<-'END'
		# ADDRESS PORT COMMAND...: with a listener there. A dual-stack one is written [::].
		import os, socket, sys
		address, port, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
		family = socket.AF_INET6 if ":" in address else socket.AF_INET
		listener = socket.socket(family, socket.SOCK_STREAM)
		if family == socket.AF_INET6:
		    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.startswith("["))
		listener.bind((address.strip("[]"), port))
		listener.listen()
		listener.set_inheritable(True)
		os.execvp(command[0], command)
	END
}

# booted [LINE]: a run at boot, of a root with this line in its sshd_config.
booted()
{
	[ $# -eq 0 ] || printf '%s\n' "$1" >>"$ROOT/etc/ssh/sshd_config"
	echo 'ro rd.sshrescue=check' >"$OWN/cmdline"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount --bind "$1/etc" /etc && mount --bind "$1/run" /run &&
		mount --bind "$1/cmdline" /proc/cmdline && mount --bind /dev/null /dev/kmsg &&
		exec "$3" boot --root "$2"' sh "$OWN" "$ROOT" "$SSHRESCUE" >/dev/null 2>&1
}

# verify [ADDRESS PORT]...: with somebody listening there. The line is in $line, its status in $status.
verify()
{
	local chain=()
	while [ $# -gt 1 ]; do
		chain+=(python3 "$BATS_TEST_TMPDIR/listen.py" "$1" "$2")
		shift 2
	done
	status=0
	# shellcheck disable=SC2016 # for the inner shell
	line=$(unshare -m -n sh -c 'ip link set lo up && mount --bind "$1/run" /run && shift && exec "$@"' sh "$OWN" \
		"${chain[@]}" "$SSHRESCUE" report --verify) || status=$?
	echo "$line" >&2
}

outcome() { [ "$(jq -r "$1" "$OWN/run/sshrescue/report.json")" = "$2" ]; }

@test "verify: a promise that is kept, over both protocols" {
	booted
	outcome .verdict reachable
	verify 0.0.0.0 22 :: 22
	[ "$status" -eq 0 ]
	[ "$line" = "as promised: listening on 0.0.0.0:22, [::]:22" ]
	outcome .booted.promise kept
	outcome '.booted.now.listening | length' 2
	tail -n 1 "$OWN/run/sshrescue/report.txt" | grep -Fx "after the boot: $line"
}

@test "verify: one socket for both protocols keeps it too" {
	booted
	verify '[::]' 22
	[ "$status" -eq 0 ]
	[ "$line" = "as promised: listening on [::]:22" ]
}

@test "verify: nobody there, or not for everybody, is status 4" {
	booted
	verify
	[ "$status" -eq 4 ]
	[ "$line" = "not as promised: nobody listens on 0.0.0.0:22, [::]:22; listening on nothing" ]
	verify :: 22
	[ "$status" -eq 4 ]
	[ "$line" = "not as promised: nobody listens on 0.0.0.0:22; listening on [::]:22" ]
	verify 0.0.0.0 22
	[ "$status" -eq 4 ]
	verify 127.0.0.1 22 ::1 22
	[ "$status" -eq 4 ]
	[[ $line == *"listening on 127.0.0.1:22, [::1]:22, the loopback interface only" ]]
	outcome '[.booted.now.listening[].loopback] | all' true
	verify 0.0.0.0 2222 :: 2222
	[ "$status" -eq 4 ]
}

@test "verify: the outcome takes the place of an earlier one" {
	booted
	before=$(cat "$OWN/run/sshrescue/report.txt")
	verify
	verify 0.0.0.0 22 :: 22
	[ "$(grep -c '^after the boot: ' "$OWN/run/sshrescue/report.txt")" -eq 1 ]
	diff <(echo "$before") <(head -n -1 "$OWN/run/sshrescue/report.txt")
	[ "$(grep -c '"booted"' "$OWN/run/sshrescue/report.json")" -eq 1 ]
	outcome .booted.promise kept
	[ "$(stat -c %a "$OWN/run/sshrescue/report.json" "$OWN/run/sshrescue/report.txt" | sort -u)" = 600 ]
	python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' \
		"$PROJECT/docs/report.schema.json" "$OWN/run/sshrescue/report.json"
}

@test "verify: a port and an address of one's own" {
	booted 'Port 2222'
	verify 0.0.0.0 2222 :: 2222
	[ "$status" -eq 0 ]
	verify 0.0.0.0 22 :: 22
	[ "$status" -eq 4 ]
}

@test "verify: another verdict promises nothing" {
	ln -s /dev/null "$ROOT/etc/systemd/system/ssh.service"
	booted
	outcome .verdict unreachable
	verify
	[ "$status" -eq 0 ]
	[ "$line" = "nothing was promised (unreachable): nobody listens on 0.0.0.0:22, [::]:22; listening on nothing" ]
	outcome .booted.promise none
}

@test "verify: no run at this boot, or a report that is none, is an operational error" {
	verify
	[ "$status" -eq 8 ]
	booted
	for garbage in '' '{' '{}' '{"verdict": "reachable"}' '{"verdict": "reachable", "addresses": [{"port": 0}]}' \
		'{"verdict": "reachable", "addresses": [{"address": "::", "port": 70000}]}' '[[[[[[' '"' nonsense; do
		printf '%s\n' "$garbage" >"$OWN/run/sshrescue/report.json"
		verify
		[ "$status" -eq 8 ]
		[ "$(cat "$OWN/run/sshrescue/report.json")" = "$garbage" ]
	done
}

@test "check: on the running system it shows who listens, and lets that decide nothing" {
	# check_live COMMAND...: check with the fixture as the root of a system of its own.
	check_live()
	{
		mkdir -p "$ROOT/proc"
		cp "$SSHRESCUE" "$ROOT/usr/sbin/sshrescue"
		# shellcheck disable=SC2016 # for the inner shell
		unshare -m -n -p -f sh -c 'ip link set lo up && mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && exec "$@"' \
			"$ROOT" "$@" chroot "$ROOT" /usr/sbin/sshrescue check --json
	}
	readelf -lW "$SSHRESCUE" | grep -q INTERP && skip "the fixture cannot run a program that is not static"
	said=$(check_live)
	[ "$(jq -r '.verdict, .now.missing[0].address, (.now.listening | length)' <<<"$said" | paste -s -d ' ')" = "reachable 0.0.0.0 0" ]
	said=$(check_live python3 "$BATS_TEST_TMPDIR/listen.py" 127.0.0.1 22)
	[ "$(jq -c .now.listening <<<"$said")" = '[{"address":"127.0.0.1","port":22,"loopback":true}]' ]
	# Another root, or another network than that of the system, says nothing of its own.
	[ "$("$SSHRESCUE" check --root "$ROOT" --json | jq .now)" = null ]
	rm "$ROOT/usr/sbin/sshrescue"
}
