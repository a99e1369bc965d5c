#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# keys: is there a host key that sshd will load?
load fixture

setup()
{
	fixture_root
	KEYS=$ROOT/etc/ssh
	CONFIG=$KEYS/sshd_config
	ED25519=$KEYS/ssh_host_ed25519_key
	RSA=$KEYS/ssh_host_rsa_key
	ECDSA=$KEYS/ssh_host_ecdsa_key
}

config()
{
	printf '%s\n' "$@" >>"$CONFIG"
}

severity_of()
{
	json "[.problems[] | select(.code == \"$1\") | .severity] | unique | join(\",\")"
}

class_of()
{
	json "[.problems[] | select(.code == \"$1\") | .class] | unique | join(\",\")"
}

only_ed25519()
{
	rm "$RSA" "$RSA.pub" "$ECDSA" "$ECDSA.pub"
}

# -p leaves alone what has to be asked for.
asks()
{
	finds "$1"
	[ "$(class_of "$1")" = ask ] || fail "$1 is $(class_of "$1")"
	# shellcheck disable=SC2034 # for json()
	told repair -p
	[ "$(state_of "$1")" = left ] || fail "$1 is repaired unasked"
}

# repair -y leaves a root whose sshd has this key, as ssh-keygen sees it.
has_new_key()
{
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(stat -c '%a %u:%g' "$1")" = '600 0:0' ]
	[ "$(stat -c '%a %u:%g' "$1.pub")" = '644 0:0' ]
	diff <(ssh-keygen -y -f "$1") "$1.pub"
	ssh-keygen -l -f "$1.pub" | grep -q ED25519
}

@test "keys: the keys that ssh-keygen made are good" {
	healthy
}

@test "keys: one of them is enough" {
	only_ed25519
	healthy
	rm "$ED25519.pub"
	healthy
}

@test "keys: an RSA or ECDSA key alone is enough as well" {
	mv "$RSA" "$BATS_TEST_TMPDIR/rsa"
	rm "$ED25519"
	healthy
	rm "$ECDSA"
	mv "$BATS_TEST_TMPDIR/rsa" "$RSA"
	healthy
}

@test "keys: PEM keys are as good" {
	rm "$ED25519" "$ECDSA"
	ssh-keygen -q -p -N '' -m PEM -f "$RSA"
	healthy
	ssh-keygen -q -p -N '' -m PKCS8 -f "$RSA"
	healthy
}

@test "keys.none: all host keys are lost" {
	rm "$KEYS"/ssh_host_*
	preens keys.none
	heals keys.none
}

@test "keys.none: the new key is one that ssh-keygen takes" {
	rm "$KEYS"/ssh_host_*
	echo way.example >"$ROOT/etc/hostname"
	has_new_key "$ED25519"
	grep -q ' root@way.example$' "$ED25519.pub"
	healthy
}

@test "keys.none: a power cut left empty files" {
	: >"$RSA"
	: >"$ECDSA"
	: >"$ED25519"
	chmod 0644 "$ED25519"
	preens keys.none
	has_new_key "$ED25519"
}

@test "keys.none: rubbish is moved out of the way, not overwritten" {
	only_ed25519
	echo rubbish >"$ED25519"
	repairs keys.none
	has_new_key "$ED25519"
	[ "$(cat "$ED25519.broken")" = rubbish ]
}

@test "keys.none: HostKey lines that name other types get one more" {
	rm "$KEYS"/ssh_host_*
	config 'HostKey /etc/ssh/ssh_host_rsa_key'
	asks keys.none
	repairs keys.none
	has_new_key "$ED25519"
	grep -B 1 '^HostKey /etc/ssh/ssh_host_rsa_key' "$CONFIG" | grep -qx 'HostKey /etc/ssh/ssh_host_ed25519_key'
}

@test "keys.none: a good key that no line names is used" {
	config 'HostKey /etc/ssh/ssh_host_lost_key'
	repairs keys.none
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	grep -qx 'HostKey /etc/ssh/ssh_host_ed25519_key' "$CONFIG"
}

@test "keys.none: never while sshd can load a key" {
	echo rubbish >"$ED25519"
	: >"$ECDSA"
	absent keys.none
	before=$(tree_of "$ROOT")
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null
	diff <(echo "$before") <(tree_of "$ROOT")
}

@test "keys.algorithms: HostKeyAlgorithms admits none of the keys" {
	rm "$ED25519" "$ED25519.pub"
	config 'HostKeyAlgorithms ssh-ed25519'
	repairs keys.algorithms
	heals keys.algorithms
}

@test "keys.algorithms: it cannot be helped where Ed25519 is not admitted" {
	rm "$RSA"
	config 'HostKeyAlgorithms rsa-sha2-512'
	reports keys.algorithms
}

@test "keys.mode: all keys are open to the world" {
	chmod 0777 "$RSA" "$ECDSA" "$ED25519"
	finds keys.mode
	[ "$(severity_of keys.mode)" = blocks ]
	preens keys.mode
	heals keys.mode
}

@test "keys.mode: one is, and the others serve" {
	chmod 0644 "$RSA"
	finds keys.mode
	[ "$(severity_of keys.mode)" = warns ]
	[ "$status" -eq 0 ]
	preens keys.mode
}

@test "keys.mode: the group may not read either, on Debian" {
	only_ed25519
	chmod 0640 "$ED25519"
	preens keys.mode
	absent keys.none
}

