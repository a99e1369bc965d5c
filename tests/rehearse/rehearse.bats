#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later

load world

for release in bullseye bookworm trixie; do
	eval "rehearse_$release() { ROOT=\$PROJECT/build/roots/$release; rehearsed; }"
done

passes_with_all_keys()
{
	[ "$status" -eq 0 ]
	is .status passed
	is .reason null
	is '.connections | length' 2
	is '[.connections[] | select(.result == "banner")] | length' 2
	is '.host_keys | length' 3
	is '[.host_keys[] | select(.path == null)] | length' 0
	is '.programs[0].exit' 0
}

@test "Debian 11 answers" {
	rehearse_bullseye
	passes_with_all_keys
	[[ "$(jq -r .banner <<<"$report")" == SSH-2.0-OpenSSH_8.4p1* ]]
}

@test "Debian 12 answers" {
	rehearse_bookworm
	passes_with_all_keys
	[[ "$(jq -r .banner <<<"$report")" == SSH-2.0-OpenSSH_9.2p1* ]]
}

@test "Debian 13 answers" {
	rehearse_trixie
	passes_with_all_keys
	[[ "$(jq -r .banner <<<"$report")" == SSH-2.0-OpenSSH_10.0p* ]]
}

@test "--no-exec runs nothing" {
	new_root "$PROJECT/build/roots/bookworm"
	rehearsed --no-exec
	[ "$status" -eq 4 ]
	is .status skipped
	is '.programs | length' 0
}

@test "a foreign architecture is skipped" {
	new_root "$PROJECT/build/roots/bookworm"
	# e_machine of the ELF header: 183 is AArch64
	printf '\267\000' | dd of="$ROOT/usr/sbin/sshd" bs=1 seek=18 conv=notrunc status=none
	rehearsed
	is .status skipped
	[[ "$(jq -r .reason <<<"$report")" == *aarch64* ]]
}

@test "a boot that starts no sshd fails" {
	new_root "$PROJECT/build/roots/bookworm"
	boot_starts_no ssh.service
	rm -f "$ROOT/etc/systemd/system/sshd.service"
	rehearsed
	[ "$status" -eq 4 ]
	is .status failed
	is .reason 'the boot starts no sshd'
}

@test "sshd's own words are in the report when it does not start" {
	new_root "$PROJECT/build/roots/bookworm"
	echo 'Bogus yes' >>"$ROOT/etc/ssh/sshd_config"
	rehearsed
	[ "$status" -eq 4 ]
	is .status failed
	is '.programs[0].exit' 255
	[[ "$(jq -r '.programs[0].output' <<<"$report")" == *'Bad configuration option: Bogus'* ]]
}

@test "options from the environment file count, and another port is tried" {
	new_root "$PROJECT/build/roots/bookworm"
	echo 'SSHD_OPTS="-p 2222 -4"' >"$ROOT/etc/default/ssh"
	rehearsed
	is .status passed
	is '[.connections[].port] | unique | tostring' '[2222]'
	is '.connections[0].result' banner
	is '.connections[1].result' refused
}

@test "a ListenAddress of the machine's is given to it" {
	new_root "$PROJECT/build/roots/bookworm"
	echo 'ListenAddress 10.11.12.13' >>"$ROOT/etc/ssh/sshd_config"
	rehearsed
	is .status passed
	is '.connections[] | select(.address == "10.11.12.13") | .result' banner
}

@test "loopback only is refused" {
	new_root "$PROJECT/build/roots/bookworm"
	printf 'ListenAddress 127.0.0.1\nListenAddress ::1\n' >>"$ROOT/etc/ssh/sshd_config"
	rehearsed
	is .status failed
	is '[.connections[] | select(.result == "refused")] | length' 2
}

@test "a host key that sshd ignores is not offered" {
	new_root "$PROJECT/build/roots/bookworm"
	chmod 0644 "$ROOT/etc/ssh/ssh_host_ed25519_key"
	rehearsed
	is .status passed
	is '.host_keys | length' 2
	is '[.host_keys[] | select(.type == "ssh-ed25519")] | length' 0
}

