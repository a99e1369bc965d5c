# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scripts/demo, scripts/demo-image and tests/qemu/run share: talking to the
# person who waits, and running one virtual machine at a time.
#
# Sourced by bash scripts with "set -euo pipefail". Every wait here has a limit,
# and vm_cleanup ends the machine on every way out.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${SSHRESCUE_BUILD:-$TOP/build}
DEMO=$BUILD/demo
# The image that the machine is made from: its uuid, key and known_hosts.
VM_IMAGE=$DEMO/image
# More options for QEMU, as a test wants them.
VM_OPTIONS=()

# --- talking -----------------------------------------------------------------

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
	BOLD='' DIM='' PLAIN=''
fi

# headline TEXT: a new part begins.
headline() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }

note() { printf '   %s\n' "$*"; }

# begin TEXT ... done_in [TEXT]: one step, and how long it took.
begin() {
	STEP_STARTED=$EPOCHREALTIME
	printf -- '-- %s\n' "$*"
}

done_in() {
	printf -- '   %s%s in %s s%s\n' "$DIM" "${*:-done}" "$(seconds_since "$STEP_STARTED")" "$PLAIN"
}

# seconds_since EPOCHREALTIME: with one decimal.
seconds_since() {
	local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
	printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# quote_lines: indent what another program said.
quote_lines() { sed -e 's/\r//g' -e "s/^/   | /"; }

# --- files -------------------------------------------------------------------

# need_root "$0" "$@": go on as root, through sudo where needed, and with mounts of our own. Whoever unshares a mount
# namespace meanwhile (sandboxes do, other tests too) would take a copy of every mount along, and keep the file system
# of an image mounted behind our umount: what is read from the image's file then is an older state of it, whole but
# without the newest names. A machine that boots from it finds no init.
need_root() {
	if [ "$(id -u)" -eq 0 ]; then
		[ -z "${SSHRESCUE_OWN_MOUNTS:-}" ] || return 0
		SSHRESCUE_OWN_MOUNTS=y exec unshare --mount "$@"
	fi
	command -v sudo >/dev/null ||
		die "must run as root (it makes a disk image with files of many owners), and sudo is not installed"
	exec sudo --preserve-env=SSHRESCUE_BUILD,SSHRESCUE_BINARY,SSHRESCUE_ACCELERATOR,SSHRESCUE_MIRROR,SSHRESCUE_SECURITY_MIRROR,SSHRESCUE_BOOT_LIMIT "$@"
}

# run_make GOAL...: in the build directory that these scripts use.
run_make() {
	"${MAKE:-make}" --no-print-directory -C "$TOP" ${SSHRESCUE_BUILD:+BUILD="$SSHRESCUE_BUILD"} "$@"
}

# remove_tree DIR: never deletes through somebody's bind mount.
remove_tree() {
	local path
	[ -e "$1" ] || return 0
	path=$(realpath "$1")
	if awk -v p="$path/" 'index($5 "/", p) == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo; then
		die "something is mounted under $path; unmount it first"
	fi
	rm -rf --one-file-system "$path"
}

# --- one virtual machine -----------------------------------------------------

# A boot takes about 16 s without KVM on two idle cores, ten times that on busy ones.
# This is the most that anything is waited for.
VM_LIMIT=${SSHRESCUE_BOOT_LIMIT:-400}
VM_PID='' VM_PORT='' VM_DIR='' VM_STARTED='' VM_SHOWN=0

# What runs the machine: hardware where it works, else emulation. A /dev/kvm that is there need not work: inside another
# machine QEMU may stop at a register that it cannot set, or the guest hang. So a kernel without a root is started
# first: it panics, and ends the machine, within a second or two. SSHRESCUE_ACCELERATOR=tcg wants emulation.
VM_ACCELERATOR='' VM_CPU=''

# vm_choose_accelerator KERNEL
vm_choose_accelerator() {
	[ -z "$VM_ACCELERATOR" ] || return 0
	# QEMU's emulation of cmpxchg16b is wrong in some releases, and newer kernels use it.
	VM_ACCELERATOR=tcg VM_CPU=max,-cx16
	[ "${SSHRESCUE_ACCELERATOR:-kvm}" = kvm ] && [ -r /dev/kvm ] && [ -w /dev/kvm ] || return 0
	if timeout 10 qemu-system-x86_64 -nodefaults -no-user-config -display none -vga none -no-reboot \
		-machine q35,accel=kvm -cpu host -m 256 -kernel "$1" -append 'panic=-1 quiet' \
		</dev/null >/dev/null 2>&1; then
		VM_ACCELERATOR=kvm VM_CPU=host
	else
		note "/dev/kvm is there, but does not run a machine: emulating it"
	fi
}

# vm_start DIR DISK KERNEL INITRD CMDLINE
#
# Boots DISK (raw, written to) with the machine's only network card in QEMU's
# user network; a free port of 127.0.0.1 (VM_PORT) is forwarded to the guest's
# port 22, and the guest can reach nothing outside.
# DIR gets console.log (ttyS0; what is written to console.in is typed there) and shell.log (ttyS1): there the guest's own systemd
# runs a root shell, for looking at a machine that nobody can log in to. wire.pcap
# gets what passes the network card.
vm_start() {
	local dir=$1 disk=$2 kernel=$3 initrd=$4 cmdline=$5 try
	[ -z "$VM_PID" ] || die "a machine is already running"
	rm -rf "$dir"
	mkdir -p "$dir"
	VM_DIR=$dir
	VM_SHOWN=0
	mkfifo "$dir/shell.in" "$dir/shell.out" "$dir/console.in" "$dir/console.out"
	touch "$dir/console.log" "$dir/shell.log"
	vm_choose_accelerator "$kernel"
	for try in 1 2 3 4 5; do
		VM_PORT=$((20000 + RANDOM % 20000))
		VM_STARTED=$EPOCHREALTIME
		qemu-system-x86_64 -nodefaults -no-user-config -display none -vga none -no-reboot \
			-machine "q35,accel=$VM_ACCELERATOR" -cpu "$VM_CPU" -smp 2 -m 512 \
			-kernel "$kernel" -initrd "$initrd" \
			-append "root=UUID=$(cat "$VM_IMAGE/uuid") console=ttyS0,115200 panic=-1 no_timer_check systemd.default_device_timeout_sec=600 systemd.default_timeout_start_sec=600 systemd.debug_shell=ttyS1 $cmdline" \
			-drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
			-device virtio-rng-pci \
			-netdev "user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:$VM_PORT-:22" \
			-object "filter-dump,id=wire,netdev=net,file=$dir/wire.pcap" \
			-device virtio-net-pci,netdev=net,romfile= \
			-chardev "pipe,id=console,path=$dir/console" \
			-serial chardev:console \
			-chardev "pipe,id=shell,path=$dir/shell" \
			-serial chardev:shell \
			"${VM_OPTIONS[@]}" \
			</dev/null >"$dir/qemu.log" 2>&1 &
		VM_PID=$!
		sleep 0.3
		if kill -0 "$VM_PID" 2>/dev/null; then
			# They end by themselves when QEMU, the only writer, does.
			cat "$dir/console.out" >"$dir/console.log" &
			cat "$dir/shell.out" >"$dir/shell.log" &
			return 0
		fi
		wait "$VM_PID" || true
		VM_PID=''
		# Only a port that is taken is worth another try.
		grep -q 'host forwarding' "$dir/qemu.log" || break
	done
	quote_lines <"$dir/qemu.log" >&2
	die "QEMU does not start (try $try)"
}

# vm_running: true while QEMU lives.
vm_running() { [ -n "$VM_PID" ] && kill -0 "$VM_PID" 2>/dev/null; }

# vm_seconds: since the machine was switched on.
vm_seconds() { seconds_since "$VM_STARTED"; }

# vm_show_console: the whole lines that the serial console has got since the last call.
vm_show_console() {
	local line total
	total=$(wc -l <"$VM_DIR/console.log" 2>/dev/null || echo 0)
	[ "$total" -gt "$VM_SHOWN" ] || return 0
	while IFS= read -r line; do
		line=${line//[$'\r\e']/}
		[ -z "$line" ] || printf '   %s%6s s |%s %s\n' "$DIM" "$(vm_seconds)" "$PLAIN" "$line"
	done < <(sed -n "$((VM_SHOWN + 1)),${total}p" "$VM_DIR/console.log")
	VM_SHOWN=$total
}

# vm_wait_console REGEX [SECONDS]: until the serial console shows a line like it.
# With VM_FOLLOW set, the console is shown meanwhile, and a sign of life while it is silent.
vm_wait_console() {
	local until=$((SECONDS + ${2:-$VM_LIMIT})) alive=$((SECONDS + 5)) found='' shown
	while :; do
		! grep -qaE -- "$1" "$VM_DIR/console.log" 2>/dev/null || found=y
		if [ -n "${VM_FOLLOW:-}" ]; then
			shown=$VM_SHOWN
			vm_show_console
			[ "$VM_SHOWN" -eq "$shown" ] || alive=$((SECONDS + 5))
			if [ $SECONDS -ge $alive ]; then
				printf '   %s%6s s ...%s\n' "$DIM" "$(vm_seconds)" "$PLAIN"
				alive=$((SECONDS + 5))
			fi
		fi
		[ -z "$found" ] || return 0
		vm_running || return 1
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}

# vm_banner: the line with which whatever listens on the guest's port 22 opens.
# Empty when nothing does.
vm_banner() {
	{ ssh-keyscan -T 15 -t ed25519 -p "$VM_PORT" 127.0.0.1 2>&1 || true; } |
		sed -n 's/^# [^ ]* \(SSH-.*\)$/\1/p' | head -n 1
}

# vm_wait_banner [SECONDS]: prints it.
vm_wait_banner() {
	local until=$((SECONDS + ${1:-$VM_LIMIT})) banner
	while :; do
		banner=$(vm_banner)
		if [ -n "$banner" ]; then
			printf '%s\n' "$banner"
			return 0
		fi
		vm_running || return 1
		[ $SECONDS -lt $until ] || return 1
		sleep 0.3
	done
}

# vm_wire_answers: how the guest itself answered SYNs to its port 22, read from the
# packets that left its network card: "refused accepted". A client of QEMU's user
# network never sees a refusal: QEMU takes its connection first, and resets it when
# the guest refuses.
vm_wire_answers() {
	od -An -v -tu1 -w16 "$VM_DIR/wire.pcap" | awk '
		{ for (i = 1; i <= NF; i++) byte[n++] = $i }
		END {
			# pcap: a header of 24 bytes; per packet 16 bytes, the third word its length
			for (at = 24; at + 16 <= n; at = frame + len) {
				len = byte[at + 8] + 256 * byte[at + 9] + 65536 * byte[at + 10]
				frame = at + 16
				if (byte[frame + 12] != 8 || byte[frame + 13] != 0 || byte[frame + 23] != 6)
					continue # not IPv4, not TCP
				tcp = frame + 14 + 4 * (byte[frame + 14] % 16)
				if (byte[tcp] * 256 + byte[tcp + 1] != 22)
					continue
				flags = byte[tcp + 13]
				if (flags == 20) refused++  # RST, ACK
				if (flags == 18) accepted++ # SYN, ACK
			}
			print refused + 0, accepted + 0
		}'
}

# vm_ssh COMMAND...: log in as root with the demo's key. The host key must be the
# one that the image was made with.
vm_ssh() {
	timeout 240 ssh -F /dev/null -p "$VM_PORT" -i "$VM_IMAGE/key" \
		-o BatchMode=yes -o IdentitiesOnly=yes -o LogLevel=ERROR -o ConnectTimeout=60 \
		-o UserKnownHostsFile="$VM_IMAGE/known_hosts" -o StrictHostKeyChecking=yes \
		-o HostKeyAlias=demo root@127.0.0.1 "$@" </dev/null
}

# vm_shell COMMAND: run it in the guest's debug shell; prints its output, returns
# its status; 255 when no answer comes within a minute.
vm_shell() {
	local mark=${EPOCHREALTIME//[.,]/} until=$((SECONDS + 60)) log=$VM_DIR/shell.log
	# Nobody would read what is written to the shell.
	vm_running || return 255
	if [ ! -e "$VM_DIR/shell.plain" ]; then
		# The guest starts bash with line editing; a plain shell sends no escapes.
		printf 'exec env PS1= PS2= TERM=dumb sh\n' >"$VM_DIR/shell.in"
		touch "$VM_DIR/shell.plain"
	fi
	# The terminal echoes the command; the split words keep the echo from
	# looking like the marks.
	printf 'stty -echo; echo "BEG""IN-%s"; %s\necho "EN""D-%s $?"\n' "$mark" "$1" "$mark" >"$VM_DIR/shell.in"
	while ! grep -qa "^END-$mark " "$log" 2>/dev/null; do
		vm_running && [ $SECONDS -lt $until ] || return 255
		sleep 0.2
	done
	tr -d '\r' <"$log" | sed -n "/BEGIN-$mark\$/,/^END-$mark /p" | sed -e '1d' -e '$d'
	return "$(tr -d '\r' <"$log" | sed -n "s/^END-$mark //p")"
}

# vm_power_off: in good order, from the guest's own shell.
vm_power_off() {
	vm_running || return 1
	printf 'systemctl poweroff\n' >"$VM_DIR/shell.in"
	vm_wait_exit
}

# vm_wait_exit: until the machine is off.
vm_wait_exit() {
	local until=$((SECONDS + 120))
	while vm_running; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
	wait "$VM_PID" 2>/dev/null || true
	VM_PID=''
}

# vm_cleanup: end the machine, whatever it is doing. For the EXIT trap.
vm_cleanup() {
	[ -n "$VM_PID" ] || return 0
	kill "$VM_PID" 2>/dev/null || true
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$VM_PID" 2>/dev/null || break
		sleep 0.2
	done
	kill -9 "$VM_PID" 2>/dev/null || true
	wait "$VM_PID" 2>/dev/null || true
	VM_PID=''
}

# with_tools_of ROOT DIRECTORY COMMAND...: what is installed in another root, at work in a
# directory of ours, which is /mnt there.
with_tools_of() {
	local root=$1 directory=$2
	shift 2
	mkdir -p "$root/mnt"
	# shellcheck disable=SC2016 # for the shell inside
	unshare -m sh -c 'mount --bind "$1" "$2/mnt" && shift && exec chroot "$@"' sh "$directory" "$root" \
		sh -c 'cd /mnt && exec "$@"' sh "$@"
}
