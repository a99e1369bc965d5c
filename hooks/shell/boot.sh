# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the shell hooks of all initramfs generators share: find out, without
# starting a process, whether a run is asked for; run it; and make sure that
# nothing it does, not even hanging or crashing, keeps the machine from booting.
#
# sshrescue itself reads what is asked, remounts, keeps the time limit and writes
# the report. It is sourced, in the initramfs, from /usr/lib/sshrescue/boot.sh, by
# klibc's sh, BusyBox's ash, dash or bash. A hook that is sourced itself (dracut,
# mkinitcpio) calls these functions in a subshell, which keeps their variables in.

sshrescue_tool=/usr/sbin/sshrescue
sshrescue_limit=60

# The clock below must not run out before sshrescue's own does.
sshrescue_take_timeout() {
	case $1 in
	'' | 0* | *[!0-9]* | ??????*) ;;
	*) sshrescue_limit=$1 ;;
	esac
}

# sshrescue_wanted ROOT: whether to start sshrescue. It decides for itself what to
# do; here only the boot that nobody asked anything of is kept free of it.
sshrescue_wanted() {
	mode=
	# May hold boot=. What matters here is only how long the run may take.
	if [ -e /etc/sshrescue.conf ]; then
		mode=configured
		while IFS='= 	' read -r key value || [ -n "$key" ]; do
			case $key=$value in
			timeout=*) sshrescue_take_timeout "$value" ;;
			boot=shell) mode=shell ;;
			esac
		done </etc/sshrescue.conf
	fi
	# sshrescue arm, and boot=guard
	[ ! -e "$1/etc/sshrescue/armed" ] || mode=armed
	# systemd-stub puts what lies beside it on the boot partition here.
	[ ! -e /.extra/credentials/sshrescue.mode.cred ] || mode=credential

	set -f
	line=
	read -r line </proc/cmdline || :
	for word in $line; do
		case $word in
		--) break ;;
		rd.sshrescue) mode=repair ;;
		rd.sshrescue=*) mode=${word#*=} ;;
		rd.sshrescue.timeout=*) sshrescue_take_timeout "${word#*=}" ;;
		esac
	done
	set +f

	case $mode in
	'' | off | 0 | no) return 1 ;;
	esac
}

# To the console even with "quiet", and to the kernel log for the booted system.
sshrescue_complain() {
	echo "sshrescue: $*"
	echo "<4>sshrescue: $*" 2>/dev/null >/dev/kmsg || :
}

# sshrescue_read_only ROOT: whether it is mounted so.
sshrescue_read_only() {
	found=
	while read -r _ at _ options _; do
		[ "$at" = "$1" ] || continue
		case ,$options, in
		*,ro,*) found=y ;;
		*) found= ;;
		esac
	done </proc/mounts
	[ -n "$found" ]
}

# sshrescue_settle ROOT: a run that was killed may have left the root writable, and
# that would make the booted system skip its own fsck (ConditionPathIsReadWrite=!/).
sshrescue_settle() {
	[ -n "$was_read_only" ] || return 0
	mount -o remount,ro "$1" ||
		sshrescue_complain "the root could not be made read-only again"
}

# sshrescue_run ROOT: run it, but never wait longer than its own time limit and a
# little. Uses what sshrescue_wanted found out. Always true.
sshrescue_run() {
	if [ ! -x "$sshrescue_tool" ]; then
		sshrescue_complain "not run: $sshrescue_tool is not in this initramfs; the boot goes on"
		return 0
	fi

	# The shell itself opens it for everything that it starts in the background.
	if [ ! -c /dev/null ]; then
		sshrescue_complain "not run: there is no /dev/null; the boot goes on"
		return 0
	fi

	# An operator who asks for a shell may take all the time in the world.
	if [ "$mode" = shell ]; then
		"$sshrescue_tool" boot --root "$1" </dev/null ||
			sshrescue_complain "ended with status $?; the boot goes on"
		return 0
	fi

	was_read_only=
	! sshrescue_read_only "$1" || was_read_only=y

	# sshrescue stops at its limit by itself; this is for one that no longer can.
	sshrescue_limit=$((sshrescue_limit + 10))
	sleep "$sshrescue_limit" &
	clock=$!

	(
		"$sshrescue_tool" boot --root "$1" </dev/null &
		pid=$!
		late=
		trap 'late=y; kill -9 "$pid"; wait "$pid" 2>/dev/null' TERM
		wait "$pid" 2>/dev/null
		status=$?
		# 0 to 63 are sshrescue's own exit bits, which it has explained itself.
		if [ -n "$late" ]; then
			sshrescue_settle "$1"
		elif [ "$status" -gt 63 ]; then
			sshrescue_complain "ended abnormally (status $status); the boot goes on"
			sshrescue_settle "$1"
		fi
		kill "$clock" 2>/dev/null
	) &
	job=$!

	if wait "$clock" 2>/dev/null; then
		sshrescue_complain "no end after $sshrescue_limit s, killed; the boot goes on"
		kill "$job"
		# A process that hangs in the kernel cannot even be killed: do not wait for long.
		for _ in 1 2 3; do
			sleep 1
			kill -0 "$job" 2>/dev/null || break
		done
	else
		# The run is over and stopped the clock.
		wait "$job"
	fi
	return 0
}