@test "a socket that hands over its listener" {
	new_root "$PROJECT/build/roots/trixie"
	boot_starts_no ssh.service
	mkdir -p "$ROOT/etc/systemd/system/sockets.target.wants"
	ln -s /usr/lib/systemd/system/ssh.socket "$ROOT/etc/systemd/system/sockets.target.wants/ssh.socket"
	mkdir "$ROOT/etc/systemd/system/ssh.socket.d"
	printf '[Socket]\nListenStream=\nListenStream=2200\n' >"$ROOT/etc/systemd/system/ssh.socket.d/port.conf"
	rehearsed
	is .status passed
	is '[.connections[].port] | unique | tostring' '[2200]'
}

@test "a socket that starts one sshd for each connection" {
	new_root "$PROJECT/build/roots/bullseye"
	boot_starts_no ssh.service
	mkdir -p "$ROOT/etc/systemd/system/sockets.target.wants"
	ln -s /lib/systemd/system/ssh.socket "$ROOT/etc/systemd/system/sockets.target.wants/ssh.socket"
	rehearsed
	is .status passed
	is '.host_keys | length' 3
}

@test "a /usr of its own is part of the root" {
	new_root "$PROJECT/build/roots/bookworm"
	mv "$ROOT/usr" "$ROOT/usr.away"
	mkdir "$ROOT/usr"
	mount --bind "$PROJECT/build/roots/bookworm/usr" "$ROOT/usr"
	rehearsed
	umount "$ROOT/usr"
	is .status passed
}

@test "a repair is rehearsed before it is written" {
	new_root "$PROJECT/build/roots/bookworm"
	echo 'Bogus yes' >>"$ROOT/etc/ssh/sshd_config"
	chmod 0777 "$ROOT"/etc/ssh/ssh_host_*_key
	before=$(md5sum "$ROOT/etc/ssh/sshd_config")
	status=0
	report=$("$SSHRESCUE" check --rehearse --json --root "$ROOT") || status=$?
	[ "$status" -eq 4 ]
	[ "$(jq -r .rehearsal.status <<<"$report")" = failed ]
	report=$("$SSHRESCUE" repair -n --rehearse --root "$ROOT") || true
	grep -q 'rehearsal passed' <<<"$report"
	[ "$(md5sum "$ROOT/etc/ssh/sshd_config")" = "$before" ]
}

@test "a rehearsal that fails where nothing was found is a problem of its own, and nothing is written" {
	new_root "$PROJECT/build/roots/bookworm"
	# A library that is there and has the right names, and is of no use.
	chmod 0777 "$ROOT"/etc/ssh/ssh_host_*_key
	mkdir -p "$ROOT/etc/systemd/system/ssh.service.d" "$ROOT/etc/systemd/network"
	printf '[Match]\nName=eth0\n[Network]\nDHCP=yes\n' >"$ROOT/etc/systemd/network/eth0.network"
	boot_starts systemd-networkd.service multi-user.target
	printf '[Service]\nExecStartPre=/bin/false\n' >"$ROOT/etc/systemd/system/ssh.service.d/no.conf"
	status=0
	report=$("$SSHRESCUE" repair -p --rehearse --json --root "$ROOT") || status=$?
	echo "$report" >&2
	[ $((status & 4)) -eq 4 ]
	[ "$(jq -r '[.problems[].code] | index("rehearsal.disagrees") != null' <<<"$report")" = true ]
	[ "$(jq -r .transaction <<<"$report")" = null ]
	[ "$(stat -c %a "$ROOT/etc/ssh/ssh_host_rsa_key")" = 777 ]
	"$SSHRESCUE" repair -p --rehearse --force --json --root "$ROOT" || true
	[ "$(stat -c %a "$ROOT/etc/ssh/ssh_host_rsa_key")" = 600 ]
}

@test "the report follows its schema" {
	"$SSHRESCUE" rehearse --root "$PROJECT/build/roots/bookworm" --json >"$BATS_TEST_TMPDIR/report.json"
	python3 -c '
import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' \
		"$BATS_TEST_TMPDIR/report.json" "$PROJECT/docs/report.schema.json"
}
