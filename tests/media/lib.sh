# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2054 # scripts/lib.sh reads what is set here; options of QEMU have commas
#
# What the tests of the rescue image share: disks made from the images of
# scripts/test-image, and machines that boot the image. Sourced behind
# tests/qemu/lib.sh.

rescue=$BUILD/rescue
work=$BUILD/tests/media/iso
FIRMWARE=/usr/share/OVMF

# --- disks ------------------------------------------------------------------------

# image NAME: makes it, and takes its key and host key for vm_ssh.
image() {
	"$TOP/scripts/test-image" bookworm initramfs-tools "$1" | sed 's/^/# /'
	VM_IMAGE=$BUILD/images/bookworm-initramfs-tools-$1
}

# copy_disk FROM TO
copy_disk() { cp --sparse=always "$1" "$2"; }

# partition DISK SFDISK-LINE...: a GPT disk; a mebibyte is left at its end.
partition() {
	local disk=$1
	shift
	truncate -s 2500M "$disk"
	printf '%s\n' 'label: gpt' "$@" | sfdisk -q "$disk"
}

# start_of DISK NUMBER: in sectors
start_of() { sfdisk -J "$1" | jq ".partitiontable.partitions[$2 - 1].start"; }

# fill DISK NUMBER FILE: that partition holds what the file holds.
fill() { dd if="$3" of="$1" bs=64K seek="$(($(start_of "$1" "$2") / 128))" conv=notrunc,sparse status=none; }

# in_rescue_root COMMAND...: the tools that the rescue image is made with, in $work.
in_rescue_root() { with_tools_of "$rescue/root" "$work" "$@"; }

# bootable_disk DISK: the image's system on a GPT disk that boots by itself under UEFI: GRUB,
# the kernel and the initramfs are on the EFI system partition.
bootable_disk() {
	partition "$1" 'size=1M, type=21686148-6449-6E6F-744E-656564454649' 'size=96M, type=uefi' 'size=1G'
	fill "$1" 3 "$VM_IMAGE/root.img"
	rm -rf "$work/esp"
	mkdir "$work/esp"
	cp "$VM_IMAGE/vmlinuz" "$VM_IMAGE/initrd.img" "$work/esp/"
	cat >"$work/esp/grub.cfg" <<-END
		linux /vmlinuz root=UUID=$(cat "$VM_IMAGE/uuid") ro console=ttyS0,115200 no_timer_check systemd.debug_shell=ttyS1
		initrd /initrd.img
		boot
	END
	in_rescue_root sh -ec '
		truncate -s 96M esp.img
		mformat -i esp.img -N 12345678 ::
		mmd -i esp.img ::/EFI ::/EFI/BOOT ::/grub
		grub-mkimage -O x86_64-efi -p /grub -o esp/BOOTX64.EFI part_gpt fat linux normal configfile
		mcopy -i esp.img esp/BOOTX64.EFI ::/EFI/BOOT/
		mcopy -i esp.img esp/grub.cfg ::/grub/
		mcopy -i esp.img esp/vmlinuz esp/initrd.img ::/'
	fill "$1" 2 "$work/esp.img"
}

