#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# service: is the SSH service or socket enabled, not masked, not inhibited?
load fixture

setup()
{
	fixture_root
	UNITS=$ROOT/etc/systemd/system
	VENDOR=$ROOT/usr/lib/systemd/system
	WANTED=$UNITS/multi-user.target.wants/ssh.service
	systemd 252
}

# The version of systemd that the root claims to have.
systemd()
{
	rm -f "$ROOT"/usr/lib/systemd/libsystemd-shared-*.so "$ROOT"/usr/lib/*/systemd/libsystemd-shared-*.so
	: >"$ROOT/usr/lib/systemd/libsystemd-shared-$1.so"
}

# dropin LINE...: for ssh.service
dropin()
{
	mkdir -p "$UNITS/ssh.service.d"
	printf '%s\n' "$@" >"$UNITS/ssh.service.d/override.conf"
}

enable_socket()
{
	mkdir -p "$UNITS/sockets.target.wants"
	ln -s /lib/systemd/system/ssh.socket "$UNITS/sockets.target.wants/ssh.socket"
}

no_preening()
{
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null || [ $? -eq 4 ]
	finds "$1"
}

@test "service: as the package leaves it" {
	healthy
}

@test "service: enabled through other links that systemd honours" {
	rm "$WANTED"
	mkdir "$UNITS/graphical.target.requires" "$UNITS/runlevel3.target.wants"
	# broken, but its name is what counts
	ln -s /nowhere "$UNITS/graphical.target.requires/ssh.service"
	healthy
	rm "$UNITS/graphical.target.requires/ssh.service"
	# by an alias of the unit, in the directory of an alias of the target
	ln -s ../sshd.service "$UNITS/runlevel3.target.wants/sshd.service"
	healthy
	rm "$UNITS/runlevel3.target.wants/sshd.service"
	# by a drop-in of a unit that is started
	mkdir "$UNITS/systemd-networkd.service.d"
	printf '[Unit]\nWants=ssh.service\n' >"$UNITS/systemd-networkd.service.d/ssh.conf"
	healthy
	rm -r "$UNITS/systemd-networkd.service.d"
	# statically, in /usr
	ln -s ../ssh.service "$VENDOR/multi-user.target.wants/ssh.service"
	healthy
}

@test "service: a .upholds link counts since systemd 254" {
	rm "$WANTED" "$UNITS/sshd.service"
	mkdir "$UNITS/multi-user.target.upholds"
	ln -s ../ssh.service "$UNITS/multi-user.target.upholds/ssh.service"
	finds service.disabled
	systemd 257
	healthy
}

@test "service: the socket instead of the service, or both" {
	enable_socket
	healthy
	rm "$WANTED"
	healthy
	ln -s /lib/systemd/system/ssh.service "$WANTED"
	rm "$UNITS/sockets.target.wants/ssh.socket"
	ln -s /dev/null "$UNITS/ssh.socket"
	healthy
}

@test "service: a unit of one's own" {
	rm "$WANTED" "$UNITS/sshd.service"
	printf '[Service]\nExecStart=/usr/sbin/sshd -D\nRuntimeDirectory=sshd\n' >"$UNITS/my-sshd.service"
	ln -s ../my-sshd.service "$UNITS/multi-user.target.wants/my-sshd.service"
	healthy
}

@test "service.masked: a link to /dev/null" {
	ln -s /dev/null "$UNITS/ssh.service"
	no_preening service.masked
	heals service.masked
	ln -s ../../../dev/null "$UNITS/ssh.service"
	heals service.masked
}

@test "service.masked: an empty file" {
	: >"$UNITS/ssh.service"
	heals service.masked
}

@test "service.masked: with the links gone as well" {
	ln -s /dev/null "$UNITS/ssh.service"
	rm "$WANTED" "$UNITS/sshd.service"
	heals service.masked
	[ -L "$WANTED" ] && [ -L "$UNITS/sshd.service" ]
}

@test "service.masked: an alias that the boot asks for" {
	rm "$WANTED" "$UNITS/sshd.service"
	ln -s ssh.service "$VENDOR/sshd.service"
	ln -s /dev/null "$UNITS/sshd.service"
	ln -s ../sshd.service "$UNITS/multi-user.target.wants/sshd.service"
	heals service.masked
}

@test "service.masked: the socket" {
	rm "$WANTED" "$UNITS/sshd.service"
	enable_socket
	ln -s /dev/null "$UNITS/ssh.socket"
	heals service.masked
}

@test "service.masked: the service that the socket needs" {
	rm "$WANTED" "$UNITS/sshd.service"
	enable_socket
	ln -s /dev/null "$UNITS/ssh.service"
	heals service.masked
}

@test "service.masked: nothing behind the mask" {
	rm "$VENDOR/ssh.service"
	ln -s /dev/null "$UNITS/ssh.service"
	reports service.masked
}

@test "service.not-found: the package is gone" {
	rm "$VENDOR"/ssh.service "$VENDOR"/ssh.socket
	reports service.not-found
	[ "$(json '.problems[] | select(.code == "service.not-found") | .remedy')" = "apt-get install openssh-server" ]
}

@test "service.dangling: a link that hides the package's unit" {
	ln -s /opt/units/ssh.service "$UNITS/ssh.service"
	heals service.dangling
}

@test "service.dangling: nothing behind the link" {
	rm "$VENDOR/ssh.service"
	ln -s /opt/units/ssh.service "$UNITS/ssh.service"
	reports service.dangling
}

@test "service.disabled: what systemctl disable leaves" {
	rm "$WANTED" "$UNITS/sshd.service"
	no_preening service.disabled
	heals service.disabled
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	[ "$(readlink "$WANTED")" = /usr/lib/systemd/system/ssh.service ]
	[ "$(readlink "$UNITS/sshd.service")" = /usr/lib/systemd/system/ssh.service ]
	[ ! -e "$UNITS/sockets.target.wants/ssh.socket" ]
}

@test "service.disabled: Ubuntu enables the socket" {
	rm "$WANTED" "$UNITS/sshd.service"
	rm "$ROOT/etc/os-release"
	printf 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n' >"$ROOT/etc/os-release"
	heals service.disabled
	[ -L "$UNITS/sockets.target.wants/ssh.socket" ]
	[ ! -L "$WANTED" ]
}

@test "service.disabled: a link that is masked, or is none" {
	rm "$UNITS/sshd.service"
	ln -sf /dev/null "$WANTED"
	finds service.disabled
	rm "$WANTED"
	printf '[Unit]\n' >"$WANTED"
	finds service.disabled
}

@test "service.disabled: enabled for a target that the boot does not reach" {
	rm "$WANTED" "$UNITS/sshd.service"
	sed -i s/multi-user.target/kiosk.target/ "$VENDOR/ssh.service"
	mkdir "$UNITS/kiosk.target.wants"
	ln -s ../ssh.service "$UNITS/kiosk.target.wants/ssh.service"
	ln -s /lib/systemd/system/ssh.service "$UNITS/sshd.service"
	reports service.disabled
}

@test "service.link-lost: only the alias is left" {
	rm "$WANTED"
	preens service.link-lost
	heals service.link-lost
}

@test "service.requirement: a required unit is masked" {
	systemd 257
	dropin '[Unit]' 'Requires=systemd-networkd.service vpn.service'
	printf '[Service]\nExecStart=/bin/true\n' >"$VENDOR/vpn.service"
	ln -s /dev/null "$UNITS/vpn.service"
	heals service.requirement
	# systemd before 254 starts it all the same
	systemd 252
	healthy
}

@test "service.requirement: a required unit is gone" {
	systemd 257
	dropin '[Unit]' 'Requires=vpn.service'
	reports service.requirement
}

@test "service.refused: a second ExecStart= without a reset" {
	dropin '[Service]' 'ExecStart=/usr/sbin/sshd -D -e'
	heals service.refused
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ]
	diff - "$UNITS/ssh.service.d/override.conf" <<-END
		[Service]
		ExecStart=
		ExecStart=/usr/sbin/sshd -D -e
	END
}

@test "service.refused: ExecStart= emptied and not set" {
	dropin '# mine' '[Service]' 'ExecStart='
	heals service.refused
}

@test "service.refused: a broken unit in /etc" {
	printf '[Service\nExecStart=/usr/sbin/sshd -D\n' >"$UNITS/ssh.service"
	reports service.refused
}

@test "service.inhibited: sshd_not_to_be_run" {
	echo "installer" >"$ROOT/etc/ssh/sshd_not_to_be_run"
	chmod 0640 "$ROOT/etc/ssh/sshd_not_to_be_run"
	no_preening service.inhibited
	heals service.inhibited
}

@test "service.inhibited: by the socket as well" {
	rm "$WANTED" "$UNITS/sshd.service"
	enable_socket
	: >"$ROOT/etc/ssh/sshd_not_to_be_run"
	heals service.inhibited
}

@test "service.inhibited: a directory is not removed" {
	mkdir "$ROOT/etc/ssh/sshd_not_to_be_run"
	reports service.inhibited
}

@test "service.condition: one that somebody added and that fails" {
	dropin '[Unit]' 'ConditionFileNotEmpty=/etc/provisioned' 'AssertPathExists=/etc'
	heals service.condition
	dropin '[Unit]' 'ConditionFileNotEmpty=/etc/provisioned' 'AssertPathExists=/etc'
	: >"$ROOT/etc/provisioned"
	finds service.condition
	echo yes >"$ROOT/etc/provisioned"
	healthy
}

@test "service.condition: one of the package's is left alone" {
	sed -i 's/^After=/ConditionPathExists=\/etc\/nothing\nAfter=/' "$VENDOR/ssh.service"
	reports service.condition
}

@test "service.condition: | and an empty assignment" {
	dropin '[Unit]' 'ConditionPathExists=|/nope' 'ConditionPathExists=|/etc/passwd'
	healthy
	dropin '[Unit]' 'ConditionPathExists=/nope' 'ConditionFileNotEmpty='
	healthy
}

@test "service.condition-unknown: only the running system can tell" {
	dropin '[Unit]' 'ConditionKernelCommandLine=!nossh'
	reports service.condition-unknown
	[ "$(json .verdict)" = unknown ]
}

@test "service.program-missing: a drop-in runs a program that is not there" {
	dropin '[Service]' 'ExecStart=' 'ExecStart=/opt/ssh/sbin/sshd -D $SSHD_OPTS'
	heals service.program-missing
	dropin '[Service]' 'ExecStartPre=/usr/local/sbin/wait-for-vpn \' '  --timeout 10' 'Nice=-5'
	heals service.program-missing
}

@test "service.program-missing: a whole unit in /etc is left to its owner" {
	printf '[Service]\nExecStart=/opt/ssh/sbin/sshd -D\n' >"$UNITS/ssh.service"
	reports service.program-missing
}

@test "service.environment-file: a file that must be there is not" {
	dropin '[Service]' 'EnvironmentFile=/etc/default/ssh-local'
	heals service.environment-file
}

@test "service.daemon-mode: sshd goes into the background, and systemd does not expect it" {
	dropin '[Service]' 'ExecStart=' 'ExecStart=/usr/sbin/sshd'
	reports service.daemon-mode
	dropin '[Service]' 'ExecStart=' 'ExecStart=/usr/sbin/sshd' 'Type=forking'
	healthy
}

@test "service.command-unknown: a wrapper" {
	dropin '[Service]' 'ExecStart=' "ExecStart=/bin/sh -c 'exec /usr/sbin/sshd -D'"
	reports service.command-unknown
	[ "$(json .verdict)" = unknown ]
}

@test "service: /etc/ssh options of the administrator's are read as systemd reads them" {
	printf '%s\n' '# SSHD_OPTS=-t' 'SSHD_OPTS="-e -o LogLevel=INFO"' >"$ROOT/etc/default/ssh"
	healthy
}
