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

# Nothing is left attached or mounted. A namespace of somebody else's, made meanwhile, may hold a copy of a mount for as
# long as it lives.
teardown()
{
	for _ in $(seq 300); do
		losetup -a | grep -qF "$BATS_TEST_TMPDIR" || break
		sleep 0.2
	done
	! losetup -a | grep -F "$BATS_TEST_TMPDIR"
	! grep -F "$BATS_TEST_TMPDIR" /proc/self/mountinfo
}

disks()
{
	status=0
	JSON=$("$SSHRESCUE" disks "$@" --json) || status=$?
}

# unmount DIRECTORY: until the device is free again.
unmount()
{
	local device
	device=$(findmnt -no SOURCE "$1")
	umount "$1"
	for _ in $(seq 300); do
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
	python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(sys.stdin), json.load(open(sys.argv[1])))' \
		"$PROJECT/docs/disks.schema.json" <<<"$JSON"
	jq '.systems[0].report' <<<"$JSON" | python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(sys.stdin), json.load(open(sys.argv[1])))' \
		"$PROJECT/docs/report.schema.json"
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
	umount twin
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

# judged FILE: type, label and UUID are what blkid(8) says.
judged()
{
	local type label uuid
	type=$(blkid -p -s TYPE -o value "$1")
	label=$(blkid -p -s LABEL -o value "$1")
	uuid=$(blkid -p -s UUID -o value "$1")
	disks "$1"
	[ -n "$type" ]
	diff <(printf '%s\n' "$type" "$label" "$uuid") \
		<(json '.volumes[0] | (.type, .label, .uuid) | . // ""')
}

@test "blkid(8) is the judge of what a volume holds" {
	truncate -s 320M big.img
	truncate -s 40M a.img
	for type in ext2 ext3 ext4; do
		mke2fs -q -F -t $type -L "one two" a.img
		judged a.img
		mke2fs -q -F -t $type -b 4096 a.img
		judged a.img
	done
	mkfs.xfs -q -f -L "x label" big.img
	judged big.img
	mkfs.btrfs -q -f -L "b label" big.img
	judged big.img
	for size in 12 16 32; do
		wipefs -qa big.img a.img
		mkfs.vfat -F $size -n LABEL $([ $size -eq 32 ] && echo big.img || echo a.img) >/dev/null
		judged $([ $size -eq 32 ] && echo big.img || echo a.img)
		wipefs -qa big.img a.img
		mkfs.vfat -F $size $([ $size -eq 32 ] && echo big.img || echo a.img) >/dev/null
		judged $([ $size -eq 32 ] && echo big.img || echo a.img)
	done
	truncate -s 0 a.img
	truncate -s 40M a.img
	mkswap -q -L swap a.img
	judged a.img
	printf 'S1SUSPEND\0' | dd of=a.img bs=1 seek=4086 conv=notrunc status=none
	judged a.img
	for version in luks1 luks2; do
		truncate -s 0 a.img
		truncate -s 40M a.img
		echo key | cryptsetup -q luksFormat --type $version --pbkdf pbkdf2 --pbkdf-force-iterations 1000 a.img -
		judged a.img
	done
}

@test "sfdisk(8) is the judge of where partitions are" {
	for script in 'label: gpt;size=1M;size=5M;;' 'label: dos;size=1M;size=5M,bootable;type=5;size=2M;size=3M' \
		'label: dos;size=4M;;' 'label: gpt;start=3000,size=7M;start=2048,size=400'; do
		truncate -s 0 table.img
		truncate -s 32M table.img
		tr ';' '\n' <<<"$script" | sfdisk -q table.img
		disks table.img
		diff <(sfdisk -J table.img | jq -r '.partitiontable.partitions[] | select(.type != "5" and .type != "f") |
				"\(.node | sub("^.*img"; "")) \(.start * 512) \(.size * 512) \(.uuid // "" | ascii_downcase)"' |
				sort -n) \
			<(json '.volumes[1:][] | "\(.name | sub("^.*:"; "")) \(.offset) \(.size) \(.partuuid)"' | sort -n |
				if [[ $script == *dos* ]]; then sed 's/[0-9a-f]*-[0-9a-f]*$//'; else cat; fi)
	done
}

