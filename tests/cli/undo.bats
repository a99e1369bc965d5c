#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was repaired can be taken back; what was interrupted is finished; what somebody else changed is left alone.

load fixture

setup()
{
	fixture_root
	ln -s /dev/null "$ROOT/etc/systemd/system/ssh.service"
	sed -i 's/^#*PermitRootLogin.*/PermitRootLogn no/' "$ROOT/etc/ssh/sshd_config"
	setfattr -n user.note -v kept "$ROOT/etc/ssh/sshd_config" 2>/dev/null || :
	chmod 0777 "$ROOT"/etc/ssh/ssh_host_*_key
	find "$ROOT" -exec touch -h -d '2026-01-02 03:04:05.678901234' {} +
	BEFORE=$(everything)
}

# As tree_of, and the times of directories.
everything()
{
	(
		cd "$ROOT" || exit
		find . -path ./etc/sshrescue -prune -o -type d -printf '%p %y %m %U:%G %T@\n' -o \
			-printf '%p %y %m %U:%G %l %s %T@ %n\n' | sort
		find . -path ./etc/sshrescue -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
		find . -path ./etc/sshrescue -prune -o -print0 | sort -z | xargs -0 getfattr -h -d -m -
	)
}

restored()
{
	local now
	now=$(everything)
	diff <(echo "$BEFORE") <(echo "$now")
}

repair()
{
	status=0
	"$SSHRESCUE" repair -y --root "$ROOT" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ $((status & ~5)) -eq 0 ] && [ $((status & 1)) -eq 1 ]
}

newest()
{
	"$SSHRESCUE" history --root "$ROOT" --json | jq -r '.transactions[-1].id'
}

state()
{
	"$SSHRESCUE" history --root "$ROOT" --json | jq -r '[.transactions[].state] | join(" ")'
}

# The newest transaction as a crash would have left it.
pretend()
{
	local id
	id=$(newest)
	mv "$ROOT/etc/sshrescue/$id/committed" "$ROOT/etc/sshrescue/$id/$1"
}

@test "undo gives back every byte, owner, mode, attribute and time" {
	repair
	run restored
	[ "$status" -ne 0 ]
	run "$SSHRESCUE" undo --root "$ROOT"
	[ "$status" -eq 0 ]
	restored
	[ "$(state)" = undone ]
}

@test "the journal is root's alone" {
	repair
	[ "$(stat -c '%a %u' "$ROOT/etc/sshrescue")" = "700 $(id -u)" ]
	[ "$(find "$ROOT/etc/sshrescue" -type d ! -perm 0700)" = "" ]
}

@test "undo twice takes back once" {
	repair
	"$SSHRESCUE" undo --root "$ROOT"
	run "$SSHRESCUE" undo --root "$ROOT"
	[ "$status" -eq 8 ]
	restored
}

@test "undo takes an identifier" {
	repair
	id=$(newest)
	run "$SSHRESCUE" undo --root "$ROOT" 20200101-000000-1
	[ "$status" -eq 8 ]
	run "$SSHRESCUE" undo --root "$ROOT" ../../etc
	[ "$status" -eq 8 ]
	"$SSHRESCUE" undo --root "$ROOT" "$id"
	restored
}

@test "undo on a root that was never repaired" {
	run "$SSHRESCUE" undo --root "$ROOT"
	[ "$status" -eq 8 ]
	restored
	[ ! -e "$ROOT/etc/sshrescue" ]
}

