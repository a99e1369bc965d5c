#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Systems are found in images and on block devices, looked at without a byte written, and repaired.

load fixture

setup_file()
{
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	[ -e /dev/loop-control ] || skip "there are no loop devices here"
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR fixture_root
	ln -s /dev/null "$ROOT/etc/systemd/system/ssh.service"
	chmod 0777 "$ROOT"/etc/ssh/ssh_host_*_key
	mkdir "$BATS_FILE_TMPDIR/made"
	cd "$BATS_FILE_TMPDIR/made" || exit
	truncate -s 64M ext4.img
	mke2fs -q -t ext4 -L root -U 11111111-2222-3333-4444-555555555555 -d "$ROOT" ext4.img
	truncate -s 8M empty.img
	mke2fs -q -t ext4 empty.img
	# What a disk has: a boot partition, the root, swap.
	truncate -s 96M disk.img
	printf '%s\n' 'label: gpt' 'size=1M, type=21686148-6449-6E6F-744E-656564454649' 'size=64M' 'type=swap' |
		sfdisk -q disk.img
	dd if=ext4.img of=disk.img bs=1M seek=2 conv=notrunc,sparse status=none
	truncate -s 16M swap.img
	mkswap swap.img >/dev/null
	dd if=swap.img of=disk.img bs=1M seek=66 conv=notrunc,sparse status=none
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
	cp --sparse=always "$BATS_FILE_TMPDIR"/made/*.img .
}

# Nothing of ours is left attached or mounted.
teardown()
{
	! losetup -a | grep -F "$BATS_TEST_TMPDIR"
	! grep -F "$BATS_TEST_TMPDIR" /proc/self/mountinfo
}

disks()
{
	status=0
	JSON=$("$SSHRESCUE" disks "$@" --json) || status=$?
}

# unmount DIRECTORY: a namespace of somebody else's, made meanwhile, may hold a copy of a mount for as long as it lives.
unmount()
{
	local device
	device=$(findmnt -no SOURCE "$1")
	umount "$1"
	for _ in $(seq 100); do
		! python3 -c 'import os, sys; os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)' "$device" 2>/dev/null || return 0
		sleep 0.2
	done
	return 1
}

# unchanged FILE COMMAND...: not a byte of the image is another one afterwards.
unchanged()
{
	local before after image=$1
	shift
	before=$(sha256sum "$image")
	"$@" || status=$?
	after=$(sha256sum "$image")
	[ "$before" = "$after" ] || fail "$image was written to"
}

@test "a file system without partitions is found and judged" {
	unchanged ext4.img disks check ext4.img
	[ "$status" -eq 4 ]
	[ "$(json '.systems | length')" -eq 1 ]
	[ "$(json '.systems[0].device')" = ext4.img ]
	[ "$(json '.systems[0].verdict')" = unreachable ]
	[ "$(json '.systems[0].report.target.root')" = ext4.img ]
	[ "$(json '.volumes[0].label')" = root ]
	[ "$(json '.volumes[0].uuid')" = 11111111-2222-3333-4444-555555555555 ]
	[ -n "$(state_of service.masked)" ]
}

@test "a partition of an image is found, judged and repaired; the repair holds" {
	unchanged disk.img disks check disk.img
	[ "$status" -eq 4 ]
	[ "$(json '[.systems[].device] | join(" ")')" = disk.img:2 ]
	[ "$(json '[.volumes[].type] | join(" ")')" = "  ext4 swap" ]
	disks repair -y disk.img
	[ "$status" -eq 1 ]
	[ "$(json '.systems[0].verdict')" = reachable ]
	unchanged disk.img disks check disk.img:2
	[ "$status" -eq 0 ]
	unchanged disk.img disks repair -y disk.img
	[ "$status" -eq 0 ]
	dd if=disk.img of=part.img bs=1M skip=2 count=64 status=none
	e2fsck -fn part.img
}

@test "a block device is found and repaired, and not touched while it is in use" {
	local loop
	loop=$(losetup -f --show ext4.img)
	disks check "$loop"
	[ "$status" -eq 4 ]
	mkdir mounted
	mount -o ro,noload "$loop" mounted
	unchanged ext4.img disks repair -y "$loop"
	unmount mounted
	[ "$status" -eq 8 ]
	[ "$(json '.volumes[0].in_use')" != null ]
	disks repair -y "$loop"
	losetup -d "$loop"
	[ "$status" -eq 1 ]
	disks check ext4.img
	[ "$status" -eq 0 ]
}

@test "an image that is attached or locked is not touched" {
	local loop
	loop=$(losetup -f --show ext4.img)
	unchanged ext4.img disks repair -y ext4.img
	losetup -d "$loop"
	[ "$status" -eq 8 ]
}

@test "-p and -n do what they do to a root; without an action, what is there is listed" {
	disks repair -p ext4.img
	[ "$status" -eq 5 ]
	unchanged ext4.img "$SSHRESCUE" disks repair -n ext4.img >out
	grep -q 'ssh.service' out
	unchanged ext4.img "$SSHRESCUE" disks ext4.img >out
	grep -q '^ext4.img  *64M  *ext4  *root  *Debian GNU/Linux 12' out
}

# crash FILE COMMAND...: crashed.img is what a machine leaves that stops after COMMAND, run in the file system: what it
# did is in the journal, and nowhere else.
crash()
{
	local image=$1
	shift
	mkdir -p mounted
	mount -o loop "$image" mounted
	(cd mounted && "$@")
	# One fsync commits to the journal; syncfs would write it to its place as well.
	sync mounted/etc
	cp --sparse=always "$image" crashed.img
	unmount mounted
}

@test "what only the journal knows is not taken for unchanged" {
	disks repair -y ext4.img
	[ "$status" -eq 1 ]
	crash ext4.img ln -s /dev/null etc/systemd/system/ssh.service
	unchanged crashed.img disks check crashed.img
	[ "$status" -eq 4 ]
	[ "$(json '.systems[0].verdict')" = unknown ]
	[ -n "$(state_of boot.journal-unseen)" ]
	unchanged crashed.img disks repair -n crashed.img
	[ "$(json '.systems[0].verdict')" = unknown ]
	disks repair -y crashed.img
	[ "$status" -eq 1 ]
	[ "$(state_of service.masked)" = repaired ]
	[ "$(json '.systems[0].verdict')" = reachable ]
	disks check crashed.img
	[ "$status" -eq 0 ]
	e2fsck -fn crashed.img
}

@test "a file system that is marked as damaged is not written to, and the command is named" {
	debugfs -w -R 'set_super_value state 2' ext4.img 2>/dev/null
	unchanged ext4.img disks repair -y ext4.img
	[ "$status" -eq 12 ]
	[[ "$(json '.systems[0].trouble')" == *"first: e2fsck -f ext4.img"* ]]
}

@test "where there is no root, that is said" {
	run "$SSHRESCUE" disks check empty.img
	[ "$status" -eq 8 ]
	[[ "$output" == *"there is no root of a Linux system"* ]]
	run "$SSHRESCUE" disks check nothing.img
	[ "$status" -eq 8 ]
	[[ "$output" == *"nothing.img"* ]]
}

@test "undo gives back what a repair took" {
	disks repair -y ext4.img
	[ "$status" -eq 1 ]
	run "$SSHRESCUE" disks undo ext4.img
	[ "$status" -eq 0 ]
	disks check ext4.img
	[ "$status" -eq 4 ]
	[ -n "$(state_of service.masked)" ]
	unchanged ext4.img "$SSHRESCUE" disks undo ext4.img >out
	[[ "$(cat out)" == *"nothing to take back"* ]]
}

# Two systems in subvolumes, and snapshots of one of them.
make_btrfs()
{
	truncate -s 256M btrfs.img
	mkfs.btrfs -q btrfs.img
	mkdir made
	mount -o loop btrfs.img made
	btrfs -q subvolume create made/@
	btrfs -q subvolume create made/@home
	btrfs -q subvolume create made/second
	cp -a "$BATS_FILE_TMPDIR/root/." made/@/
	cp -a "$BATS_FILE_TMPDIR/root/." made/second/
	btrfs -q subvolume snapshot made/@ made/before-upgrade
	btrfs -q subvolume snapshot -r made/@ made/backup
	unmount made
}

@test "btrfs: systems in subvolumes are found, snapshots are left alone" {
	make_btrfs
	unchanged btrfs.img disks check btrfs.img
	[ "$status" -eq 4 ]
	[ "$(json '[.systems[].subvolume] | join(" ")')" = "@ second" ]
	disks repair -y btrfs.img
	[ "$status" -eq 1 ]
	[ "$(json '[.systems[].verdict] | join(" ")')" = "reachable reachable" ]
	disks check btrfs.img
	[ "$status" -eq 0 ]
}

@test "xfs: a clean one is judged, also beside a mounted one with the same UUID; a crashed one is not believed" {
	truncate -s 320M xfs.img
	mkfs.xfs -q xfs.img
	mkdir made twin
	mount -o loop xfs.img made
	cp -a "$BATS_FILE_TMPDIR/root/." made/
	# Of an XFS, this leaves it all in the log.
	sync -f made
	cp --sparse=always xfs.img crashed.img
	unmount made
	cp --sparse=always xfs.img twin.img
	mount -o loop twin.img twin
	unchanged xfs.img disks check xfs.img
	[ "$(json '.systems[0].verdict')" = unreachable ]
	[ -z "$(state_of boot.journal-unseen)" ]
	disks repair -y xfs.img
	unmount twin
	[ "$status" -eq 1 ]
	disks check xfs.img
	[ "$status" -eq 0 ]
	unchanged crashed.img disks check crashed.img
	[ "$status" -ge 4 ]
	disks repair -y crashed.img
	[ "$status" -eq 1 ]
}

@test "a /usr and a /home of their own are mounted where fstab(5) says, and nothing else it says is believed" {
	local at
	cp -a "$BATS_FILE_TMPDIR/root" root
	mv root/usr usr
	mkdir root/usr
	cat >root/etc/fstab <<-'END'
		UUID=22222222-2222-3333-4444-555555555555 /usr ext4 ro 0 2
		/dev/sda1 /home ext4 defaults 0 2
		/dev/sda9 /boot ext4 defaults 0 2
		LABEL=../../etc /var ext4 defaults 0 2
	END
	truncate -s 64M usr.img
	mke2fs -q -t ext4 -U 22222222-2222-3333-4444-555555555555 -d usr usr.img
	truncate -s 48M root.img
	mke2fs -q -t ext4 -d root root.img
	truncate -s 128M split.img
	printf '%s\n' 'label: dos' 'size=48M' type=5 size=64M | sfdisk -q split.img
	dd if=root.img of=split.img bs=1M seek=1 conv=notrunc,sparse status=none
	at=$(sfdisk -d split.img | sed -n 's/^split.img5 *: start= *\([0-9]*\),.*/\1/p')
	dd if=usr.img of=split.img bs=512 seek="$at" conv=notrunc,sparse status=none
	unchanged split.img disks check split.img
	[ "$status" -eq 4 ]
	[ "$(json '[.systems[].device] | join(" ")')" = split.img:1 ]
	disks repair -y split.img:1
	[ "$status" -eq 1 ]
	[ "$(json '.systems[0].verdict')" = reachable ]
	# The same without the other partition: what is missing is said, and nothing is taken for sure.
	disks check root.img
	[ "$status" -ne 0 ]
}

@test "a hibernated machine is left alone, until --force" {
	printf 'S1SUSPEND\0' | dd of=disk.img bs=1 seek=$((66 * 1048576 + 4086)) conv=notrunc status=none
	unchanged disk.img disks repair -y disk.img
	[ "$status" -eq 4 ]
	[[ "$(json '.systems[0].trouble')" == *hibernated* ]]
	disks repair -y --force disk.img
	[ "$status" -eq 1 ]
}
