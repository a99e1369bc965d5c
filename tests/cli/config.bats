#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# config: does sshd accept its configuration?
bats_require_minimum_version 1.5.0
load fixture

setup()
{
	fixture_root
	CONFIG=$ROOT/etc/ssh/sshd_config
}

# Adds lines at the end of the main file.
config()
{
	printf '%s\n' "$@" >>"$CONFIG"
}

# The whole main file.
config_is()
{
	printf '%s\n' "$@" >"$CONFIG"
}

# repair -y, and what it makes of the main file.
repaired_to()
{
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	diff <(printf '%s\n' "$@") "$CONFIG"
}

@test "config: the shipped file is accepted, and so is an empty one" {
	healthy
	: >"$CONFIG"
	healthy
}

@test "config: deprecated and unsupported keywords raise nothing" {
	config 'UsePrivilegeSeparation sandbox' 'RSAAuthentication yes' 'Protocol 2' 'KeyRegenerationInterval 1h'
	healthy
}

@test "config.keyword: a typing error is corrected" {
	config 'PermitRootLogn no'
	heals config.keyword
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	grep -qx 'PermitRootLogin no' "$CONFIG"
}

@test "config.keyword: a harmless unknown keyword becomes a comment that names the tool" {
	config_is 'Port 22' 'FooBar yes' 'PermitRootLogin no'
	heals config.keyword
	repaired_to 'Port 22' '#FooBar yes # sshrescue: unknown keyword' 'PermitRootLogin no'
}

@test "config.keyword: the file that the line came from is edited" {
	echo 'PasswordAuthentification no' >"$ROOT/etc/ssh/sshd_config.d/50-cloud-init.conf"
	heals config.keyword
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	grep -qx 'PasswordAuthentication no' "$ROOT/etc/ssh/sshd_config.d/50-cloud-init.conf"
	cmp "$CONFIG" "$PROJECT/build/fixture/root/etc/ssh/sshd_config"
}

@test "config.keyword: what may restrict access is never dropped" {
	config_is 'AllowOnly bob'
	reports config.keyword
	config_is 'AlwUsrs bob'
	reports config.keyword
	config_is 'Denyroot yes'
	reports config.keyword
	config_is 'PermitRootLogn maybe'
	reports config.keyword
}

@test "config.keyword: a correction does not override a stricter line" {
	config_is 'PermitRootLogn yes' 'PermitRootLogin no'
	repairs config.keyword
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(grep -v '^#' "$CONFIG")" = 'PermitRootLogin no' ]
}

@test "config.keyword: empty passwords are not brought in force" {
	config_is 'PermitEmptyPassword yes'
	repairs config.keyword
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(grep -cv '^#' "$CONFIG")" = 0 ]
}

@test "config.keyword: a file of the distribution's packages is not edited" {
	mkdir -p "$ROOT/usr/etc/ssh"
	echo 'FooBar yes' >"$ROOT/usr/etc/ssh/vendor.conf"
	config_is 'Include /usr/etc/ssh/vendor.conf'
	reports config.keyword
}

@test "config.value: misspelled values are corrected" {
	config_is 'PermitRootLogin prohibit-pasword' 'PasswordAuthentication noo' 'Port 22;'
	heals config.value
	repaired_to 'PermitRootLogin prohibit-password' 'PasswordAuthentication no' 'Port 22'
}

@test "config.value: a list loses only its bad element" {
	config_is 'Ciphers aes256-ctr,arcfour256,aes128-ctr' 'MACs hmac-sha2-512,hmac-foo'
	heals config.value
	repaired_to 'Ciphers aes256-ctr,aes128-ctr' 'MACs hmac-sha2-512'
}

@test "config.value: a port that is none becomes a comment" {
	config_is 'Port 99999'
	heals config.value
}

@test "config.value: a restricting value that makes no sense is left" {
	config_is 'PermitRootLogin sometimes'
	reports config.value
	config_is 'PasswordAuthentication on'
	reports config.value
	config_is 'AllowUsers bob@10.0.0.0/99'
	reports config.value
	config_is 'PubkeyAcceptedAlgorithms ssh-foo'
	reports config.value
}