@test "undo leaves alone what was changed since, unless forced" {
	repair
	echo '# mine' >>"$ROOT/etc/ssh/sshd_config"
	run "$SSHRESCUE" undo --root "$ROOT"
	[ "$status" -eq 4 ]
	[[ $output == *"/etc/ssh/sshd_config: it has been changed since"* ]]
	[ "$(tail -n 1 "$ROOT/etc/ssh/sshd_config")" = '# mine' ]
	[ "$(readlink "$ROOT/etc/systemd/system/ssh.service")" = /dev/null ]
	[ "$(state)" = committed ]
	run "$SSHRESCUE" undo --root "$ROOT" --force
	[ "$status" -eq 0 ]
	restored
	# Nothing is lost.
	grep -q '# mine' "$ROOT"/etc/sshrescue/*/*.displaced-1
}

@test "undo refuses another root" {
	[ -s "$ROOT/etc/machine-id" ] || echo 0123456789abcdef0123456789abcdef >"$ROOT/etc/machine-id"
	repair
	echo fedcba9876543210fedcba9876543210 >"$ROOT/etc/machine-id"
	after=$(everything)
	run "$SSHRESCUE" undo --root "$ROOT"
	[ "$status" -eq 8 ]
	[[ $output == *"another root"* ]]
	[ "$after" = "$(everything)" ]
	"$SSHRESCUE" undo --root "$ROOT" --force
	[ "$(readlink "$ROOT/etc/systemd/system/ssh.service")" = /dev/null ]
}

@test "check reports an interrupted repair, and changes nothing" {
	repair
	pretend prepared
	after=$(everything)
	run "$SSHRESCUE" check --root "$ROOT"
	[[ $output == *prepared* ]]
	[ "$after" = "$(everything)" ]
	[ "$(state)" = prepared ]
}

@test "the next repair settles an interrupted one, and undo restores" {
	repair
	pretend prepared
	repair
	[ "$(state)" = committed ]
	"$SSHRESCUE" undo --root "$ROOT"
	restored
}

@test "the next undo settles an interrupted repair" {
	repair
	pretend prepared
	"$SSHRESCUE" undo --root "$ROOT" || :
	restored
	[ "$(state)" = '' ]
}

@test "the next run completes an interrupted undo" {
	repair
	pretend undoing
	"$SSHRESCUE" undo --root "$ROOT" || :
	restored
	[ "$(state)" = undone ]
}

@test "what was changed between a crash and the next run is left" {
	repair
	pretend prepared
	echo '# mine' >>"$ROOT/etc/ssh/sshd_config"
	status=0
	"$SSHRESCUE" repair -y --root "$ROOT" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ $((status & ~5)) -eq 0 ]
	grep -q '/etc/ssh/sshd_config was left alone' "$BATS_TEST_TMPDIR/out"
	[ "$(tail -n 1 "$ROOT/etc/ssh/sshd_config")" = '# mine' ]
	# The original stays for people.
	grep -q PermitRootLogn "$ROOT"/etc/sshrescue/*-1/*.before
	[[ "$(state)" == abandoned* ]]
}

@test "a journal that is not root's own directory stops every write" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	chmod 0700 "$BATS_TEST_TMPDIR/elsewhere"
	for trick in 'ln -s ../../elsewhere' 'touch' 'mkdir -m 0755' 'mkdir -m 0707'; do
		rm -rf "$ROOT/etc/sshrescue"
		$trick "$ROOT/etc/sshrescue"
		before=$(everything)
		run "$SSHRESCUE" repair -y --root "$ROOT"
		[ $((status & 8)) -eq 8 ]
		[ "$before" = "$(everything)" ]
		run "$SSHRESCUE" undo --root "$ROOT"
		[ "$status" -eq 8 ]
	done
	[ "$(ls -A "$BATS_TEST_TMPDIR/elsewhere")" = '' ]
}

@test "a manifest that was tampered with moves nothing" {
	repair
	id=$(newest)
	manifest=$ROOT/etc/sshrescue/$id/committed
	sed -i 's#/etc/ssh/sshd_config#/etc/sshd.evil#' "$manifest"
	after=$(everything)
	run "$SSHRESCUE" undo --root "$ROOT"
	[ "$status" -eq 8 ]
	# With a right checksum as well
	sed -i '$d' "$manifest"
	echo "end $(sha256sum <"$manifest" | cut -d' ' -f1)" >>"$manifest"
	run "$SSHRESCUE" undo --root "$ROOT" --force
	[ "$status" -eq 8 ]
	[[ $output == *"never writes"* ]]
	mv "$manifest" "$ROOT/etc/sshrescue/$id/undoing"
	run "$SSHRESCUE" undo --root "$ROOT" --force
	[ "$after" = "$(everything)" ]
	[ "$(state)" = damaged ]
}

@test "history tells what was done, and what for" {
	run "$SSHRESCUE" history --root "$ROOT"
	[ "$status" -eq 0 ]
	repair
	"$SSHRESCUE" history --root "$ROOT" --json | jq -e '.transactions | length == 1 and
		(.[0].problems | index("service.masked")) and
		(.[0].actions | any(.op == "remove" and .path == "/etc/systemd/system/ssh.service")) and
		.[0].command == "repair -y"'
	run "$SSHRESCUE" history --root "$ROOT"
	[[ $output == *"committed"*"/etc/ssh/sshd_config"* ]]
}

@test "two runs at once: one waits for nobody and writes nothing" {
	mkdir -m 0700 "$ROOT/etc/sshrescue"
	before=$(everything)
	exec 9<"$ROOT/etc/sshrescue"
	flock -n 9
	run "$SSHRESCUE" repair -y --root "$ROOT"
	[ $((status & 8)) -eq 8 ]
	[[ $output == *"another sshrescue is at work"* ]]
	[ "$before" = "$(everything)" ]
	exec 9<&-
	repair
}

@test "a read-only, an immutable and a full root are refused before anything is written" {
	chattr +i "$ROOT/etc/ssh/sshd_config" || skip "no immutable files here"
	run "$SSHRESCUE" repair -y --root "$ROOT"
	chattr -i "$ROOT/etc/ssh/sshd_config"
	[ $((status & 8)) -eq 8 ]
	[[ $output == *"immutable"* ]]
	restored
	[ ! -e "$ROOT/etc/sshrescue" ]

	# shellcheck disable=SC2016
	run unshare -m sh -c 'mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" && exec "$1" repair -y --root "$2"' \
		- "$SSHRESCUE" "$ROOT"
	[ $((status & 8)) -eq 8 ]
	[[ $output == *"read-only"* ]]
	restored

	# shellcheck disable=SC2016
	run unshare -m sh -c 'mount -t tmpfs -o size=40m,mode=755 none "$3" && cp -a "$2/." "$3/" &&
		{ dd if=/dev/zero of="$3/fill" bs=4k 2>/dev/null; exec "$1" repair -y --root "$3"; }' \
		- "$SSHRESCUE" "$ROOT" "$(mktemp -d -p "$BATS_TEST_TMPDIR")"
	[ $((status & 8)) -eq 8 ]
	[[ $output == *"full"* ]]
}
