#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Rehearsals by those who are not root, or only in a user namespace.

load world

passes()
{
	is .status passed
	is '[.connections[] | select(.result == "banner")] | length' 2
	is '[.host_keys[] | select(.path != null)] | length' 3
}

# by COMMAND...: the report of that rehearsal, in $report
by()
{
	report=$("$@" --json | jq .rehearsal) || true
	echo "$report" >&2
}

@test "root of a user namespace" {
	new_root "$PROJECT/build/roots/bookworm"
	by "$BATS_TEST_DIRNAME/in_user_namespace" "$SSHRESCUE" rehearse --root "$ROOT"
	passes
}

@test "root of a user namespace, and its firewall" {
	new_root "$PROJECT/build/rehearsal/bookworm"
	boot_starts_no ufw.service
	boot_starts_no firewalld.service
	boot_starts nftables.service sysinit.target
	printf 'table inet filter {\nchain input {\ntype filter hook input priority 0; policy drop;\n}\n}\n' >"$ROOT/etc/nftables.conf"
	by "$BATS_TEST_DIRNAME/in_user_namespace" "$SSHRESCUE" rehearse --root "$ROOT"
	is .status failed
	is .dropped_by 'the policy of chain input in table inet filter (/etc/nftables.conf:3: policy drop)'
}

@test "root of a user namespace is no better protected against" {
	new_root "$PROJECT/build/roots/bookworm"
	rm "$ROOT/usr/sbin/sshd"
	cp "$PROJECT/build/tests/rehearse/evil" "$ROOT/usr/sbin/sshd"
	bait=$(mktemp -p "$PROJECT/build/tests/rehearse" bait.XXXXXX)
	printf '%s\n' "files $bait" processes kernel devices mounts 'inheritance SSHRESCUE_TEST_SECRET' >"$ROOT/etc/evil"
	export SSHRESCUE_TEST_SECRET=x
	by "$BATS_TEST_DIRNAME/in_user_namespace" "$SSHRESCUE" rehearse --root "$ROOT"
	rm "$bait"
	is .status failed
	output=$(jq -r '[.programs[].output] | join("")' <<<"$report")
	[ -z "$(grep BREACH <<<"$output")" ]
	[ "$(sed -n 's/^held //p' <<<"$output")" -ge 60 ]
}

# as_user SUBUID-LINE ROOT: a rehearsal by a user who is granted that, with a root of the user's own. All in a mount
# namespace that is gone afterwards.
as_user()
{
	by unshare -m --propagation private bash -c '
		set -e
		mount -t tmpfs user /mnt
		chmod 0755 /mnt
		cp "$1" /mnt/sshrescue
		cp -a /etc /mnt/etc
		echo "rehearser:x:4321:4321::/:/bin/sh" >>/mnt/etc/passwd
		echo "$2" >/mnt/etc/subuid
		echo "$2" >/mnt/etc/subgid
		cp -a "$3" /mnt/root
		[ -z "$4" ] || chown -hR 4321:4321 /mnt/root
		mount --bind /mnt/etc /etc
		exec setpriv --reuid=4321 --regid=4321 --clear-groups /mnt/sshrescue rehearse --root /mnt/root --json' \
		bash "$SSHRESCUE" "$1" "$PROJECT/build/roots/bookworm" "$2"
}

@test "a user who is granted other users rehearses a root of the user's own" {
	as_user rehearser:200000:65536 own
	passes
}

@test "a user who is granted none does not" {
	as_user somebody:200000:65536 own
	is .status skipped
	is .reason 'without the rights of root, it needs a range of users in /etc/subuid and /etc/subgid'
}

@test "a root of somebody else's is not rehearsed without root's rights" {
	as_user rehearser:200000:65536 ''
	is .status skipped
	is .reason "it needs the rights of root, for the root is another user's"
}
