# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What holds for the command line as a whole: usage, exit status, reports.

load fixture

setup()
{
	fixture_root
}

# expect STATUS COMMAND...
expect()
{
	local wanted=$1
	shift
	status=0
	output=$("$@" 2>&1) || status=$?
	[ "$status" -eq "$wanted" ] || {
		printf '%s\n' "status $status, not $wanted" "$output" >&2
		return 1
	}
}

mask()
{
	ln -sf /dev/null "$ROOT/etc/systemd/system/ssh.service"
}

@test "the fixture is healthy: reachable, exit 0, and check changes nothing" {
	before=$(tree_of "$ROOT")
	healthy
	diff <(echo "$before") <(tree_of "$ROOT")
}

@test "usage: unknown commands, options and arguments exit 16" {
	expect 16 "$SSHRESCUE"
	expect 16 "$SSHRESCUE" chekc
	expect 16 "$SSHRESCUE" check --rot /
	expect 16 "$SSHRESCUE" check -y
	expect 16 "$SSHRESCUE" check --root
	expect 16 "$SSHRESCUE" check --port 65536
	expect 16 "$SSHRESCUE" check --port 22x
	expect 16 "$SSHRESCUE" check extra
	expect 16 "$SSHRESCUE" repair -n -y --root "$ROOT"
	expect 16 "$SSHRESCUE" explain no.such-code
	expect 16 "$SSHRESCUE" boot
	expect 0 "$SSHRESCUE" help
	expect 0 "$SSHRESCUE" --help
	expect 0 "$SSHRESCUE" version
}

@test "what is no Linux root exits 8 with a sentence that says so" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	expect 8 "$SSHRESCUE" check --root "$BATS_TEST_TMPDIR/empty"
	[[ $output == *"is not the root of a Linux system"* ]]
	expect 8 "$SSHRESCUE" repair -y --root "$BATS_TEST_TMPDIR/empty"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/empty")" ]
	expect 8 "$SSHRESCUE" check --root "$BATS_TEST_TMPDIR/missing"
	expect 8 "$SSHRESCUE" check --root "$ROOT/etc/passwd"
	[[ $output == *"is not a directory"* ]]
}

@test "a report that cannot be written is an operational error" {
	# shellcheck disable=SC2016 # for the inner shell
	expect 8 bash -c '"$0" check --root "$1" >/dev/full' "$SSHRESCUE" "$ROOT"
}

@test "closed standard descriptors do no harm" {
	before=$(tree_of "$ROOT")
	# shellcheck disable=SC2016
	bash -c '"$0" check --root "$1" <&- >&- 2>&-' "$SSHRESCUE" "$ROOT" || true
	diff <(echo "$before") <(tree_of "$ROOT")
}

@test "repair -n shows the diff, writes nothing, and exits as check does" {
	mask
	sed -i 's/^#\?PermitRootLogin.*/PermitRootLogn no/' "$ROOT/etc/ssh/sshd_config"
	before=$(tree_of "$ROOT")
	expect 4 "$SSHRESCUE" repair -n --root "$ROOT"
	[[ $output == *"service.masked"* && $output != *"ok service.masked"* && $output != *"✓ service.masked"* ]]
	diff <(echo "$before") <(tree_of "$ROOT")
	[ ! -e "$ROOT/etc/sshrescue" ]
	grep -qx -- '-PermitRootLogn no' <<<"$output"
	grep -qx -- '+PermitRootLogin no' <<<"$output"
	grep -q '^--- a/etc/ssh/sshd_config$' <<<"$output"
	grep -q 'symbolic link to /dev/null removed' <<<"$output"
	# patch(1) agrees that it is a unified diff of that file
	sed -n '/^--- a/,$p' <<<"$output" | grep -v '^#' >"$BATS_TEST_TMPDIR/diff"
	cp "$ROOT/etc/ssh/sshd_config" "$BATS_TEST_TMPDIR/config"
	patch -s "$BATS_TEST_TMPDIR/config" "$BATS_TEST_TMPDIR/diff"
	grep -qx 'PermitRootLogin no' "$BATS_TEST_TMPDIR/config"
}

@test "without a terminal and without a flag repair makes only what is safe" {
	mask
	chmod 0644 "$ROOT"/etc/ssh/ssh_host_*_key
	expect 5 "$SSHRESCUE" repair --root "$ROOT"
	[ -L "$ROOT/etc/systemd/system/ssh.service" ]
	[ "$(stat -c %a "$ROOT/etc/ssh/ssh_host_ed25519_key")" = 600 ]
}

@test "on a terminal repair asks for each; the answer counts" {
	mask
	answer()
	{
		script -qec "$SSHRESCUE repair --root $ROOT" /dev/null <<<"$1" || true
	}
	answer n | grep -q 'remove .*y/N'
	[ -L "$ROOT/etc/systemd/system/ssh.service" ]
	answer y >/dev/null
	[ ! -L "$ROOT/etc/systemd/system/ssh.service" ]
}

