# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the rehearsal share: real roots that may be altered, and a count of what is left behind.

PROJECT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
SSHRESCUE=${SSHRESCUE:-$PROJECT/build/sshrescue}

setup_file()
{
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# new_root DIRECTORY: an overlay over a real root that the test may write to, in $ROOT.
new_root()
{
	WORLD=$BATS_TEST_TMPDIR/world
	ROOT=$WORLD/root
	mkdir -p "$WORLD"
	mount -t tmpfs -o size=256m world "$WORLD"
	mkdir "$WORLD/upper" "$WORLD/work" "$ROOT"
	mount -t overlay -o "lowerdir=$1,upperdir=$WORLD/upper,workdir=$WORLD/work" world "$ROOT"
}

teardown()
{
	if [ -n "${WORLD-}" ]; then
		umount "$ROOT"
		umount "$WORLD"
	fi
}

# rehearsed OPTIONS...: runs it on $ROOT; the report is in $report, its status in $status.
# shellcheck disable=SC2034 # the tests look at status
rehearsed()
{
	status=0
	report=$("$SSHRESCUE" rehearse --root "$ROOT" --json "$@") || status=$?
	report=$(jq .rehearsal <<<"$report")
	echo "$report" >&2
}

# is KEY VALUE: of the rehearsal's report
is() { [ "$(jq -r "$1" <<<"$report")" = "$2" ]; }

# boot_starts UNIT TARGET: as systemctl enable does it.
boot_starts()
{
	mkdir -p "$ROOT/etc/systemd/system/$2.wants"
	ln -sf "/lib/systemd/system/$1" "$ROOT/etc/systemd/system/$2.wants/$1"
}

boot_starts_no()
{
	rm -f "$ROOT"/etc/systemd/system/*.wants/"$1"
}

# left_behind ROOT DELAY...: what a rehearsal of ROOT leaves, or one that is killed after DELAY: tests/rehearse/leftovers
left_behind()
{
	SSHRESCUE=$SSHRESCUE unshare -mnp --fork --mount-proc "$BATS_TEST_DIRNAME/leftovers" "$@" 3>&- 4>&-
}
