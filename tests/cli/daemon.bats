#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later

load fixture
setup() { fixture_root; }

# patch OLD NEW: puts NEW, NUL-padded, over the first whole string OLD in sshd, which must not be shorter
patch()
{
	python3 - "$ROOT/usr/sbin/sshd" "$1" "$2" <<-'EOF'
		import sys
		path, old, new = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode()
		data = open(path, "rb").read()
		at = data.index(b"\0" + old + b"\0") + 1
		assert len(new) <= len(old)
		open(path, "wb").write(data[:at] + new + bytes(len(old) - len(new)) + data[at + len(old):])
	EOF
}

# As the sshd of RHEL 7 and 8, which keeps its directory in /var.
privsep_in_var()
{
	patch /run/sshd /xxx/sshd
	patch 'Missing privilege separation directory: %s' /var/empty/sshd
	mkdir -p "$ROOT/var/empty"
	mkdir -m 0711 "$ROOT/var/empty/sshd"
}

dropin()
{
	mkdir -p "$ROOT/etc/systemd/system/$1.d"
	printf '%s\n' "${@:2}" >"$ROOT/etc/systemd/system/$1.d/override.conf"
}

@test "a healthy root" {
	healthy
}

@test "sshd is missing" {
	rm "$ROOT/usr/sbin/sshd"
	reports daemon.missing
	json '.problems[] | select(.code == "daemon.missing") | .remedy' | grep -q openssh-server
}

@test "sshd is a dangling link" {
	ln -sf sshd.real "$ROOT/usr/sbin/sshd"
	reports daemon.missing
	json '.problems[] | select(.code == "daemon.missing") | .evidence' | grep -q sshd.real
}

@test "a file system that is not mounted is not missing" {
	rm -r "$ROOT/usr/sbin"
	mkdir "$ROOT/usr/sbin"
	echo '/dev/vg/sbin /usr/sbin ext4 defaults 0 2' >>"$ROOT/etc/fstab"
	finds daemon.missing
	[ "$(json '.problems[] | select(.code == "daemon.missing") | .severity')" = unknown ]
}

@test "sshd is empty" {
	: >"$ROOT/usr/sbin/sshd"
	reports daemon.not-a-program
}

@test "sshd was cut off" {
	truncate -s 600000 "$ROOT/usr/sbin/sshd"
	reports daemon.not-a-program
	truncate -s 40 "$ROOT/usr/sbin/sshd"
	finds daemon.not-a-program
}

@test "sshd is a directory, or a fifo" {
	rm "$ROOT/usr/sbin/sshd"
	mkdir "$ROOT/usr/sbin/sshd"
	reports daemon.not-a-program
	rmdir "$ROOT/usr/sbin/sshd"
	mkfifo "$ROOT/usr/sbin/sshd"
	finds daemon.not-a-program
}

@test "sshd is a script: unknown" {
	printf '#!/bin/sh\nexec /usr/sbin/sshd.real "$@"\n' >"$ROOT/usr/sbin/sshd"
	reports daemon.not-a-program
	[ "$(json .verdict)" = unknown ]
}

@test "sshd is not executable" {
	chmod 0644 "$ROOT/usr/sbin/sshd"
	preens daemon.not-executable
}

@test "sshd that others could have written is not made executable" {
	chmod 0666 "$ROOT/usr/sbin/sshd"
	reports daemon.not-executable
	chmod 0644 "$ROOT/usr/sbin/sshd"
	chown 1000 "$ROOT/usr/sbin/sshd"
	reports daemon.not-executable
}

@test "sshd of another architecture" {
	printf '\267' | dd of="$ROOT/usr/sbin/sshd" bs=1 seek=18 conv=notrunc status=none
	reports daemon.architecture
	json '.problems[] | select(.code == "daemon.architecture") | .evidence' | grep -q AArch64
}