@test "config.value-missing: a harmless line becomes a comment, a restricting one is left" {
	config_is 'Banner'
	heals config.value-missing
	config_is 'AllowUsers'
	reports config.value-missing
}

@test "config.arguments: ports get a line each, blanks in a list become commas" {
	config_is 'Port 22 2222' 'Ciphers aes256-ctr, aes128-ctr'
	repairs config.arguments
	repaired_to 'Port 22' 'Port 2222' 'Ciphers aes256-ctr,aes128-ctr'
}

@test "config.arguments: of two contradicting values none is chosen" {
	config_is 'PermitRootLogin yes no'
	reports config.arguments
}

@test "config.quotes: a quote too many goes, but not on a line that restricts in other words" {
	config_is 'PermitRootLogin "no'
	heals config.quotes
	config_is "ForceCommand echo don't"
	reports config.quotes
}

@test "config.match: a misspelled criterion is corrected" {
	config_is 'Match Usr bob' '	ForceCommand /bin/false'
	heals config.match
	repaired_to 'Match User bob' '	ForceCommand /bin/false'
}

@test "config.match: a block goes as a whole when it restricts nothing" {
	config_is 'PasswordAuthentication no' 'Match Address 10.0.0.0/99' '	PasswordAuthentication yes' '	Banner none'
	heals config.match
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(grep -v '^#' "$CONFIG")" = 'PasswordAuthentication no' ]
}

@test "config.match: a block that restricts is left, and nothing leaks out of it" {
	config_is 'Match Address 10.0.0.0/99' '	ForceCommand /bin/false'
	reports config.match
	config_is 'Match' '	DenyUsers bob'
	reports config.match
	config_is 'Match Foo bar' '	PasswordAuthentication yes' '	ChrootDirectory /srv'
	reports config.match
}

@test "config.match: a misspelled Match keyword does not leave its block to everybody" {
	config_is 'Mach User bob' '	PasswordAuthentication yes'
	repairs config.keyword
	repaired_to 'Match User bob' '	PasswordAuthentication yes'
	config_is 'Mtach Foo bob' '	PermitRootLogin no'
	reports config.keyword
}

@test "config.not-in-match: a harmless line becomes a comment, a restricting one is left" {
	config_is 'Match User bob' '	PermitTTY no' 'UseDNS no'
	heals config.not-in-match
	config_is 'Match User bob' 'StrictModes yes'
	reports config.not-in-match
}

@test "config.include: the line that closes a circle becomes a comment" {
	config_is 'Include /etc/ssh/sshd_config.d/*.conf' 'PermitRootLogin no'
	printf '%s\n' 'DenyUsers bob' 'Include /etc/ssh/sshd_config' >"$ROOT/etc/ssh/sshd_config.d/a.conf"
	heals config.include
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	grep -qx 'DenyUsers bob' "$ROOT/etc/ssh/sshd_config.d/a.conf"
	grep -qx 'Include /etc/ssh/sshd_config.d/\*.conf' "$CONFIG"
}

@test "config.include: keys and other files that a pattern brings in are neither edited nor quoted" {
	config_is 'PermitRootLogin no' 'Include /etc/ssh/*'
	finds config.include
	grep -v -e ----- "$ROOT/etc/ssh/ssh_host_ed25519_key" >"$BATS_TEST_TMPDIR/secret"
	run -1 grep -F -f "$BATS_TEST_TMPDIR/secret" <<<"$JSON"
	heals config.include
	repaired_to 'PermitRootLogin no' \
		'#Include /etc/ssh/* # sshrescue: brings in files that are no configuration of sshd'
	config_is 'Include /etc/shadow'
	reports config.include
	run -1 grep -F "$(sed -n 1p "$ROOT/etc/shadow")" <<<"$JSON"
}

@test "config.merge-conflict: both sides stay where they restrict alike" {
	config_is 'PermitRootLogin no' '<<<<<<< HEAD' 'X11Forwarding no' 'Banner none' '=======' 'X11Forwarding no' \
		'Banner /etc/issue.net' '>>>>>>> upgrade'
	heals config.merge-conflict
}

