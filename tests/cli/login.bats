#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# login: can at least one account get in?
load fixture

setup()
{
	fixture_root
}

@test "login.nologin: /etc/nologin is removed, and does not touch the verdict" {
	echo 'closed' >"$ROOT/etc/nologin"
	finds login.nologin
	[ "$(json .verdict)" = reachable ]
	[ "$(json '.problems[] | select(.code == "login.nologin") | .severity')" = limits ]
	repairs login.nologin
}

@test "login.nologin: only who is asked removes it" {
	echo 'closed' >"$ROOT/etc/nologin"
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null
	[ -e "$ROOT/etc/nologin" ]
}

@test "login.nologin: a directory of that name is left" {
	mkdir "$ROOT/etc/nologin"
	reports login.nologin
}

@test "login: without it there is nothing to report, and root gets in with its key" {
	absent login.nologin
	[ "$(json '.stages[] | select(.stage == "login") | .status')" = ok ]
	[ "$(json '.login.accounts[] | select(.answer == "yes") | .account + " " + .ways')" = 'root key' ]
}

# A person with a key: person NAME UID [SHELL]
person()
{
	echo "$1:x:$2:$2::/home/$1:${3:-/bin/sh}" >>"$ROOT/etc/passwd"
	echo "$1:*:20000:0:99999:7:::" >>"$ROOT/etc/shadow"
	echo "$1:x:$2:" >>"$ROOT/etc/group"
	mkdir -p "$ROOT/home/$1/.ssh"
	cp "$ROOT/root/.ssh/authorized_keys" "$ROOT/home/$1/.ssh/"
	chmod 0700 "$ROOT/home/$1" "$ROOT/home/$1/.ssh"
	chown -R "$2:$2" "$ROOT/home/$1"
}

# answer NAME: "yes key", "no reason", "depends reason"
answer()
{
	json ".login.accounts[] | select(.account == \"$1\") | .answer + \" \" + (.reason // .ways)"
}

line_of_report()
{
	"$SSHRESCUE" check --root "$ROOT" | grep '^who gets in:'
}

@test "login: the report names who gets in, and who does not" {
	person alice 1000
	person bob 1001 /usr/sbin/nologin
	[ "$(line_of_report)" = 'who gets in: root (key), alice (key); not: bob (shell /usr/sbin/nologin)' ]
}

@test "login: a password counts where sshd takes passwords" {
	person alice 1000
	# shellcheck disable=SC2016
	hash='$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0'
	sed -i "s|^alice:[^:]*|alice:$hash|" "$ROOT/etc/shadow"
	check
	[ "$(json '.login.accounts[] | select(.account == "alice") | .ways')" = 'key, password' ]
	echo 'PasswordAuthentication no' >"$ROOT/etc/ssh/sshd_config.d/a.conf"
	echo 'KbdInteractiveAuthentication no' >>"$ROOT/etc/ssh/sshd_config.d/a.conf"
	check
	[ "$(json '.login.accounts[] | select(.account == "alice") | .ways')" = key ]
}

@test "login: what depends on the client's address is not guessed" {
	person alice 1000
	printf 'Match Address 192.0.2.0/24\n    PubkeyAuthentication no\n    PasswordAuthentication no\n    KbdInteractiveAuthentication no\n' >>"$ROOT/etc/ssh/sshd_config"
	check
	[ "$(answer alice)" = 'depends Match Address 192.0.2.0/24' ]
}

@test "login: a Match block on the user is decided" {
	person alice 1000
	printf 'Match User alice\n    PubkeyAuthentication no\n' >>"$ROOT/etc/ssh/sshd_config"
	check
	[ "$(answer alice)" = 'no PubkeyAuthentication is off; no password' ]
	[ "$(answer root)" = 'yes key' ]
}