@test "sshd-session and sshd-auth are missing" {
	cp "$PROJECT/build/roots/trixie/usr/sbin/sshd" "$ROOT/usr/sbin/sshd"
	reports daemon.helper-missing
	[ "$(json '[.problems[] | select(.code == "daemon.helper-missing")] | length')" -eq 2 ]
	cp "$PROJECT/build/roots/trixie/usr/lib/openssh/sshd-session" "$ROOT/usr/lib/openssh/"
	finds daemon.helper-missing
	[ "$(json '[.problems[] | select(.code == "daemon.helper-missing")] | length')" -eq 1 ]
}

@test "sshd of a newer release than its libraries" {
	cp "$PROJECT/build/roots/trixie/usr/sbin/sshd" "$ROOT/usr/sbin/sshd"
	reports daemon.library-version
	json '.problems[] | select(.code == "daemon.library-version") | .summary' | grep -q GLIBC_2.38
}

@test "the loader is missing, not executable, damaged" {
	local loader
	loader=$(readlink -f "$ROOT/lib64/ld-linux-x86-64.so.2")
	case $loader in "$ROOT"/*) ;; *) loader=$ROOT/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 ;; esac
	chmod 0644 "$loader"
	reports daemon.interpreter
	: >"$loader"
	chmod 0755 "$loader"
	finds daemon.interpreter
	rm "$loader"
	finds daemon.interpreter
}

@test "a library is missing" {
	rm "$ROOT"/usr/lib/x86_64-linux-gnu/libcrypto.so.3
	reports daemon.library-missing
	json '.problems[] | select(.code == "daemon.library-missing") | .summary' | grep -q libcrypto.so.3
}

@test "a library of a library is missing" {
	rm "$ROOT"/usr/lib/x86_64-linux-gnu/libkrb5support.so.0
	finds daemon.library-missing
	json '.problems[] | select(.code == "daemon.library-missing") | .evidence' | grep -q libgssapi_krb5
}

@test "a library is there, but not in the cache" {
	mkdir -p "$ROOT/opt/lib"
	cp -L "$ROOT/usr/lib/x86_64-linux-gnu/libz.so.1" "$ROOT/opt/lib/libz.so.1"
	rm "$ROOT"/usr/lib/x86_64-linux-gnu/libz.so.1
	echo /opt/lib >"$ROOT/etc/ld.so.conf.d/opt.conf"
	finds daemon.library-missing
	json '.problems[] | select(.code == "daemon.library-missing") | .remedy' | grep -q ldconfig
}

@test "a library is empty, cut off, of another machine" {
	local library
	library=$(readlink -f "$ROOT/usr/lib/x86_64-linux-gnu/libz.so.1")
	cp "$library" "$BATS_TEST_TMPDIR/good"
	: >"$library"
	reports daemon.library-broken
	head -c 50000 "$BATS_TEST_TMPDIR/good" >"$library"
	finds daemon.library-broken
	cp "$BATS_TEST_TMPDIR/good" "$library"
	absent daemon.library-broken
	printf '\003' | dd of="$library" bs=1 seek=18 conv=notrunc status=none
	finds daemon.library-missing
}

@test "a search path in the environment: unknown" {
	dropin ssh.service '[Service]' 'Environment=LD_LIBRARY_PATH=/opt/lib'
	reports daemon.library-unknown
	[ "$(json .verdict)" = unknown ]
}

@test "a library that some processors only would stumble over: unknown" {
	local directory=$ROOT/usr/lib/x86_64-linux-gnu
	rm "$ROOT/etc/ld.so.cache"
	healthy
	# Those in between take the damaged one; the least and the best do not.
	mkdir -p "$directory/glibc-hwcaps/x86-64-v3" "$directory/glibc-hwcaps/x86-64-v4"
	: >"$directory/glibc-hwcaps/x86-64-v3/libcrypto.so.3"
	cp "$directory/libcrypto.so.3" "$directory/glibc-hwcaps/x86-64-v4"
	reports daemon.library-unknown
	[ "$(json .verdict)" = unknown ]
	# Whatever the processor is, the outcome is the same.
	: >"$directory/glibc-hwcaps/x86-64-v4/libcrypto.so.3"
	: >"$directory/libcrypto.so.3"
	mkdir "$directory/glibc-hwcaps/x86-64-v2"
	: >"$directory/glibc-hwcaps/x86-64-v2/libcrypto.so.3"
	reports daemon.library-broken
	[ "$(json .verdict)" = unreachable ]
}

@test "sshd with damaged program headers" {
	local sshd=$ROOT/usr/sbin/sshd
	cp "$sshd" "$BATS_TEST_TMPDIR/good"
	# Nobody looks at the section table: e_shoff.
	printf '\0\0\0\0\0\0\0\200' | dd of="$sshd" bs=1 seek=40 conv=notrunc status=none
	healthy
	head -c 560 /dev/zero | tr '\0' '\377' | dd of="$sshd" bs=1 seek=64 conv=notrunc status=none
	reports daemon.not-a-program
	[ "$(json .verdict)" = unreachable ]
	# Where the loader finds its own name: nobody would write that, and it may well start.
	cp "$BATS_TEST_TMPDIR/good" "$sshd"
	printf '\1' | dd of="$sshd" bs=1 seek=$((64 + 56 + 16)) conv=notrunc status=none
	reports daemon.not-a-program
	[ "$(json .verdict)" = unknown ]
}

@test "the user sshd is missing" {
	sed -i '/^sshd:/d' "$ROOT/etc/passwd" "$ROOT/etc/shadow"
	heals daemon.privsep-user
	grep -x 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin' "$ROOT/etc/passwd"
	grep -x 'sshd:!\*:::::::' "$ROOT/etc/shadow"
}

@test "the user sshd is missing and its number is taken" {
	sed -i 's/^sshd:/other:/' "$ROOT/etc/passwd"
	printf 'other2:x:102:102::/:/bin/false' >>"$ROOT/etc/passwd" # no newline at the end
	repairs daemon.privsep-user
	"$SSHRESCUE" repair -y --root "$ROOT" || [ $? -eq 1 ]
	grep -x 'sshd:x:101:65534::/run/sshd:/usr/sbin/nologin' "$ROOT/etc/passwd"
	grep -x 'other2:x:102:102::/:/bin/false' "$ROOT/etc/passwd"
}

@test "/etc/passwd was lost" {
	: >"$ROOT/etc/passwd"
	reports daemon.privsep-user
	json '.problems[] | select(.code == "daemon.privsep-user") | .remedy' | grep -q passwd-
	rm "$ROOT/etc/passwd"
	finds daemon.privsep-user
}

@test "the user sshd may come from elsewhere: unknown" {
	sed -i '/^sshd:/d' "$ROOT/etc/passwd"
	sed -i 's/^passwd:.*/passwd: files sss/' "$ROOT/etc/nsswitch.conf"
	reports daemon.privsep-user
	[ "$(json '.problems[] | select(.code == "daemon.privsep-user") | .severity')" = unknown ]
	sed -i 's/^passwd:.*/passwd: files altfiles/' "$ROOT/etc/nsswitch.conf"
	echo 'sshd:x:74:74::/:/bin/false' >"$ROOT/usr/lib/passwd"
	absent daemon.privsep-user
}

