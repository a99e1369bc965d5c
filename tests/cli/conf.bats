#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# /etc/sshrescue.conf of the running system, and what it changes.
load fixture

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "a /etc of its own needs root"
	fixture_root
	mkdir "$BATS_TEST_TMPDIR/etc"
	CONF=$BATS_TEST_TMPDIR/etc/sshrescue.conf
}

# configured COMMAND...: sshrescue where that file is /etc/sshrescue.conf.
configured()
{
	status=0
	# shellcheck disable=SC2016 # for the inner shell
	JSON=$(unshare -m sh -c 'mount --bind "$1" /etc && shift && exec "$@"' sh "$BATS_TEST_TMPDIR/etc" \
		"$SSHRESCUE" "$@" --root "$ROOT" --json 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
	jq -e .schema <<<"$JSON" >/dev/null
}

mask()
{
	ln -sf /dev/null "$ROOT/etc/systemd/system/ssh.service"
}

@test "conf: a mistake is reported with its line, and everything else goes on" {
	mask
	printf 'boot=rapair\n\nport=22\n' >"$CONF"
	configured check
	[ "$(cat "$BATS_TEST_TMPDIR/stderr")" = "sshrescue: /etc/sshrescue.conf:1: boot=rapair: the mode is one of off, check, preen, repair, rehearse, shell and guard; ignored" ]
	[ "$status" -eq 4 ]
	[ "$(state_of service.masked)" = found ]
}

@test "conf: garbage, a directory, a fifo and a device in its place do no harm" {
	head -c 200000 /dev/urandom >"$CONF"
	configured check
	[ "$status" -eq 0 ]
	rm "$CONF"
	mkdir "$CONF"
	configured check
	[ "$status" -eq 0 ]
	grep -q 'sshrescue.conf: Is a directory; ignored' "$BATS_TEST_TMPDIR/stderr"
	rmdir "$CONF"
	mkfifo "$CONF"
	configured check
	[ "$status" -eq 0 ]
	rm "$CONF"
	ln -s /dev/zero "$CONF"
	configured check
	[ "$status" -eq 0 ]
}

@test "conf: the file of the examined root is not read" {
	mask
	echo 'ignore=service.masked' >"$ROOT/etc/sshrescue.conf"
	check
	[ "$status" -eq 4 ]
	[ "$(json .verdict)" = unreachable ]
}

@test "conf: an ignored problem is information, is not repaired, and does not decide" {
	mask
	echo 'ignore=service.masked' >"$CONF"
	before=$(tree_of "$ROOT")
	configured repair -y
	[ "$status" -eq 0 ]
	[ "$(json .verdict)" = reachable ]
	[ "$(json '.problems[] | select(.code == "service.masked") | .severity')" = info ]
	[ "$(json '.problems[] | select(.code == "service.masked") | .remedy')" = "ignored by /etc/sshrescue.conf:1" ]
	diff <(echo "$before") <(tree_of "$ROOT")
}

@test "conf: a class of report leaves the problem, and says so" {
	mask
	chmod 0777 "$ROOT"/etc/ssh/ssh_host_*_key
	printf '[class]\nservice.masked=report\n' >"$CONF"
	configured repair -y
	[ "$status" -eq 5 ]
	[ "$(state_of service.masked)" = left ]
	[ "$(json '.problems[] | select(.code == "service.masked") | .remedy')" = "left to you by /etc/sshrescue.conf:2" ]
	[ "$(state_of keys.mode)" = repaired ]
}

@test "conf: a class of ask keeps a safe repair from preening" {
	chmod 0777 "$ROOT"/etc/ssh/ssh_host_*_key
	printf '[class]\nkeys.mode=ask\n' >"$CONF"
	configured repair -p
	[ "$(state_of keys.mode)" = left ]
	configured repair -y
	[ "$(state_of keys.mode)" = repaired ]
}

@test "conf: a class never becomes less careful" {
	mask
	printf '[class]\nservice.masked=safe\n' >"$CONF"
	configured repair -p
	[ "$(state_of service.masked)" = left ]
	grep -q ':2: service.masked=safe: a class can only be made more careful' "$BATS_TEST_TMPDIR/stderr"
}

@test "conf: port= is what --port says, and --port beats it" {
	echo 'port=2222' >"$CONF"
	configured check
	[ "$status" -eq 4 ]
	configured check --port 22
	[ "$status" -eq 0 ]
}
