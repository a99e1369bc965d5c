#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: does the boot reach a target that starts services?
load fixture

setup()
{
	fixture_root
	UNITS=$ROOT/etc/systemd/system
	VENDOR=$ROOT/usr/lib/systemd/system
}

# default_target LINK
default_target()
{
	ln -sfn "$1" "$UNITS/default.target"
}

# The later stages are judged for the boot as it will be: nothing but the boot stage has a problem.
only_boot()
{
	check
	[ "$(json '[.problems[].stage] | unique | join(",")')" = boot ]
	[ "$(json .verdict)" = unreachable ]
	[ $((status & 4)) -eq 4 ]
}

@test "boot: other good default targets" {
	default_target /lib/systemd/system/multi-user.target
	healthy
	default_target graphical.target
	healthy
	default_target runlevel3.target
	healthy
	default_target ../../../usr/lib/systemd/system/default.target
	healthy
}

@test "boot: a target of one's own that starts SSH" {
	printf '[Unit]\nRequires=basic.target\nWants=ssh.service systemd-networkd.service\n' >"$UNITS/kiosk.target"
	default_target kiosk.target
	healthy
}

@test "boot.default-missing: no default.target anywhere" {
	rm "$VENDOR/default.target"
	only_boot
	preens boot.default-missing
	heals boot.default-missing
	[ "$(readlink "$UNITS/default.target")" = /usr/lib/systemd/system/multi-user.target ]
}

@test "boot.default-dangling: the link leads to nothing" {
	default_target /lib/systemd/system/gone.target
	only_boot
	preens boot.default-dangling
	heals boot.default-dangling
}

@test "boot.default-dangling: the link leads out of the root" {
	default_target /nowhere/multi-user.target
	preens boot.default-dangling
}

@test "boot.default-masked: a link to /dev/null" {
	default_target /dev/null
	only_boot
	heals boot.default-masked
	# Nobody asked for it: preening leaves it.
	default_target ../../../dev/null
	"$SSHRESCUE" repair -p --root "$ROOT" >/dev/null || [ $? -eq 4 ]
	finds boot.default-masked
}

@test "boot.default-masked: an empty file is left to its owner" {
	: >"$UNITS/default.target"
	reports boot.default-masked
}

@test "boot.default-other: rescue and emergency mode" {
	default_target /lib/systemd/system/rescue.target
	only_boot
	[ "$(json '.problems[0].evidence')" = "link to /lib/systemd/system/rescue.target" ]
	heals boot.default-other
	default_target emergency.target
	repairs boot.default-other
}

@test "boot.default-other: a target that starts neither multi-user.target nor SSH" {
	printf '[Unit]\nRequires=basic.target\n' >"$UNITS/kiosk.target"
	default_target kiosk.target
	repairs boot.default-other
	# not a link: not ours to replace
	rm "$UNITS/default.target"
	cp "$UNITS/kiosk.target" "$UNITS/default.target"
	reports boot.default-other
}

@test "boot.requirement: a target that the boot needs is masked" {
	ln -s /dev/null "$UNITS/basic.target"
	heals boot.requirement
	ln -s ../../../dev/null "$UNITS/multi-user.target"
	heals boot.requirement
	: >"$UNITS/sysinit.target"
	heals boot.requirement
}

@test "boot.requirement: a target that the boot needs is a link to nothing" {
	ln -s /opt/units/basic.target "$UNITS/basic.target"
	heals boot.requirement
}

@test "boot.requirement: a target that the boot needs is gone" {
	rm "$VENDOR/basic.target"
	reports boot.requirement
}

@test "boot: rescue mode and a masked multi-user.target, both repaired" {
	default_target rescue.target
	ln -s /dev/null "$UNITS/multi-user.target"
	heals boot.default-other
}

@test "boot.init-unknown: without systemd the verdict is unknown, and nothing is touched" {
	rm "$ROOT/usr/lib/systemd/systemd"
	reports boot.init-unknown
	[ "$(json .verdict)" = unknown ]
	[ $((status & 4)) -eq 4 ]
}