@test "keys.text: carriage returns" {
	only_ed25519
	key=$(cat "$ED25519")
	sed -i 's/$/\r/' "$ED25519"
	preens keys.text
	heals keys.text
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(cat "$ED25519")" = "$key" ]
}

@test "keys.text: the last newline is missing" {
	only_ed25519
	truncate -s -1 "$ED25519"
	preens keys.text
	absent keys.corrupt
}

@test "keys.empty: beside good keys" {
	: >"$ECDSA"
	reports keys.empty
	[ "$(severity_of keys.empty)" = warns ]
}

@test "keys.corrupt: cut off, beside good keys" {
	truncate -s 200 "$RSA"
	reports keys.corrupt
	[ "$(severity_of keys.corrupt)" = warns ]
}

@test "keys.corrupt: zeros after a power cut, and no other key" {
	only_ed25519
	head -c 399 /dev/zero >"$ED25519"
	finds keys.corrupt
	repairs keys.none
}

@test "keys.missing: a HostKey line names a file that is not there" {
	config 'HostKey /etc/ssh/ssh_host_ed25519_key' 'HostKey /etc/ssh/ssh_host_dsa_key'
	reports keys.missing
	[ "$(severity_of keys.missing)" = warns ]
}

@test "keys.missing: a typing error is corrected" {
	config 'HostKey /etc/ssh/ssh_host_ed52219_key'
	repairs keys.missing
	heals keys.missing
}

@test "keys.dangling: a link that leads nowhere" {
	rm "$RSA"
	ln -s ../../srv/lost "$RSA"
	reports keys.dangling
	rm "$ECDSA" "$ED25519"
	finds keys.none
}

@test "keys.encrypted: a passphrase" {
	ssh-keygen -q -p -N secret -f "$RSA"
	reports keys.encrypted
	rm "$ECDSA" "$ED25519"
	finds keys.none
}

@test "keys.unsupported: RequiredRSASize" {
	rm "$ECDSA" "$ED25519"
	config 'RequiredRSASize 8192'
	finds keys.unsupported
	repairs keys.none
}

@test "keys.mismatch: a client will not accept the signatures" {
	# The fifth line begins with the seed: its tenth letter becomes another one.
	sed -i -E '5{s/^(.{9})A/\1B/;t;s/^(.{9})./\1A/}' "$ED25519"
	repairs keys.mismatch
	heals keys.mismatch
	only_ed25519
	repairs keys.none
}

@test "keys.not-a-file: a directory" {
	rm "$RSA"
	mkdir "$RSA"
	reports keys.not-a-file
}

@test "keys.not-a-file: a fifo keeps sshd waiting" {
	rm "$RSA"
	mkfifo "$RSA"
	reports keys.not-a-file
	[ "$(json .verdict)" = unknown ]
}

@test "keys.owner: the key of somebody else" {
	chown 1000:1000 "$ED25519"
	chmod 0644 "$ED25519"
	preens keys.owner
	heals keys.owner
}

@test "keys.public-mismatch: the public half of another key" {
	cp "$RSA.pub" "$ED25519.pub"
	preens keys.public-mismatch
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(cut -d' ' -f1,2 "$ED25519.pub")" = "$(ssh-keygen -y -f "$ED25519" | cut -d' ' -f1,2)" ]
}

@test "keys.certificate: for another key" {
	config 'HostCertificate /etc/ssh/ssh_host_rsa_key-cert.pub'
	reports keys.certificate
	ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/authority"
	ssh-keygen -q -s "$BATS_TEST_TMPDIR/authority" -h -I host "$RSA.pub"
	absent keys.certificate
	rm "$RSA"
	finds keys.certificate
}

@test "keys.directory: others may write to /etc/ssh" {
	chmod 0777 "$KEYS"
	preens keys.directory
	heals keys.directory
}

@test "keys.elsewhere: on a filesystem that is not mounted" {
	config 'HostKey /srv/keys/host_key'
	echo '/dev/vdb1 /srv ext4 defaults 0 2' >>"$ROOT/etc/fstab"
	reports keys.elsewhere
	[ "$(json .verdict)" = unknown ]
}

@test "keys.not-understood: a form that is not read" {
	only_ed25519
	openssl ecparam -name prime256v1 -genkey -noout | openssl ec -param_enc explicit >"$ED25519" 2>/dev/null
	rm "$ED25519.pub"
	reports keys.not-understood
	[ "$(json .verdict)" = unknown ]
}

@test "keys.agent: an agent has the keys" {
	rm "$KEYS"/ssh_host_*
	config 'HostKeyAgent /run/agent.sock'
	reports keys.agent
	[ "$(json .verdict)" = unknown ]
}

@test "keys.made-at-boot: a unit makes them before sshd starts" {
	rm "$KEYS"/ssh_host_*
	printf '[Unit]\nConditionFirstBoot=yes\nBefore=ssh.service\n[Service]\nType=oneshot\nExecStart=ssh-keygen -A\n' \
		>"$ROOT/lib/systemd/system/sshd-keygen.service"
	mkdir -p "$ROOT/etc/systemd/system/ssh.service.wants"
	ln -s /lib/systemd/system/sshd-keygen.service "$ROOT/etc/systemd/system/ssh.service.wants/"
	echo 0123456789abcdef0123456789abcdef >"$ROOT/etc/machine-id"
	finds keys.none
	echo uninitialized >"$ROOT/etc/machine-id"
	absent keys.none
	reports keys.made-at-boot
	[ "$(json .verdict)" = reachable ]
}
