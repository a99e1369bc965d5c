# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scripts/rescue-base and scripts/rescue-image share. Sourced behind scripts/lib.sh.

export LC_ALL=C TZ=UTC
umask 022
rescue=$BUILD/rescue
root=$rescue/root
work=$rescue/work-${0##*/}

# rescue_begin: the root that everything is made of and with, and an empty $work.
rescue_begin() {
	mkdir -p "$rescue"
	"$TOP/scripts/rescue-root" "$root"
	exec 8>"$rescue/${0##*/}.lock"
	flock 8
	rm -rf "$work"
	mkdir -p "$work"
	trap 'rm -rf "$work"' EXIT
}

# in_root COMMAND...: with the tools of the root, in $work.
in_root() { with_tools_of "$root" "$work" "$@"; }

# archive TREE FILE: $work/TREE as a compressed cpio archive in which nothing tells when
# and in what order it was made.
# Threads change the time that zstd takes, not what it writes.
archive() {
	find "$work/$1" -exec touch -h -d @0 {} +
	# shellcheck disable=SC2016 # for the shell inside
	in_root sh -c 'cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --quiet --null -o -H newc --reproducible -R 0:0' sh "$1" >"$work/$1.cpio"
	in_root zstd -q -f "${@:3}" "$1.cpio" -o "$1.cpio.zst"
	# The kernel finds the next archive at a multiple of four.
	truncate -s %4 "$work/$1.cpio.zst"
	mv "$work/$1.cpio.zst" "$2"
}
