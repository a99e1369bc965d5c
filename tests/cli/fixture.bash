# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2119,SC2120
#
# What the command line's tests share: a healthy root to break, and the four things that are asked of every problem.

PROJECT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
SSHRESCUE=${SSHRESCUE:-$PROJECT/build/sshrescue}

# Sets ROOT: a private copy of a small healthy Debian 12 root.
fixture_root()
{
	"$PROJECT/tests/cli/fixture-root" "$PROJECT/build/fixture/root"
	ROOT=$BATS_TEST_TMPDIR/root
	cp -a "$PROJECT/build/fixture/root" "$ROOT"
}

# Everything that undo promises to give back (tests/cli/tree.c).
tree_of()
{
	"$PROJECT/build/tests/cli/tree" "$1"
}

# Fields of the last check or repair.
json()
{
	jq -r "$1" <<<"$JSON"
}

# Runs the program; what it says goes into JSON. Whether that is JSON is asked once for each file of tests: jq takes longer
# to start than sshrescue to run.
told()
{
	status=0
	JSON=$("$SSHRESCUE" "$@" --root "$ROOT" --json) || status=$?
	printf '%s\n' "$JSON" >>"$BATS_FILE_TMPDIR/said"
}

teardown_file()
{
	[ ! -e "$BATS_FILE_TMPDIR/said" ] || jq -es 'all(.schema == 1)' "$BATS_FILE_TMPDIR/said"
}

check()
{
	told check "$@"
}

# A problem has a line of its own.
state_of()
{
	sed -n "s/^ *{\"code\": \"$1\",.*\"state\": \"\([a-z]*\)\".*/\1/p" <<<"$JSON" | sort -u | paste -sd ,
}

fail()
{
	printf '%s\n' "$*" "exit status $status" "$JSON" >&2
	return 1
}

finds()
{
	check
	[ -n "$(state_of "$1")" ] || fail "check does not find $1"
}

absent()
{
	check
	[ -z "$(state_of "$1")" ] || fail "check finds $1"
}

healthy()
{
	check
	[ "$status" -eq 0 ] || fail "check of a healthy root"
	[ "$(json .verdict)" = reachable ] || fail "a healthy root is not reachable"
}

# cycle FLAG CODE: found, repaired, a second run changes nothing, undo gives everything back.
cycle()
{
	local flag=$1 code=$2 before after
	finds "$code"
	before=$(tree_of "$ROOT")
	told repair "$flag"
	[ $((status & ~5)) -eq 0 ] || fail "repair ends with $status"
	[ $((status & 1)) -eq 1 ] || fail "repair repaired nothing"
	[ "$(state_of "$code")" = repaired ] || fail "$code is $(state_of "$code")"
	absent "$code"
	after=$(tree_of "$ROOT")
	[ "$before" != "$after" ] || fail "repair changed nothing"
	told repair "$flag"
	[ $((status & 1)) -eq 0 ] || fail "a second repair repairs again"
	[ "$after" = "$(tree_of "$ROOT")" ] || fail "a second repair changes something"
	"$SSHRESCUE" undo --root "$ROOT" >"$BATS_TEST_TMPDIR/undo" || fail "undo fails"
	diff <(echo "$before") <(tree_of "$ROOT") || fail "undo does not restore the tree"
	finds "$code"
}

repairs()
{
	cycle -y "$1"
}

preens()
{
	cycle -p "$1"
}

# As repairs, and the root is in order afterwards.
heals()
{
	cycle -y "$1"
	"$SSHRESCUE" repair -y --root "$ROOT" >/dev/null || [ $? -eq 1 ] || fail "repair leaves problems"
	healthy
}

reports()
{
	local before
	finds "$1"
	before=$(tree_of "$ROOT")
	told repair -y
	[ "$(state_of "$1")" = left ] || fail "$1 is $(state_of "$1"), not left"
	diff <(echo "$before") <(tree_of "$ROOT") || fail "the tree was changed"
}
