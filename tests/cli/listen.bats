#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later

load fixture
setup() { fixture_root; }

config() { printf '%s\n' "$@" >>"$ROOT/etc/ssh/sshd_config"; }

dropin()
{
	mkdir -p "$ROOT/etc/systemd/system/$1.d"
	printf '%s\n' "${@:3}" >"$ROOT/etc/systemd/system/$1.d/$2.conf"
}

# The socket instead of the service, as `systemctl disable ssh.service; systemctl enable ssh.socket` does it.
by_socket()
{
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/ssh.service"
	mkdir -p "$ROOT/etc/systemd/system/sockets.target.wants"
	ln -s /lib/systemd/system/ssh.socket "$ROOT/etc/systemd/system/sockets.target.wants/ssh.socket"
}

# Ubuntu 24.04: the socket unit and the generator that feeds it.
by_generator()
{
	by_socket
	printf '%s\n' '[Unit]' '[Socket]' ListenStream=0.0.0.0:22 'ListenStream=[::]:22' BindIPv6Only=ipv6-only Accept=no \
		FreeBind=yes '[Install]' WantedBy=sockets.target >"$ROOT/usr/lib/systemd/system/ssh.socket"
	cp "$ROOT/usr/sbin/sshd" "$ROOT/usr/lib/systemd/system-generators/sshd-socket-generator"
}

ports()
{
	check
	[ "$(json '.ports | join(",")')" = "$1" ] || fail "expected ports $1"
}

@test "listens on loopback only" {
	config 'ListenAddress 127.0.0.1'
	heals listen.loopback
	grep -x '#ListenAddress 127.0.0.1 # sshrescue: .*' "$ROOT/etc/ssh/sshd_config"
}

@test "every form of loopback" {
	config 'ListenAddress localhost:2222' 'ListenAddress [::1]:22' 'ListenAddress 127.1'
	printf 'ListenAddress\t127.0.0.53\r\n' >"$ROOT/etc/ssh/sshd_config.d/a.conf"
	heals listen.loopback
	[ "$(grep -c '^#ListenAddress .* # sshrescue: ' "$ROOT/etc/ssh/sshd_config")" -eq 3 ]
	grep -q "^#ListenAddress	127.0.0.53 # sshrescue: .*"$'\r''$' "$ROOT/etc/ssh/sshd_config.d/a.conf"
}

@test "the name of the host is loopback where /etc/hosts says so" {
	echo '127.0.1.1 myhost.example myhost' >>"$ROOT/etc/hosts"
	config 'ListenAddress myhost'
	repairs listen.loopback
}

@test "one address besides loopback is enough" {
	config 'ListenAddress 127.0.0.1' 'ListenAddress 0.0.0.0'
	absent listen.loopback
	[ "$(json .verdict)" = reachable ]
}

@test "loopback on the command line is not edited" {
	echo 'SSHD_OPTS="-o ListenAddress=127.0.0.1"' >"$ROOT/etc/default/ssh"
	reports listen.loopback
}

@test "a socket unit on loopback" {
	by_socket
	dropin ssh.socket override '[Socket]' ListenStream= ListenStream=127.0.0.1:22
	heals listen.loopback
}

@test "a name that needs a resolver: unknown" {
	config 'ListenAddress ssh.example.com'
	reports listen.name
	[ "$(json .verdict)" = unknown ]
	echo '192.0.2.7 ssh.example.com' >>"$ROOT/etc/hosts"
	absent listen.name
}

@test "an address that nothing configures: unknown" {
	config 'ListenAddress 192.0.2.7'
	reports listen.address
	[ "$(json .verdict)" = unknown ]
	printf '[Match]\nName=eth0\n[Network]\nAddress=192.0.2.7/24\n' >"$ROOT/etc/systemd/network/10-eth0.network"
	absent listen.address
	printf '[Match]\nName=eth0\n[Network]\nGateway=192.0.2.7\nDHCP=yes\n' >"$ROOT/etc/systemd/network/10-eth0.network"
	finds listen.address
}

@test "IPv6 only" {
	config 'AddressFamily inet6'
	reports listen.ipv6-only
	[ "$(json .verdict)" = reachable ]
}

@test "IPv4 only" {
	config 'AddressFamily inet'
	reports listen.ipv4-only
	[ "$(json .verdict)" = reachable ]
	[ "$status" -eq 0 ]
}