@test "the JSON of check and repair keeps to the schema" {
	command -v python3 >/dev/null && python3 -c 'import jsonschema' || skip "python3-jsonschema is not there"
	valid()
	{
		python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(sys.stdin), json.load(open(sys.argv[1])))' \
			"$PROJECT/docs/report.schema.json"
	}
	"$SSHRESCUE" check --root "$ROOT" --json | valid
	mask
	printf 'PermitRootLogn no\nListenAddress 127.0.0.1\nBogus\xff\n' >>"$ROOT/etc/ssh/sshd_config"
	("$SSHRESCUE" check --root "$ROOT" --json || true) | valid
	("$SSHRESCUE" repair -n --root "$ROOT" --json || true) | valid
	("$SSHRESCUE" repair -y --root "$ROOT" --json || true) | valid
}

# shellcheck disable=SC2016 # the dollar signs are jq's
@test "check --sarif names every problem by its rule, place and fix" {
	sarif()
	{
		"$SSHRESCUE" check --root "$ROOT" --sarif | jq -e "$1"
	}
	sarif '.version == "2.1.0" and .runs[0].results == [] and .runs[0].properties.verdict == "reachable"'
	mask
	printf 'PermitRootLogn no\nListenAddress 127.0.0.1\nBogus\xff\n' >>"$ROOT/etc/ssh/sshd_config"
	# Each result points at the row of the table that it names.
	sarif '.runs[0] as $run | $run.results | length >= 3 and
		all(.[]; $run.tool.driver.rules[.ruleIndex].id == .ruleId and .message.text != "")'
	sarif '.runs[0].results[] | select(.ruleId == "service.masked") | .level == "error" and (has("fixes") | not) and
		.locations[0].physicalLocation.artifactLocation == {uri: "etc/systemd/system/ssh.service", uriBaseId: "ROOT"}'
	sarif '.runs[0].originalUriBaseIds.ROOT.uri | startswith("file:///") and endswith("/")'
	sarif '[.runs[0].tool.driver.rules[].id] == ['"$("$SSHRESCUE" explain | sed 's/ .*//; s/.*/"&"/' | paste -sd,)]"
	# The fix, done by hand, is a repair.
	line=$(grep -n PermitRootLogn "$ROOT/etc/ssh/sshd_config" | cut -d: -f1)
	sarif ".runs[0].results[] | select(.ruleId == \"config.keyword\" and .locations[0].physicalLocation.region.startLine == $line)
		| .fixes[0].artifactChanges[0].replacements[0] ==
			{deletedRegion: {startLine: $line}, insertedContent: {text: \"PermitRootLogin no\"}}"
	expect 16 "$SSHRESCUE" check --root "$ROOT" --sarif --json
	expect 16 "$SSHRESCUE" repair --root "$ROOT" --sarif
}

@test "history lists what was repaired, undo takes it back once" {
	expect 0 "$SSHRESCUE" history --root "$ROOT"
	[[ $output == *"nothing was ever repaired"* ]]
	expect 8 "$SSHRESCUE" undo --root "$ROOT"
	mask
	expect 1 "$SSHRESCUE" repair -y --root "$ROOT"
	expect 0 "$SSHRESCUE" history --root "$ROOT"
	[[ $output == *"service.masked"* && $output == *"/etc/systemd/system/ssh.service"* && $output == *committed* ]]
	expect 0 "$SSHRESCUE" undo --root "$ROOT"
	[ "$(readlink "$ROOT/etc/systemd/system/ssh.service")" = /dev/null ]
	expect 0 "$SSHRESCUE" history --root "$ROOT" --json
	[ "$(jq -r '.transactions[0].state' <<<"$output")" = undone ]
	expect 8 "$SSHRESCUE" undo --root "$ROOT"
}

@test "names from the target reach the terminal escaped" {
	mkdir -p "$ROOT/etc/ssh/sshd_config.d"
	printf 'Bad\033[31mKeyword yes\n' >"$ROOT/etc/ssh/sshd_config.d/"$'x\033]0;title\a.conf'
	LC_ALL=C "$SSHRESCUE" check --root "$ROOT" >"$BATS_TEST_TMPDIR/out" 2>&1 || true
	[ "$(LC_ALL=C grep -c $'[\001-\010\013-\037\177-\377]' "$BATS_TEST_TMPDIR/out")" -eq 0 ]
	grep -q 'x1b' "$BATS_TEST_TMPDIR/out"
}

@test "every row of the problem table has a check that raises it and a test case" {
	missing=
	while IFS= read -r line; do
		id=${line%% *} code=${line#* }
		grep -rqw "PROBLEM_$id" "$PROJECT/rescue" --include='*.c' || missing="$missing $code(no check)"
		grep -qw -- "$code" "$PROJECT"/tests/cli/*.bats "$PROJECT"/tests/rehearse/*.bats || missing="$missing $code(no test)"
	done < <(sed -nE 's/^PROBLEM\(([A-Z0-9_]+), "([a-z0-9.-]+)".*/\1 \2/p' "$PROJECT/rescue/problem_table.def")
	[ -z "$missing" ] || {
		echo "incomplete:$missing" >&2
		return 1
	}
	[ "$("$SSHRESCUE" explain | wc -l)" -eq "$(grep -c '^PROBLEM(' "$PROJECT/rescue/problem_table.def")" ]
}

@test "explain knows every code that it lists" {
	"$SSHRESCUE" explain | while read -r code _; do
		"$SSHRESCUE" explain "$code" | grep -q "^$code: "
	done
}