@test "config.merge-conflict: sides that differ in who gets in are left" {
	config_is '<<<<<<< HEAD' 'PermitRootLogin yes' '=======' 'PermitRootLogin no' '>>>>>>> upgrade'
	reports config.merge-conflict
}

@test "config.garbage: damaged lines become comments, most of a file is restored" {
	printf 'PermitRootLogin no\nPort 22\n\001\377x yes\n' >"$CONFIG"
	heals config.garbage
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	grep -qx 'PermitRootLogin no' "$CONFIG"
	head -c 3000 /dev/zero | tr '\0' '\251' >"$CONFIG"
	printf '\nfoo\374 bar\n' >>"$CONFIG"
	heals config.garbage
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	cmp "$CONFIG" "$ROOT/usr/share/openssh/sshd_config"
}

@test "config.garbage: a restriction that can still be read is not lost" {
	printf '\251\251\251\251 x\n\377\376 y\nAllowUsers bob\n' >"$CONFIG"
	reports config.garbage
	printf 'Port 22\nUsePAM yes\nDenyUsers\002 bob\n' >"$CONFIG"
	reports config.garbage
}

@test "config.missing: the package's own copy is restored, copies of others are only named" {
	rm "$CONFIG"
	echo 'AllowUsers bob' >"$CONFIG.dpkg-old"
	check
	[[ $(json '.problems[] | select(.code == "config.missing") | .evidence') == *sshd_config.dpkg-old* ]]
	heals config.missing
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	cmp "$CONFIG" "$ROOT/usr/share/openssh/sshd_config"
}

@test "config.missing: without such a copy, or with a link to nowhere, nothing is made up" {
	rm "$CONFIG" "$ROOT/usr/share/openssh/sshd_config"
	reports config.missing
	ln -s /srv/config "$CONFIG"
	reports config.missing
}

@test "config.conflict: what only adds keys becomes a comment, what cannot be satisfied is left" {
	config_is 'AuthorizedKeysCommand /usr/bin/keys %u'
	heals config.conflict
	config_is 'PubkeyAuthentication no' 'AuthenticationMethods publickey'
	reports config.conflict
}

@test "config.option: a bad -o on the command line is reported" {
	echo 'SSHD_OPTS="-o FooBar=yes"' >"$ROOT/etc/default/ssh"
	reports config.option
}

@test "config.not-understood: a release that is not known makes the verdict unknown" {
	# An sshd of another make: no version in it.
	cp "$ROOT/bin/dash" "$ROOT/usr/sbin/sshd"
	config_is 'Port 22'
	finds config.not-understood
	[ "$(json '.problems[] | select(.code == "config.not-understood") | .severity')" = unknown ]
}

@test "config: several problems at once, each with its own repair" {
	config_is 'PermitRootLogn no' 'FooBar yes' 'Port 22;' 'MaxAuthTries many' 'Banner'
	check
	[ "$(json '[.problems[] | select(.stage == "config")] | length')" = 5 ]
	status=0
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || status=$?
	[ $((status & 5)) -eq 5 ]
	diff - "$CONFIG" <<-'END'
		PermitRootLogin no
		#FooBar yes # sshrescue: unknown keyword
		Port 22
		MaxAuthTries many
		#Banner # sshrescue: no value
	END
}

@test "config: preen changes nothing of it" {
	config 'PermitRootLogn no'
	cp -a "$CONFIG" "$BATS_TEST_TMPDIR/before"
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null || [ $? -eq 4 ]
	cmp "$CONFIG" "$BATS_TEST_TMPDIR/before"
}

@test "config: a file with carriage returns keeps them" {
	printf 'PermitRootLogn no\r\nPort 22\r\n' >"$CONFIG"
	heals config.keyword
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	printf 'PermitRootLogin no\r\nPort 22\r\n' | cmp - "$CONFIG"
}

@test "config.directory: sshd takes a directory for an empty file, and starts" {
	config 'Include /etc/ssh/sshd_config.d'
	healthy
	finds config.directory
	rm "$CONFIG"
	mkdir "$CONFIG"
	healthy
	finds config.directory
}