@test "systemd-sysusers makes the user, but only when it runs" {
	sed -i '/^sshd:/d' "$ROOT/etc/passwd"
	echo 'u sshd -:nogroup "sshd user" /run/sshd' >"$ROOT/usr/lib/sysusers.d/openssh-server.conf"
	absent daemon.privsep-user
	touch "$ROOT/etc/.updated"
	touch -d 2020-01-01 "$ROOT/usr"
	repairs daemon.privsep-user
	touch -d 2030-01-01 "$ROOT/usr"
	absent daemon.privsep-user
	ln -s /dev/null "$ROOT/etc/systemd/system/systemd-sysusers.service"
	finds daemon.privsep-user
}

@test "the privilege separation directory is missing" {
	privsep_in_var
	absent daemon.privsep-missing
	rmdir "$ROOT/var/empty/sshd"
	preens daemon.privsep-missing
	rmdir "$ROOT/var/empty"
	preens daemon.privsep-missing
}

@test "a file in place of the privilege separation directory" {
	privsep_in_var
	rmdir "$ROOT/var/empty/sshd"
	echo >"$ROOT/var/empty/sshd"
	reports daemon.privsep-missing
}

@test "tmpfiles.d makes the privilege separation directory" {
	privsep_in_var
	rmdir "$ROOT/var/empty/sshd"
	echo 'd /var/empty/sshd 0711 root root -' >"$ROOT/usr/lib/tmpfiles.d/sshd.conf"
	absent daemon.privsep-missing
	: >"$ROOT/etc/tmpfiles.d/sshd.conf"
	finds daemon.privsep-missing
}

