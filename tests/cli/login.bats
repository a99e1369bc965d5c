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