@test "damaged and hostile partition tables do no harm" {
	truncate -s 64M table.img
	printf '%s\n' 'label: gpt' size=1M size=5M | sfdisk -q table.img
	# The first table is damaged, its copy at the end is not.
	dd if=/dev/zero of=table.img bs=512 seek=1 count=1 conv=notrunc status=none
	disks table.img
	[ "$(json '.volumes | length')" -eq 3 ]
	[[ "$(json '.volumes[0].trouble')" == *"copy at the end"* ]]
	dd if=/dev/zero of=table.img bs=512 seek=131071 count=1 conv=notrunc status=none
	disks check table.img
	[ "$status" -eq 8 ]
	[[ "$(json '.volumes[0].trouble')" == *damaged* ]]
	# A chain of logical partitions that bites its tail; partitions that overlap; one beyond the end.
	truncate -s 0 table.img
	truncate -s 64M table.img
	printf '%s\n' 'label: dos' 'size=1M' 'size=40M,type=5' | sfdisk -q table.img
	python3 - table.img <<-'END'
		import struct, sys
		with open(sys.argv[1], 'r+b') as disk:
		    disk.seek(0)
		    mbr = bytearray(disk.read(512))
		    first = struct.unpack_from('<I', mbr, 446 + 16 + 8)[0]
		    struct.pack_into('<B3xB3xII', mbr, 446 + 32, 0, 0x83, 100, 100000)
		    struct.pack_into('<B3xB3xII', mbr, 446 + 48, 0, 0x83, 100000, 0xfffffff0)
		    disk.seek(0)
		    disk.write(mbr)
		    logical = bytearray(512)
		    struct.pack_into('<B3xB3xII', logical, 446, 0, 0x83, 2048, 10)
		    struct.pack_into('<B3xB3xII', logical, 446 + 16, 0, 5, 1, 2048)
		    logical[510:] = b'\x55\xaa'
		    disk.seek(first * 512)
		    disk.write(logical)
		    disk.seek((first + 1) * 512)
		    disk.write(logical)
	END
	disks check table.img
	[ "$status" -eq 8 ]
	[[ "$(json '.volumes[0].trouble')" == *"passed over"* ]]
}

@test "what a disk calls itself reaches no terminal as it is" {
	tune2fs -L "$(printf 'a\033[2Jb')" ext4.img >/dev/null
	"$SSHRESCUE" disks ext4.img >out
	! LC_ALL=C grep -q "$(printf '\033')" out
	grep -qF 'a\x1b[2Jb' out
	disks ext4.img
	[ "$(json '.volumes[0].label' | head -n 1)" = "$(printf 'a\033[2Jb')" ]
}

@test "a file system that is cut short or damaged: a line, exit 8, nothing written" {
	cp ext4.img short.img
	truncate -s 40M short.img
	run "$SSHRESCUE" disks check short.img
	[ "$status" -eq 8 ]
	[[ "$output" == *"the end is missing"* ]]
	# The group descriptors
	dd if=/dev/urandom of=ext4.img bs=1024 seek=2 count=2 conv=notrunc status=none
	unchanged ext4.img run "$SSHRESCUE" disks repair -y ext4.img
	[ "$status" -eq 8 ]
	[[ "$output" == *"e2fsck -f ext4.img"* ]]
}

@test "a full file system: nothing is written, and that is said" {
	mkdir full
	mount -o loop ext4.img full
	for size in 64k 1k; do
		dd if=/dev/zero of=full/filler-$size bs=$size status=none 2>/dev/null || true
		sync -f full
	done
	unmount full
	disks repair -y ext4.img
	[ $((status & 12)) -ne 0 ]
	[[ "$(json '.systems[0].line')" == *"nothing was written"* ]]
	disks check ext4.img
	[ -n "$(state_of service.masked)" ]
}

@test "images of virtual machines are opened, and none that names another file" {
	command -v qemu-img >/dev/null || skip "there is no qemu-img"
	command -v qemu-storage-daemon >/dev/null && [ -e /dev/fuse ] || skip "there is no qemu-storage-daemon with FUSE"
	for format in qcow2 vmdk vhdx; do
		qemu-img convert -O $format disk.img disk.$format
		unchanged disk.$format disks check disk.$format
		[ "$status" -eq 4 ]
		[ "$(json '.systems[0].device')" = disk.$format:2 ]
		disks repair -y disk.$format
		[ "$status" -eq 1 ]
		disks check --format $format disk.$format
		[ "$status" -eq 0 ]
	done
	qemu-img check -q disk.qcow2
	qemu-img create -q -f qcow2 -b /etc/shadow -F raw evil.qcow2 10M
	qemu-img create -q -f qcow2 -o data_file=other.raw data.qcow2 10M
	qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentFlat flat.vmdk 10M
	qemu-img create -q -f vmdk -b disk.vmdk -F vmdk child.vmdk
	for image in evil.qcow2 data.qcow2 flat.vmdk child.vmdk; do
		disks check $image
		[ "$status" -eq 8 ]
		[ "$(json '.volumes[0].trouble')" != null ]
		[ "$(json '.volumes | length')" -eq 1 ]
	done
	# Told that it is raw, it is raw.
	disks --format raw disk.qcow2
	[ "$(json '.volumes | length')" -eq 1 ]
	run "$SSHRESCUE" disks --format nonsense disk.qcow2
	[ "$status" -eq 16 ]
}