@test "login: a home on a filesystem that is not mounted here is not judged" {
	person alice 1000
	rm -rf "${ROOT:?}/home"/*
	echo '/dev/sdb1 /home ext4 defaults 0 2' >>"$ROOT/etc/fstab"
	check
	[ "$(answer alice)" = 'depends /home, which is not mounted here' ]
}

@test "login: it never changes the verdict" {
	rm -r "$ROOT/root/.ssh"
	check
	[ "$status" -eq 0 ]
	[ "$(json .verdict)" = reachable ]
}

@test "login.nobody: no account can log in" {
	rm -r "$ROOT/root/.ssh"
	reports login.nobody
	[ "$(json '.stages[] | select(.stage == "login") | .status')" = blocks ]
	[ "$(line_of_report)" = 'who gets in: nobody; not: root (no authorized key; no password for root)' ]
	"$SSHRESCUE" check --root "$ROOT" | grep -Fx 'reachable, but no account can log in.'
}

@test "login.key-modes: a directory that another group can write is repaired once asked" {
	chown 0:50 "$ROOT/root/.ssh"
	chmod 0770 "$ROOT/root/.ssh"
	finds login.key-modes
	[ "$(json '.problems[] | select(.code == "login.key-modes") | .class')" = ask ]
	repairs login.key-modes
	[ "$(stat -c %a "$ROOT/root/.ssh")" = 770 ]
}

@test "login.key-modes: where nobody else could write, the mode is repaired without being asked" {
	person alice 1000
	# The group is alice's, but with a second name Debian's sshd no longer takes it for hers alone.
	rm -r "$ROOT/root/.ssh"
	chown 1000:0 "$ROOT/home/alice/.ssh/authorized_keys"
	chmod 0660 "$ROOT/home/alice/.ssh/authorized_keys"
	preens login.key-modes
}

@test "login.key-modes: another owner is repaired once asked, never without" {
	person alice 1000
	chown 4242 "$ROOT/home/alice/.ssh"
	finds login.key-modes
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null
	[ "$(stat -c %u "$ROOT/home/alice/.ssh")" = 4242 ]
	repairs login.key-modes
}

@test "login.key-modes: what a link of the account leads to is never touched" {
	person alice 1000
	mkdir -m 0777 "$ROOT/srv"
	mv "$ROOT/home/alice/.ssh/authorized_keys" "$ROOT/srv/keys"
	chmod 0666 "$ROOT/srv/keys"
	ln -s /srv/keys "$ROOT/home/alice/.ssh/authorized_keys"
	reports login.key-modes
	[ "$(stat -c %a "$ROOT/srv/keys")" = 666 ]
}

@test "login.key-modes: a file of somebody else that an account points at is not given to it" {
	person alice 1000
	person eve 1001
	rm "$ROOT/home/eve/.ssh/authorized_keys"
	ln -s ../../alice/.ssh/authorized_keys "$ROOT/home/eve/.ssh/authorized_keys"
	chmod 0755 "$ROOT/home/alice" "$ROOT/home/alice/.ssh"
	chmod 0644 "$ROOT/home/alice/.ssh/authorized_keys"
	reports login.key-modes
	[ "$(stat -c %u "$ROOT/home/alice/.ssh/authorized_keys")" = 1000 ]
}

@test "login.key-broken: a key that was broken over two lines is joined" {
	sed -i 's/^.\{40\}/&\n/' "$ROOT/root/.ssh/authorized_keys"
	[ "$(wc -l <"$ROOT/root/.ssh/authorized_keys")" -eq 2 ]
	heals login.key-broken
	check
	[ "$(answer root)" = 'yes key' ]
}

@test "login.key-broken: half a key is left" {
	truncate -s 50 "$ROOT/root/.ssh/authorized_keys"
	reports login.key-broken
}

@test "login.account: a locked account without PAM" {
	person alice 1000
	sed -i 's/^alice:[^:]*/alice:!/' "$ROOT/etc/shadow"
	absent login.account
	sed -i 's/^UsePAM yes/UsePAM no/' "$ROOT/etc/ssh/sshd_config"
	reports login.account
	[ "$(answer alice)" = 'no locked' ]
	[ "$(json '.problems[] | select(.code == "login.account") | .severity')" = info ]
}

@test "login.account: AllowUsers, an expired account, a missing shell, a short key" {
	person alice 1000
	echo 'AllowUsers root' >>"$ROOT/etc/ssh/sshd_config"
	reports login.account
	sed -i '/^AllowUsers/d' "$ROOT/etc/ssh/sshd_config"
	absent login.account
	sed -i 's/^alice:.*/alice:*:10000:0:99999:7::11000:/' "$ROOT/etc/shadow"
	check
	[ "$(answer alice)" = 'no the account has expired' ]
	sed -i 's/^alice:.*/alice:*:10000:0:99999:7:::/; ' "$ROOT/etc/shadow"
	sed -i '/^alice:/s|/bin/sh|/bin/fish|' "$ROOT/etc/passwd"
	reports login.account
}

@test "login.pam: a module that is required and missing" {
	mkdir -p "$ROOT/usr/lib/x86_64-linux-gnu/security"
	echo 'account required pam_lost.so' >>"$ROOT/etc/pam.d/sshd"
	for module in unix deny permit nologin selinux loginuid keyinit motd mail limits env systemd umask; do
		echo module >"$ROOT/usr/lib/x86_64-linux-gnu/security/pam_$module.so"
	done
	reports login.pam
	[ "$(answer root)" = 'no PAM: pam_lost.so is missing' ]
}

@test "firewall.wrappers: ALL: ALL in hosts.deny decides the verdict" {
	echo 'ALL: ALL' >"$ROOT/etc/hosts.deny"
	finds firewall.wrappers
	[ "$(json .verdict)" = unreachable ]
	heals firewall.wrappers
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || :
	[ "$(cat "$ROOT/etc/hosts.deny")" = 'ALL: ALL' ]
	[ "$(tail -n 1 "$ROOT/etc/hosts.allow")" = 'sshd: ALL' ]
}

@test "firewall.wrappers: a refusal in hosts.allow, and a missing hosts.allow" {
	echo 'sshd: ALL: DENY' >"$ROOT/etc/hosts.allow"
	heals firewall.wrappers
	echo 'sshd: ALL' >"$ROOT/etc/hosts.deny"
	rm -f "$ROOT/etc/hosts.allow"
	heals firewall.wrappers
}

@test "firewall.wrappers-some: networks that are let in are respected" {
	echo 'sshd: 192.0.2.' >"$ROOT/etc/hosts.allow"
	echo 'ALL: ALL' >"$ROOT/etc/hosts.deny"
	reports firewall.wrappers-some
	[ "$(json .verdict)" = reachable ]
}

@test "firewall.wrappers-unknown: a rule that is not judged makes the verdict unknown" {
	echo 'sshd: ALL: aclexec /bin/true' >"$ROOT/etc/hosts.allow"
	reports firewall.wrappers-unknown
	[ "$(json .verdict)" = unknown ]
}