@test "the privilege separation directory is open to others" {
	privsep_in_var
	chmod 0777 "$ROOT/var/empty/sshd"
	preens daemon.privsep-mode
	chmod 0755 "$ROOT/var/empty/sshd"
	chown 1000:1000 "$ROOT/var/empty/sshd"
	preens daemon.privsep-mode
}

@test "/run/sshd is nobody's business while the unit makes it" {
	absent daemon.privsep-missing
	absent daemon.privsep-runtime
}

@test "no unit makes /run/sshd" {
	dropin ssh.service '[Service]' 'RuntimeDirectory='
	preens daemon.privsep-runtime
	dropin ssh.service '[Service]' 'RuntimeDirectory=' 'ExecStartPre=/bin/mkdir -p /run/sshd'
	absent daemon.privsep-runtime
}

@test "the unit makes /run/sshd writable for a group" {
	dropin ssh.service '[Service]' 'RuntimeDirectoryMode=0775'
	preens daemon.privsep-runtime
}

@test "an sshd that names no known directory, of no known distribution: unknown" {
	patch /run/sshd /xxx/sshd
	absent daemon.privsep-unknown
	printf 'ID=someos\n' >"$ROOT/etc/os-release"
	reports daemon.privsep-unknown
}

@test "an option that sshd does not know" {
	echo 'SSHD_OPTS=-Z' >"$ROOT/etc/default/ssh"
	heals daemon.option
	grep -x 'SSHD_OPTS=' "$ROOT/etc/default/ssh"
}

@test "only the bad option goes" {
	printf '# options\nSSHD_OPTS="-4 -eZ   -p 99999 -u0"\n' >"$ROOT/etc/default/ssh"
	repairs daemon.option
	"$SSHRESCUE" repair -y --root "$ROOT" || [ $? -eq 1 ]
	grep -x 'SSHD_OPTS="-4 -e -u0"' "$ROOT/etc/default/ssh"
	grep -x '# options' "$ROOT/etc/default/ssh"
}

@test "a bad option in a unit of the administrator's" {
	dropin ssh.service '[Service]' 'ExecStart=' 'ExecStart=/usr/sbin/sshd -D --no-such'
	heals daemon.option
	grep -x 'ExecStart=/usr/sbin/sshd -D' "$ROOT/etc/systemd/system/ssh.service.d/override.conf"
}

@test "a bad option in the vendor's unit" {
	sed -i 's,sshd -D ,sshd -D -Z ,' "$ROOT/usr/lib/systemd/system/ssh.service"
	reports daemon.option
}

@test "sshd only tests its configuration" {
	echo 'SSHD_OPTS="-t"' >"$ROOT/etc/default/ssh"
	heals daemon.mode
	grep -x 'SSHD_OPTS=""' "$ROOT/etc/default/ssh"
	echo 'SSHD_OPTS="-4Tu0"' >"$ROOT/etc/default/ssh"
	repairs daemon.mode
	echo 'SSHD_OPTS="-o Banner=-t"' >"$ROOT/etc/default/ssh"
	absent daemon.mode
	echo 'SSHD_OPTS="-d"' >"$ROOT/etc/default/ssh"
	repairs daemon.mode
}

@test "a configuration file that is not there" {
	echo 'SSHD_OPTS="-f /etc/ssh/no_such_config -4"' >"$ROOT/etc/default/ssh"
	repairs daemon.config-file
	"$SSHRESCUE" repair -y --root "$ROOT" || [ $? -eq 1 ]
	grep -x 'SSHD_OPTS="-4"' "$ROOT/etc/default/ssh"
}

@test "sshd is started without its path" {
	dropin ssh.service '[Service]' 'ExecStart=' 'ExecStart=sshd -D'
	reports daemon.relative-path
}
