# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scripts/demo-image and scripts/test-image share: a Debian tree becomes a
# machine with sshrescue, and then one that nobody can log in to.
#
# Sourced behind scripts/lib.sh. IMAGE_TREE is the tree that is worked on; callers
# set a trap for image_discard.

IMAGE_TREE=''

image_unmount() {
	local dir
	for dir in image sys proc dev; do
		! mountpoint -q "$IMAGE_TREE/$dir" || umount -l "$IMAGE_TREE/$dir"
	done
}

image_discard() {
	[ -n "$IMAGE_TREE" ] || return 0
	image_unmount
	remove_tree "$IMAGE_TREE"
}

# image_copy BASE TREE: a copy to work on.
image_copy() {
	IMAGE_TREE=$2
	image_discard
	cp -a --reflink=auto "$1" "$IMAGE_TREE"
}

# image_install BINARY GENERATOR...: sshrescue, with the hooks of these generators.
image_install() {
	local binary=$1
	shift
	if [ -n "${SSHRESCUE_BINARY:-}" ]; then
		install -D -m 0755 "$binary" "$IMAGE_TREE/usr/sbin/sshrescue"
		DESTDIR=$IMAGE_TREE "$TOP/scripts/install-hooks" "$@" >/dev/null
	else
		run_make -s install DESTDIR="$IMAGE_TREE" PREFIX=/usr HOOKS="$*" >/dev/null
	fi
}

# image_configure OUT FSTAB: a machine of its own, that has booted before, with a
# network, and a key in OUT that logs in.
image_configure() {
	printf '%s\n' "$2" >"$IMAGE_TREE/etc/fstab"
	echo demo >"$IMAGE_TREE/etc/hostname"
	echo "127.0.0.1 localhost demo" >"$IMAGE_TREE/etc/hosts"
	# A machine that has booted before: otherwise its first boot would apply presets.
	tr -d - </proc/sys/kernel/random/uuid >"$IMAGE_TREE/etc/machine-id"
	cat >"$IMAGE_TREE/etc/systemd/network/80-dhcp.network" <<-'END'
		[Match]
		Name=en*

		[Network]
		DHCP=ipv4
	END
	chroot "$IMAGE_TREE" systemctl --quiet enable systemd-networkd.service

	# What an administrator writes: both lines get broken by image_break.
	sed -i -e 's/^#\(PermitRootLogin prohibit-password\)/\1/' -e 's/^#\(ListenAddress 0.0.0.0\)/\1/' \
		"$IMAGE_TREE/etc/ssh/sshd_config"
	grep -q '^PermitRootLogin prohibit-password' "$IMAGE_TREE/etc/ssh/sshd_config"
	grep -q '^ListenAddress 0.0.0.0' "$IMAGE_TREE/etc/ssh/sshd_config"
	ssh-keygen -q -t ed25519 -N '' -C 'sshrescue demo, thrown away' -f "$1/key"
	install -d -m 0700 "$IMAGE_TREE/root/.ssh"
	install -m 0600 "$1/key.pub" "$IMAGE_TREE/root/.ssh/authorized_keys"
	sed 's/^/demo /' "$IMAGE_TREE"/etc/ssh/ssh_host_*_key.pub >"$1/known_hosts"
	install -d -m 0755 "$IMAGE_TREE/run/sshd"
	chroot "$IMAGE_TREE" /usr/sbin/sshd -t
	rm -rf "$IMAGE_TREE/run/sshd"
}

# image_chroot COMMAND...: with the kernel's file systems.
image_chroot() {
	local dir status=0
	for dir in dev proc sys; do mount --bind "/$dir" "$IMAGE_TREE/$dir"; done
	chroot "$IMAGE_TREE" "$@" || status=$?
	image_unmount
	return "$status"
}

# image_settled: systemd finds nothing "outdated" at boot, and writes nothing under
# /etc and /var then.
image_settled() {
	touch -r "$IMAGE_TREE/usr" "$IMAGE_TREE/etc/.updated" "$IMAGE_TREE/var/.updated"
}

# image_break: four mistakes at once.
image_break() {
	ln -s /dev/null "$IMAGE_TREE/etc/systemd/system/ssh.service"
	sed -i -e 's/^PermitRootLogin /PermitRootLogn /' -e 's/^ListenAddress 0.0.0.0/ListenAddress 127.0.0.1/' \
		"$IMAGE_TREE/etc/ssh/sshd_config"
	chmod 0777 "$IMAGE_TREE"/etc/ssh/ssh_host_*_key
}

# image_ext4 UUID DISK: the tree as a file system without partitions.
image_ext4() {
	truncate -s 1G "$2.new"
	mke2fs -q -t ext4 -U "$1" -L demo-root -E lazy_itable_init=1 -d "$IMAGE_TREE" "$2.new"
	mv "$2.new" "$2"
}