@test "killed while it asks, nothing stays mounted or attached" {
	local pid
	(sleep 60 | script -qfc "exec $SSHRESCUE disks repair ext4.img" typescript) >/dev/null 2>&1 3>&- &
	for _ in $(seq 200); do
		! grep -qs 'y/N' typescript || break
		sleep 0.1
	done
	grep -q 'y/N' typescript
	losetup -j ext4.img | grep -q .
	pid=$(pgrep -o -f "^$SSHRESCUE disks repair ext4.img")
	kill -KILL "$pid"
	for _ in $(seq 100); do
		[ -n "$(losetup -j ext4.img)" ] || break
		sleep 0.1
	done
	[ -z "$(losetup -j ext4.img)" ]
	disks repair -y ext4.img
	[ "$status" -eq 1 ]
}

@test "OSTree: the deployment that boots is the system" {
	local deploy=tree/ostree/deploy/fedora/deploy
	mkdir -p $deploy tree/boot/loader.1/entries tree/ostree/deploy/fedora/var tree/ostree/boot.1.1/fedora/abc
	cp -a "$PROJECT/build/fixture/root" $deploy/old.0
	cp -a "$BATS_FILE_TMPDIR/root" $deploy/new.0
	touch $deploy/old.0
	ln -s ../../../deploy/fedora/deploy/old.0 tree/ostree/boot.1.1/fedora/abc/0
	ln -s ../../../deploy/fedora/deploy/new.0 tree/ostree/boot.1.1/fedora/abc/1
	ln -s boot.1.1 tree/ostree/boot.1
	ln -s loader.1 tree/boot/loader
	printf 'title old\nversion 1\noptions root=UUID=x ostree=/ostree/boot.1/fedora/abc/0\n' >tree/boot/loader.1/entries/ostree-1-fedora.conf
	printf 'title new\nversion 2\noptions root=UUID=x ostree=/ostree/boot.1/fedora/abc/1 rw\n' >tree/boot/loader.1/entries/ostree-2-fedora.conf
	truncate -s 128M ostree.img
	mke2fs -q -t ext4 -d tree ostree.img
	unchanged ostree.img disks check ostree.img
	[ "$status" -eq 4 ]
	[ -n "$(state_of service.masked)" ]
	disks repair -y ostree.img
	[ "$status" -eq 1 ]
	debugfs -R 'stat /ostree/deploy/fedora/deploy/new.0/etc/sshrescue' ostree.img 2>/dev/null | grep -q 'Type: directory'
	# An entry that leads elsewhere is not followed.
	rm -rf tree/ostree/boot.1.1/fedora/abc/1 $deploy/new.0
	ln -s ../../../../../../../etc tree/ostree/boot.1.1/fedora/abc/1
	truncate -s 0 ostree.img
	truncate -s 128M ostree.img
	mke2fs -q -t ext4 -d tree ostree.img
	disks check ostree.img
	[ "$status" -eq 0 ]
}

@test "btrfs: over two partitions of one image" {
	local first second
	truncate -s 256M pair.img
	printf '%s\n' 'label: gpt' size=124M size=124M | sfdisk -q pair.img
	first=$(losetup -f --show -o 1M --sizelimit 124M pair.img)
	second=$(losetup -f --show -o 125M --sizelimit 124M pair.img)
	mkfs.btrfs -q -d single -m raid1 "$first" "$second"
	mkdir made
	mount -o "device=$second" "$first" made
	cp -a "$BATS_FILE_TMPDIR/root/." made/
	umount made
	losetup -d "$first" "$second"
	for _ in $(seq 300); do
		[ -n "$(losetup -j pair.img)" ] || break
		sleep 0.2
	done
	unchanged pair.img disks check pair.img
	[ "$status" -eq 4 ]
	[ "$(json '[.systems[].device] | join(" ")')" = pair.img:1 ]
	disks repair -y pair.img
	[ "$status" -eq 1 ]
	disks check pair.img
	[ "$status" -eq 0 ]
}

@test "cloud-rescue: waits, repairs, leaves its reports; --check writes nothing" {
	local rescue=$PROJECT/scripts/cloud-rescue
	export SSHRESCUE
	unchanged ext4.img run "$rescue" --check --out out --console /dev/null ext4.img
	[ "$status" -eq 4 ]
	run "$rescue" --wait 0 --out out --console console ext4.img
	[ "$status" -eq 1 ]
	grep -q '^cloud-rescue: .*problems repaired; reachable' console
	[ "$(jq -r '.systems[0].verdict' out/report.json)" = reachable ]
	grep -q 'repaired: removed the link' out/report.txt
	[ "$(stat -c %a out/report.txt)" = 600 ]
	run "$rescue" --wait 0 --out out --console /dev/null empty.img
	[ "$status" -eq 8 ]
	[[ "$output" == *"no disk with a system came"* ]]
	run "$rescue" --wait soon ext4.img
	[ "$status" -eq 16 ]
}
