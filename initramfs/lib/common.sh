# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034 # whoever sources it uses them
#
# What the parts of the rescue image share: the kernel command line, drivers, the
# network, and leaving. Sourced by BusyBox ash.

state=/run/sshrescue

# BusyBox's shell prefers its own program of that name to the one in the PATH.
modprobe() { /usr/sbin/modprobe "$@"; }

say() { printf 'sshrescue: %s\n' "$*"; }

# consoles: those of the kernel, one a line.
consoles() {
	tr ' ' '\n' </sys/class/tty/console/active | sed 's/^tty0$/tty1/'
}

# show_all FILE: on every console. One that is not there is no reason to stop.
show_all() {
	for console in $(consoles); do
		sed 's/$/\r/' "$1" 2>/dev/null >"/dev/$console"
	done
}

tell_all() {
	say "$*" >"$state/told"
	show_all "$state/told"
}

# read_command_line: sets mode, then, wait, limit and network.
read_command_line() {
	mode='' then=poweroff wait=30 limit=1800 network=''
	set -f
	read -r line </proc/cmdline || :
	for word in $line; do
		case $word in
		--) break ;;
		rd.sshrescue) mode=repair ;;
		rd.sshrescue=check | rd.sshrescue=preen | rd.sshrescue=repair | rd.sshrescue=rehearse | rd.sshrescue=shell)
			mode=${word#*=}
			;;
		rd.sshrescue=off | rd.sshrescue=0 | rd.sshrescue=no | rd.sshrescue=) mode='' ;;
		rd.sshrescue=*) say "unknown: rd.sshrescue=; the menu it is" ;;
		rd.sshrescue.then=*) then=${word#*=} ;;
		rd.sshrescue.wait=*) number "${word#*=}" && wait=${word#*=} ;;
		rd.sshrescue.timeout=*) number "${word#*=}" && limit=${word#*=} ;;
		rd.sshrescue.key=/*) [ ! -f "${word#*=}" ] || cp "${word#*=}" "$state/key" ;;
		rd.sshrescue.ip=*) network=${word#*=} ;;
		esac
	done
	set +f
}

# number WORD: whether it is one, and a short one.
number() {
	case $1 in
	'' | *[!0-9]* | ?????*) return 1 ;;
	esac
}

# --- hardware ---------------------------------------------------------------------

# coldplug: load a driver for every device that names one.
coldplug() {
	find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u >/run/modalias
	# What has no driver here is no error.
	tr '\n' '\0' </run/modalias | xargs -0 -r -n 200 /usr/sbin/modprobe -q -a -b 2>/dev/null
}

# settle SECONDS: drivers, until no new device has appeared for two seconds, at most that
# long. A disk behind a USB or RAID controller takes its time.
settle() {
	end=$(($(uptime_seconds) + $1))
	quiet=0
	before=
	while [ "$quiet" -lt 2 ] && [ "$(uptime_seconds)" -lt "$end" ]; do
		coldplug
		now=$(find /sys/devices -name modalias | wc -l)/$(ls /sys/class/block)
		if [ "$now" = "$before" ]; then quiet=$((quiet + 1)); else quiet=0; fi
		before=$now
		sleep 1
	done
}

uptime_seconds() {
	read -r up _ </proc/uptime
	echo "${up%.*}"
}

# --- disks --------------------------------------------------------------------------

# alone COMMAND...: one console at a time works on the disks.
alone() {
	(
		flock -n 9 || {
			echo "Another console is at work on the disks; try again when it is done."
			exit 1
		}
		"$@" 9>&-
	) 9>"$state/lock"
}

# disks WORD...: with the key to what is encrypted, once there is one.
disks() {
	[ ! -e "$state/key" ] || set -- "$@" --key-file "$state/key"
	sshrescue disks "$@"
}

# look: what is on the disks, for all menus: found (everything), systems (a line each).
look() {
	say "looking at the disks"
	alone disks >"$state/found.$$" 2>&1 </dev/null
	# The table, an empty line, and a line for each system.
	sed '1,/^$/d' "$state/found.$$" >"$state/systems.$$"
	mv "$state/found.$$" "$state/found"
	mv "$state/systems.$$" "$state/systems"
}

# --- network -----------------------------------------------------------------------

# cards: the network interfaces that are hardware, one a line.
cards() {
	for card in /sys/class/net/*; do
		[ ! -e "$card/device" ] || echo "${card##*/}"
	done
}

# network_dhcp: an address for every card that has a cable.
network_dhcp() {
	modprobe -q af_packet
	for card in $(cards); do
		ip link set "$card" up
	done
	for card in $(cards); do
		say "asking for an address on $card"
		udhcpc -i "$card" -n -q -t 5 -T 2 -s /usr/lib/sshrescue/dhcp >/dev/null 2>&1 ||
			say "no answer on $card"
	done
	addresses
}

# network_static CARD ADDRESS/LENGTH GATEWAY NAMESERVER
network_static() {
	if [ -z "$1" ] || [ ! -e "/sys/class/net/$1" ]; then
		echo "There is no card '$1'."
		return 1
	fi
	modprobe -q af_packet
	ip link set "$1" up && ip addr flush dev "$1" && ip addr add "$2" dev "$1" || return 1
	[ -z "$3" ] || ip route replace default via "$3" dev "$1"
	[ -z "$4" ] || echo "nameserver $4" >/etc/resolv.conf
}

# addresses: what is configured, a line for each.
addresses() {
	ip -o -4 addr show scope global | while read -r _ card _ address _; do
		printf '%s %s\n' "$card" "$address"
	done
}

# --- consoles, and leaving -----------------------------------------------------------

# keep_on CONSOLE COMMAND...: it runs there, again and again.
keep_on() {
	console=$1
	shift
	(
		# A serial port that the kernel was told of and that is not there cannot be opened.
		tries=0
		while [ "$tries" -lt 5 ]; do
			if (: <"/dev/$console") 2>/dev/null; then
				setsid -c "$@" <"/dev/$console" >"/dev/$console" 2>&1
				tries=0
			else
				tries=$((tries + 1))
			fi
			sleep 1
		done
	) &
}

# leave poweroff|reboot
leave() {
	sync
	say "$1"
	"$1" -f
}
