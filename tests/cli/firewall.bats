#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# firewall: what loads packet filter rules at boot is not judged yet, but never taken for nothing.
load fixture

setup()
{
	fixture_root
}

# unit NAME [COMMAND]: an enabled unit.
unit()
{
	mkdir -p "$ROOT/usr/lib/systemd/system" "$ROOT/etc/systemd/system/multi-user.target.wants"
	printf '%s\n' '[Unit]' 'Description=test' '[Service]' 'Type=oneshot' "ExecStart=${2:-/bin/true}" '[Install]' \
		'WantedBy=multi-user.target' >"$ROOT/usr/lib/systemd/system/$1"
	ln -sf "/usr/lib/systemd/system/$1" "$ROOT/etc/systemd/system/multi-user.target.wants/$1"
}

# unevaluated WHAT: found, left, the verdict unknown.
unevaluated()
{
	finds firewall.unevaluated
	[ "$(json .verdict)" = unknown ] || fail "the verdict is $(json .verdict)"
	[[ $(json '.problems[] | select(.code == "firewall.unevaluated") | .summary + " " + (.path // "")') == *"$1"* ]] ||
		fail "not about $1"
}

script()
{
	mkdir -p "$(dirname "$ROOT$1")"
	printf '#!/bin/sh\n%s\n' "$2" >"$ROOT$1"
	chmod 0755 "$ROOT$1"
}

@test "firewall: none is none" {
	healthy
}

@test "firewall.unevaluated: nftables with rules of its own" {
	unit nftables.service '/usr/sbin/nft -f /etc/nftables.conf'
	# no file: nft loads nothing
	healthy
	printf '#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 22 accept\n\t}\n}\n' \
		>"$ROOT/etc/nftables.conf"
	unevaluated /etc/nftables.conf
	reports firewall.unevaluated
}

@test "firewall: nftables as Debian ships it drops nothing" {
	unit nftables.service '/usr/sbin/nft -f /etc/nftables.conf'
	cat >"$ROOT/etc/nftables.conf" <<-'END'
		#!/usr/sbin/nft -f

		flush ruleset

		table inet filter {
			chain input {
				type filter hook input priority filter;
			}
			chain forward {
				type filter hook forward priority filter; policy accept;
			}
			# drop
			chain output {
				type filter hook output priority 0;
			}
		}
	END
	healthy
	echo 'include "/etc/nftables.d/*"' >>"$ROOT/etc/nftables.conf"
	unevaluated /etc/nftables.conf
}

@test "firewall.unevaluated: ufw, if it is switched on" {
	unit ufw.service
	healthy
	mkdir -p "$ROOT/etc/ufw"
	echo 'ENABLED=no' >"$ROOT/etc/ufw/ufw.conf"
	healthy
	echo 'ENABLED=yes' >"$ROOT/etc/ufw/ufw.conf"
	unevaluated ufw.service
}

@test "firewall.unevaluated: firewalld" {
	unit firewalld.service
	unevaluated firewalld.service
}

@test "firewall.unevaluated: saved iptables rules" {
	unit netfilter-persistent.service
	healthy
	mkdir -p "$ROOT/etc/iptables"
	printf '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n' >"$ROOT/etc/iptables/rules.v4"
	healthy
	printf '*filter\n:INPUT DROP [0:0]\nCOMMIT\n' >"$ROOT/etc/iptables/rules.v6"
	unevaluated /etc/iptables/rules.v6
	printf '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j DROP\nCOMMIT\n' >"$ROOT/etc/iptables/rules.v4"
	unevaluated /etc/iptables/rules.v4
}

@test "firewall: a unit that the boot does not start loads nothing" {
	unit firewalld.service
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/firewalld.service"
	healthy
}

@test "firewall.unevaluated: a unit of any name whose command, or whose script, loads rules" {
	unit site.service '/usr/sbin/iptables-restore /etc/site.rules'
	unevaluated site.service
	unit site.service '/usr/local/sbin/site start'
	script /usr/local/sbin/site '# iptables is not used'
	healthy
	script /usr/local/sbin/site '/sbin/iptables -P INPUT DROP'
	unevaluated site.service
}

@test "firewall.unevaluated: scripts and lines of ifupdown, rc.local, cron" {
	script /etc/network/if-pre-up.d/iptables 'iptables-restore </etc/rules'
	unevaluated /etc/network/if-pre-up.d/iptables
	chmod 0644 "$ROOT/etc/network/if-pre-up.d/iptables"
	healthy
	printf 'auto eth0\niface eth0 inet dhcp\n\tpre-up iptables-restore </etc/rules\n' >"$ROOT/etc/network/interfaces"
	unevaluated /etc/network/interfaces
	rm "$ROOT/etc/network/interfaces"
	script /etc/rc.local 'nft -f /etc/my.nft'
	unevaluated /etc/rc.local
	rm "$ROOT/etc/rc.local"
	echo '@reboot root /usr/sbin/nft -f /etc/my.nft' >"$ROOT/etc/crontab"
	unevaluated /etc/crontab
}

@test "firewall.unevaluated: filters that systemd puts around the service" {
	mkdir -p "$ROOT/etc/systemd/system/ssh.service.d"
	printf '[Service]\nIPAddressDeny=any\n' >"$ROOT/etc/systemd/system/ssh.service.d/filter.conf"
	unevaluated IPAddressDeny
}