@test "a bare port of a socket with BindIPv6Only=ipv6-only is IPv6 only" {
	by_socket
	absent listen.ipv6-only
	dropin ssh.socket override '[Socket]' BindIPv6Only=ipv6-only
	finds listen.ipv6-only
	dropin ssh.socket override '[Socket]' BindIPv6Only=ipv6-only ListenStream=0.0.0.0:22
	absent listen.ipv6-only
}

@test "ports add up, and -p replaces them" {
	config 'Port 2222' 'Port 2022'
	ports 2222,2022
	config 'ListenAddress 0.0.0.0' 'ListenAddress [::]:2200'
	ports 2222,2022,2200
	echo 'SSHD_OPTS="-p 99"' >"$ROOT/etc/default/ssh"
	ports 99,2200
}

@test "the socket unit decides, not sshd_config" {
	by_socket
	config 'Port 2222'
	ports 22
	reports listen.socket-differs
	dropin ssh.socket listen '[Socket]' ListenStream= ListenStream=2222
	absent listen.socket-differs
	ports 2222
}

@test "a socket that wants a port twice" {
	by_socket
	dropin ssh.socket override '[Socket]' ListenStream=0.0.0.0:22
	heals listen.socket-clash
	grep -x '#ListenStream=0.0.0.0:22' "$ROOT/etc/systemd/system/ssh.socket.d/override.conf"
	dropin ssh.socket override '[Socket]' BindIPv6Only=ipv6-only ListenStream=0.0.0.0:22
	absent listen.socket-clash
}

@test "a socket of an sshd that cannot take it" {
	by_socket
	sed -i 's/sd_listen_fds/sd_listen_xxx/g' "$ROOT/usr/sbin/sshd"
	reports listen.socket-unsupported
	dropin ssh.socket override '[Socket]' Accept=yes
	absent listen.socket-unsupported
}

@test "a socket without a port" {
	by_socket
	dropin ssh.socket override '[Socket]' ListenStream= ListenStream=/run/sshd.socket
	reports listen.nothing
}

@test "another socket unit on the same port" {
	printf '%s\n' '[Socket]' ListenStream=22 Accept=yes '[Install]' WantedBy=sockets.target \
		>"$ROOT/etc/systemd/system/other.socket"
	printf '%s\n' '[Service]' ExecStart=/bin/true >"$ROOT/etc/systemd/system/other@.service"
	absent listen.port-taken
	mkdir -p "$ROOT/etc/systemd/system/sockets.target.wants"
	ln -s ../other.socket "$ROOT/etc/systemd/system/sockets.target.wants/other.socket"
	reports listen.port-taken
	config 'Port 2222'
	absent listen.port-taken
}

@test "the port that was asked for" {
	config 'Port 2222'
	check --port 22
	[ -n "$(state_of listen.port-unexpected)" ]
	[ "$(json .verdict)" = unreachable ]
	check --port 2222
	[ -z "$(state_of listen.port-unexpected)" ]
	healthy
}

@test "the socket stands in the way of the port that was asked for" {
	by_socket
	config 'Port 2222'
	before=$(tree_of "$ROOT")
	check --port 2222
	[ -n "$(state_of listen.port-unexpected)" ]
	"$SSHRESCUE" repair -y --port 2222 --root "$ROOT" || [ $? -eq 1 ]
	check --port 2222
	[ "$status" -eq 0 ]
	ports 2222
	"$SSHRESCUE" undo --root "$ROOT"
	diff <(echo "$before") <(tree_of "$ROOT")
}

@test "Ubuntu's generator makes the socket follow sshd_config" {
	by_generator
	healthy
	config 'Port 2222'
	ports 2222
	absent listen.socket-differs
	config 'ListenAddress 127.0.0.1'
	heals listen.loopback
	ports 2222
}

@test "a stale drop-in of an older Ubuntu stands for the generated one" {
	by_generator
	config 'Port 2222'
	dropin ssh.socket addresses '[Socket]' ListenStream= ListenStream=2200
	ports 2200
	reports listen.socket-differs
	dropin ssh.socket addresses '[Socket]'
	ports 22
	rm "$ROOT/etc/systemd/system/ssh.socket.d/addresses.conf"
	dropin ssh.socket listen '[Socket]' ListenStream=2022
	ports 2222,2022
	dropin ssh.socket listen '[Socket]' ListenStream=0.0.0.0:2222
	finds listen.socket-clash
}

@test "a port by an unknown name: unknown" {
	echo 'SSHD_OPTS="-p nosuchservice"' >"$ROOT/etc/default/ssh"
	reports listen.unknown
	echo 'nosuchservice 2222/tcp' >>"$ROOT/etc/services"
	absent listen.unknown
	ports 2222
}