# add_passphrase DISK PASSPHRASE: beside the key that the image's initramfs holds.
add_passphrase() {
	rm -rf "$work/initrd"
	mkdir "$work/initrd"
	cp "$VM_IMAGE/initrd.img" "$work/"
	printf '%s' "$2" >"$work/passphrase"
	# shellcheck disable=SC2016 # for the shell inside
	in_rescue_root sh -ec 'cd initrd && zstd -q -d -c ../initrd.img | cpio --quiet -id "cryptroot/*"
		cryptsetup luksAddKey --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
			--key-file cryptroot/keyfiles/*.key "../$1" ../passphrase' sh "$(basename "$1")"
}

# check_partition DISK NUMBER: what sshrescue says of it here.
check_partition() {
	local status=0
	mount -o "ro,loop,offset=$(($(start_of "$1" "$2") * 512)),sizelimit=1073741824" "$1" "$work/mounted"
	"${SSHRESCUE_BINARY:-$BUILD/sshrescue}" check --root "$work/mounted" || status=$?
	umount "$work/mounted"
	return "$status"
}

hash_of() { sha256sum <"$1"; }

# --- machines -------------------------------------------------------------------------

# media_start FIRMWARE MEDIUM OPTIONS...: a machine that boots the rescue image (the
# MEDIUM is cd or stick) or what else is there (none). FIRMWARE is bios, or uefi: with
# Secure Boot, and the keys that servers come with. The options are QEMU's: disks.
# The first serial port is the terminal that CONSOLE names, and console.log.
media_start() {
	local firmware=$1 medium=$2 dir=$work/machine options=()
	shift 2
	[ -z "$VM_PID" ] || die "a machine is already running"
	rm -rf "$dir"
	mkdir -p "$dir"
	VM_DIR=$dir
	VM_SHOWN=0
	touch "$dir/console.log" "$dir/qemu.log"
	mkfifo "$dir/shell.in" "$dir/shell.out"
	vm_choose_accelerator "$rescue/vmlinuz"
	case $firmware in
	bios) options=(-machine "q35,accel=$VM_ACCELERATOR") ;;
	uefi)
		cp "$FIRMWARE/OVMF_VARS_4M.ms.fd" "$dir/vars.fd"
		options=(-machine "q35,smm=on,accel=$VM_ACCELERATOR"
			-global driver=cfi.pflash01,property=secure,value=on
			-drive "if=pflash,format=raw,unit=0,readonly=on,file=$FIRMWARE/OVMF_CODE_4M.ms.fd"
			-drive "if=pflash,format=raw,unit=1,file=$dir/vars.fd")
		;;
	plain-uefi)
		cp "$FIRMWARE/OVMF_VARS_4M.fd" "$dir/vars.fd"
		options=(-machine "q35,accel=$VM_ACCELERATOR"
			-drive "if=pflash,format=raw,unit=0,readonly=on,file=$FIRMWARE/OVMF_CODE_4M.fd"
			-drive "if=pflash,format=raw,unit=1,file=$dir/vars.fd")
		;;
	esac
	case $medium in
	cd) options+=(-cdrom "$rescue/sshrescue.iso" -boot once=d) ;;
	stick) options+=(-device qemu-xhci
		-drive "if=none,id=stick,format=raw,readonly=on,file=$rescue/sshrescue.iso"
		-device usb-storage,drive=stick,bootindex=0) ;;
	esac
	VM_PORT=$((20000 + RANDOM % 20000))
	VM_STARTED=$EPOCHREALTIME
	qemu-system-x86_64 -nodefaults -no-user-config -display none -vga std "${options[@]}" \
		-cpu "$VM_CPU" -smp 2 -m 1024 -device virtio-rng-pci \
		-netdev "user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:$VM_PORT-:22" \
		-device virtio-net-pci,netdev=net,romfile= \
		-chardev "pty,id=console,logfile=$dir/console.log" -serial chardev:console \
		-chardev "pipe,id=shell,path=$dir/shell" -serial chardev:shell "$@" </dev/null >"$dir/qemu.log" 2>&1 &
	VM_PID=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		CONSOLE=$(sed -n 's/^char device redirected to \(.*\) (label console)$/\1/p' "$dir/qemu.log")
		if [ -n "$CONSOLE" ]; then
			# Ends by itself when QEMU, the only writer, does.
			cat "$dir/shell.out" >"$dir/shell.log" &
			return 0
		fi
		sleep 0.5
	done
	quote_lines <"$dir/qemu.log" >&2
	die "QEMU does not start"
}

# drive FILE: options for a disk of the machine.
drive() { DRIVES+=(-drive "file=$1,format=raw,if=virtio,cache=unsafe"); }

console_end() { tail -n 30 "$VM_DIR/console.log"; }

# talk SCRIPT ARGUMENT...: the tests that an expect script makes of the console. A script that
# breaks off has said why.
talk() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok - "*) check "${line#ok - }" true ;;
		"not ok - "*) check "${line#not ok - }" not console_end ;;
		*) echo "# $line" ;;
		esac
	done < <(expect "$TOP/tests/media/$1" "$CONSOLE" "$VM_LIMIT" "${@:2}" 2>&1 && echo "ok - $1: it went to the end" ||
		echo "not ok - $1: it went to the end")
}
