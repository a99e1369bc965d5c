#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hooks as files: what install-hooks puts where, and what the build-time parts put into an initramfs. The generators'
# own functions are stood in for; the machines of tests/qemu have the real ones.

setup()
{
	PROJECT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	DEST=$BATS_TEST_TMPDIR/dest
	mkdir -p "$DEST/etc"
	: >"$DEST/etc/os-release"
}

install_hooks()
{
	DESTDIR=$DEST "$PROJECT/scripts/install-hooks" "$@"
}

# What is installed, one a line.
installed()
{
	(cd "$DEST" && find . -name '*sshrescue*' ! -type d -o -name boot.sh | LC_ALL=C sort)
}

@test "install-hooks: installs for what is there, and for nothing else" {
	mkdir -p "$DEST/usr/share/initramfs-tools"
	install_hooks
	[ "$(installed)" = "./usr/lib/sshrescue/boot.sh
./usr/lib/systemd/system-preset/90-sshrescue.preset
./usr/lib/systemd/system/sshrescue-report.service
./usr/share/initramfs-tools/hooks/sshrescue
./usr/share/initramfs-tools/scripts/init-bottom/sshrescue" ]
	mkdir -p "$DEST/usr/lib/dracut/modules.d"
	install_hooks
	[ "$(installed | grep -c dracut)" -eq 1 ]
	[ -x "$DEST/usr/lib/dracut/modules.d/50sshrescue/module-setup.sh" ]
	[ -e "$DEST/usr/lib/systemd/system/sshrescue-initrd.service" ]
}

@test "install-hooks: names override what is there" {
	mkdir -p "$DEST/usr/share/initramfs-tools"
	install_hooks mkinitcpio mkosi-initrd
	[ ! -e "$DEST/usr/share/initramfs-tools/hooks" ]
	[ -e "$DEST/usr/lib/initcpio/install/sshrescue" ]
	[ -e "$DEST/usr/lib/initcpio/hooks/sshrescue" ]
	[ -e "$DEST/usr/lib/mkosi-initrd/mkosi.conf.d/50-sshrescue.conf" ]
	wants=$DEST/usr/lib/mkosi-initrd/mkosi.extra/usr/lib/systemd/system/initrd.target.wants/sshrescue-initrd.service
	[ "$(readlink "$wants")" = ../sshrescue-initrd.service ]
	run install_hooks grub
	[ "$status" -eq 1 ]
	[[ $output == *"no hook for 'grub'"* ]]
}

@test "install-hooks: without a generator it says so, and is no failure" {
	run install_hooks
	[ "$status" -eq 0 ]
	[[ $output == *"no initramfs generator found"* ]]
	[ -z "$(installed)" ]
}

# dracut_install INCLUDED: the calls of the module's install() where dracut has included that module.
dracut_install()
{
	bash -c '
		dracut_module_included() { [ "$*" = "$included" ]; }
		inst_simple() { echo "inst_simple $*"; }
		inst_multiple() { echo "inst_multiple $*"; }
		inst_hook() { echo "inst_hook $*"; }
		systemctl() { echo "systemctl $*"; }
		included=$1 SYSTEMCTL=systemctl initdir=/initdir systemdsystemunitdir=/usr/lib/systemd/system moddir=/moddir
		. "$2"
		find_sshrescue() { echo /usr/local/sbin/sshrescue; }
		install' bash "$1" "$PROJECT/hooks/dracut/50sshrescue/module-setup.sh"
}

@test "dracut: the unit where systemd runs it, else the hook; never both" {
	run dracut_install systemd
	[ "$status" -eq 0 ]
	[[ $output == *"inst_simple /usr/local/sbin/sshrescue /usr/sbin/sshrescue"* ]]
	[[ $output == *"systemctl -q --root /initdir add-wants initrd.target sshrescue-initrd.service"* ]]
	[[ $output != *inst_hook* ]]
	run dracut_install bash
	[[ $output == *"inst_hook pre-pivot 85 /moddir/sshrescue-pre-pivot.sh"* ]]
	[[ $output != *sshrescue-initrd.service* ]]
}

# mkinitcpio_build: the calls of the install hook's build().
mkinitcpio_build()
{
	sed 's,/usr/sbin/sshrescue /usr/bin/sshrescue /usr/local/sbin/sshrescue,/bin/true,' \
		"$PROJECT/hooks/mkinitcpio/install/sshrescue" >"$BATS_TEST_TMPDIR/hook"
	BUILDROOT=$BATS_TEST_TMPDIR/buildroot bash -c '
		add_binary() { echo "add_binary $*"; }
		add_file() { echo "add_file $*"; }
		add_symlink() { echo "add_symlink $*"; }
		add_runscript() { echo "add_runscript"; }
		add_systemd_unit() { echo "add_systemd_unit $*"; }
		error() { echo "error $*"; }
		. "$1"
		build' bash "$BATS_TEST_TMPDIR/hook"
}

@test "mkinitcpio: the unit behind the systemd hook, else the runtime hook; never both" {
	mkdir -p "$BATS_TEST_TMPDIR/buildroot/usr/lib/systemd/system"
	run mkinitcpio_build
	[ "$status" -eq 0 ]
	[[ $output == *"add_binary /bin/true /usr/bin/sshrescue"* ]]
	[[ $output == *add_runscript* ]]
	[[ $output != *add_systemd_unit* ]]
	: >"$BATS_TEST_TMPDIR/buildroot/usr/lib/systemd/system/initrd.target"
	run mkinitcpio_build
	[[ $output == *"add_systemd_unit sshrescue-initrd.service"* ]]
	[[ $output == *"add_symlink /usr/lib/systemd/system/initrd.target.wants/sshrescue-initrd.service ../sshrescue-initrd.service"* ]]
	[[ $output != *add_runscript* ]]
}

# sourced HOOK CALL: a hook that is sourced leaves nothing behind in the shell of the initramfs.
sourced()
{
	sed "s,/usr/lib/sshrescue/boot.sh,$PROJECT/hooks/shell/boot.sh,g" "$PROJECT/hooks/$1" >"$BATS_TEST_TMPDIR/hook"
	sh -e -c 'set >"$2.before"; . "$1"; eval "$3"; set >"$2.after"; echo alive' sh \
		"$BATS_TEST_TMPDIR/hook" "$BATS_TEST_TMPDIR/set" "$2"
	diff <(grep -v '^_=' "$BATS_TEST_TMPDIR/set.before") <(grep -v '^_=' "$BATS_TEST_TMPDIR/set.after")
}

@test "sourced hooks leave no variable behind, and do not end the shell" {
	[ "$(sourced dracut/50sshrescue/sshrescue-pre-pivot.sh :)" = alive ]
	[ "$(sourced mkinitcpio/hooks/sshrescue run_latehook)" = alive ]
}
