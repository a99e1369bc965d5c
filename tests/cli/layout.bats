#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The run at boot on roots as an initramfs mounts them: real file systems, in a mount namespace.
# shellcheck disable=SC2016 # single quotes keep things for the script
load fixture

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	fixture_root
	WORK=$BATS_TEST_TMPDIR
	mkdir -p "$WORK/etc" "$WORK/run" "$WORK/sysroot"
	echo 'ro rd.sshrescue=repair' >"$WORK/cmdline"
	ln -sf /dev/null "$ROOT/etc/systemd/system/ssh.service"
	mke2fs -q -t ext4 -d "$ROOT" "$WORK/root.img" 64M
}

# boot MOUNTS [AFTER]: runs the commands that mount a root on sysroot, then the boot, then looks. Sets OPTIONS, the
# mount's before and after.
boot()
{
	cat >"$WORK/script" <<-END
		set -e
		cd "$WORK"
		# mount_image FILE DIR OPTIONS [-r]: the loop device is writable but with -r (mount -o loop,ro makes
		# it read-only as well), and goes with the mount.
		mount_image() {
			device=\$(losetup -f --show \$4 "\$1")
			mount -o "\$3" "\$device" "\$2"
			losetup -d "\$device"
		}
		mount --bind etc /etc
		mount --bind run /run
		mount --bind cmdline /proc/cmdline
		mount --bind /dev/null /dev/kmsg
		$1
		findmnt -n -o OPTIONS sysroot >before
		"$SSHRESCUE" boot --root "$WORK/sysroot" >console 2>&1
		findmnt -n -o OPTIONS sysroot >after
		readlink sysroot/etc/systemd/system/ssh.service >mask || :
		${2-}
	END
	unshare -m sh "$WORK/script"
	diff "$WORK/before" "$WORK/after"
	JSON=$(cat "$WORK/run/sshrescue/report.json")
	jq -e .schema <<<"$JSON" >/dev/null
}

repaired()
{
	[ ! -s "$WORK/mask" ]
	[ "$(json .verdict)" = reachable ]
	[ "$(json '.problems[] | select(.code == "service.masked") | .state')" = repaired ]
}

# only_reported REASON: nothing was written, and the report says why.
only_reported()
{
	[ "$(cat "$WORK/mask")" = /dev/null ]
	[ "$(json .verdict)" = unreachable ]
	grep -q "nothing was written: $1" "$WORK/run/sshrescue/report.txt"
	grep -q "nothing was written: $1" "$WORK/console"
}

@test "layout: ext4, read-only: repaired, and read-only again with its options" {
	boot 'mount_image root.img sysroot ro,nodev,noatime'
	repaired
	grep -q '^ro,nodev,noatime' "$WORK/after"
}

@test "layout: ext4, read-write: repaired, and stays so" {
	boot 'mount_image root.img sysroot rw'
	repaired
	grep -q '^rw' "$WORK/after"
}

@test "layout: a device that cannot be written to: only reported, with the reason" {
	boot 'mount_image root.img sysroot ro -r'
	only_reported "the root cannot be mounted read-write: Read-only file system"
}

@test "layout: an overlay without an upper layer: only reported" {
	boot 'mkdir lower empty
		mount_image root.img lower ro
		mount -t overlay -o lowerdir=empty:lower overlay sysroot'
	only_reported "the root cannot be mounted read-write"
}

@test "layout: an overlay with an upper layer: only reported, for what is written there may not last" {
	for options in ro rw; do
		boot "mkdir -p lower memory
			mount_image root.img lower ro
			mount -t tmpfs memory memory
			mkdir memory/upper memory/work
			mount -t overlay -o $options,lowerdir=lower,upperdir=memory/upper,workdir=memory/work overlay sysroot" \
			'find memory/upper -mindepth 1 >upper'
		only_reported "the root cannot be mounted read-write: it is an overlay, .*repair the layer below it"
		[ ! -s "$WORK/upper" ]
		# What it still found out stands in the report.
		[ "$(json '[.problems[].code] | join(",")')" = service.masked ]
	done
}

@test "layout: /usr on its own: repaired in /etc, and /usr stays read-only" {
	mkdir "$WORK/usr"
	mv "$ROOT/usr" "$WORK/usr-tree"
	mkdir "$ROOT/usr"
	rm "$WORK/root.img"
	mke2fs -q -t ext4 -d "$ROOT" "$WORK/root.img" 64M
	mke2fs -q -t ext4 -d "$WORK/usr-tree" "$WORK/usr.img" 64M
	boot 'mount_image root.img sysroot ro
		mount_image usr.img sysroot/usr ro' 'findmnt -n -o OPTIONS sysroot/usr >usr.after'
	repaired
	grep -q '^ro' "$WORK/usr.after"
}

@test "layout: /var on its own, not mounted yet: nothing is left below its mount point" {
	rm -rf "${ROOT:?}/var"
	mkdir "$ROOT/var"
	rm "$WORK/root.img"
	mke2fs -q -t ext4 -d "$ROOT" "$WORK/root.img" 64M
	echo boot=guard >"$WORK/etc/sshrescue.conf"
	boot 'mount_image root.img sysroot ro' 'ls -A sysroot/var >var; ls -A sysroot/etc/sshrescue >state'
	[ ! -s "$WORK/var" ]
	grep -qx armed "$WORK/state"
}

@test "layout: a read-only root with a writable /etc of its own, as ostree has: repaired there" {
	boot 'mkdir lower
		mount_image root.img lower rw
		mount --bind lower sysroot
		mount -o remount,bind,ro sysroot
		mount --bind lower/etc sysroot/etc'
	repaired
	grep -q '^ro' "$WORK/after"
}

@test "layout: an /etc of its own that is read-only: only reported" {
	boot 'mkdir lower
		mount_image root.img lower rw
		mount --bind lower sysroot
		mount --bind lower/etc sysroot/etc
		mount -o remount,bind,ro sysroot/etc'
	only_reported "the root cannot be mounted read-write: Read-only file system"
}

@test "layout: a generated /etc, as NixOS has: what lies in its store is only reported" {
	rm "$ROOT/etc/systemd/system/ssh.service"
	mkdir -p "$ROOT/nix/store/abc-etc/etc/ssh"
	sed 's/^#\?PermitRootLogin.*/PermitRootLogn no/' "$ROOT/etc/ssh/sshd_config" >"$ROOT/nix/store/abc-etc/etc/ssh/sshd_config"
	grep -q PermitRootLogn "$ROOT/nix/store/abc-etc/etc/ssh/sshd_config"
	ln -s /nix/store/abc-etc/etc "$ROOT/etc/static"
	ln -sf /etc/static/ssh/sshd_config "$ROOT/etc/ssh/sshd_config"
	rm "$WORK/root.img"
	mke2fs -q -t ext4 -d "$ROOT" "$WORK/root.img" 64M
	boot 'mount_image root.img sysroot ro' 'ls -A sysroot/etc/sshrescue >state 2>/dev/null || :'
	[ "$(json .verdict)" = unreachable ]
	[ "$(json '.problems[] | select(.code == "config.keyword") | .state')" = left ]
	[[ $(json '.problems[] | select(.code == "config.keyword") | .remedy') == */nix/store/*"outside of what a repair may touch" ]]
	[ ! -s "$WORK/state" ]
}
