#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# firewall: do the rules that the boot loads let a new connection in, from where, and are they opened where they do not?
load fixture

CLOSED='table inet filter {
	chain input { type filter hook input priority 0; policy drop; }
}'

setup()
{
	fixture_root
	for name in nft ipset iptables ip6tables iptables-restore ip6tables-restore; do
		program "/usr/sbin/$name"
	done
}

# program PATH: something that can be run.
program()
{
	mkdir -p "$(dirname "$ROOT$1")"
	[ -e "$ROOT/usr/bin/interpreter" ] || : >"$ROOT/usr/bin/interpreter"
	printf '#!/usr/bin/interpreter\n' >"$ROOT$1"
	chmod 0755 "$ROOT$1"
}

# unit NAME [COMMAND [LINE...]]: an enabled unit, with more lines for its [Unit] section.
unit()
{
	local name=$1 command=${2:-/bin/true}
	shift $(($# > 2 ? 2 : $#))
	mkdir -p "$ROOT/usr/lib/systemd/system" "$ROOT/etc/systemd/system/multi-user.target.wants"
	[ -e "$ROOT${command%% *}" ] || [[ $command != /usr/sbin/* && $command != /lib/ufw/* ]] || program "${command%% *}"
	printf '%s\n' '[Unit]' 'Description=test' "$@" '[Service]' 'Type=oneshot' "ExecStart=$command" '[Install]' \
		'WantedBy=multi-user.target' >"$ROOT/usr/lib/systemd/system/$name"
	ln -sf "/usr/lib/systemd/system/$name" "$ROOT/etc/systemd/system/multi-user.target.wants/$name"
}

nftables()
{
	unit nftables.service '/usr/sbin/nft -f /etc/nftables.conf' 'DefaultDependencies=no' 'Before=network-pre.target'
	cat >"$ROOT/etc/nftables.conf"
}

# persistent: rules.v4 from standard input, and the same for IPv6.
persistent()
{
	unit netfilter-persistent.service '/usr/sbin/netfilter-persistent start' 'DefaultDependencies=no' \
		'Before=network-pre.target'
	program /usr/share/netfilter-persistent/plugins.d/15-ip4tables
	program /usr/share/netfilter-persistent/plugins.d/25-ip6tables
	mkdir -p "$ROOT/etc/iptables"
	tee "$ROOT/etc/iptables/rules.v4" >"$ROOT/etc/iptables/rules.v6"
}

# sources TEXT: what the report says of where clients are let in from.
sources()
{
	check
	[ "$(json '.sources | join("; ")')" = "$1" ] || fail "sources are not '$1'"
}

# at PATH:LINE CODE: where a problem is said to be.
at()
{
	[[ " $(json ".problems[] | select(.code == \"$2\") | .path + \":\" + (.line | tostring)" | tr '\n' ' ')" == *" $1 "* ]] ||
		fail "$2 is not at $1"
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
	sources any
}

@test "firewall: nftables as Debian ships it drops nothing" {
	nftables <<-'END'
		#!/usr/sbin/nft -f

		flush ruleset

		table inet filter {
			chain input {
				type filter hook input priority filter;
			}
			chain forward {
				type filter hook forward priority filter;
			}
			chain output {
				type filter hook output priority filter;
			}
		}
	END
	healthy
	sources any
}

@test "firewall.blocked: nftables drops by policy" {
	nftables <<-'END'
		#!/usr/sbin/nft -f
		flush ruleset
		table inet filter {
			chain input {
				type filter hook input priority filter; policy drop;
				ct state established,related accept
				iif lo accept
				icmp type echo-request accept
				# the web
				tcp dport { 80, 443 } accept
			}
			chain output {
				type filter hook output priority filter; policy accept;
			}
		}
	END
	finds firewall.blocked
	at /etc/nftables.conf:5 firewall.blocked
	heals firewall.blocked
	[ "$(grep -c 'tcp dport 22 accept' "$ROOT/etc/nftables.conf")" -eq 1 ]
	sources any
}

@test "firewall.blocked: an nft rule rejects in another file; answers are held back as well" {
	nftables <<-'END'
		flush ruleset
		define ssh = 22
		table inet filter {
			chain input { type filter hook input priority 0; policy accept; jump more; }
			include "/etc/nftables.d/*.nft"
			chain output { type filter hook output priority 0; policy drop; oif lo accept; udp dport 53 accept; }
		}
	END
	mkdir -p "$ROOT/etc/nftables.d"
	printf 'chain more {\n\ttcp dport $ssh reject with tcp reset\n}\n' >"$ROOT/etc/nftables.d/more.nft"
	finds firewall.blocked
	at /etc/nftables.d/more.nft:2 firewall.blocked
	heals firewall.blocked
}

@test "firewall.restricted: some sources are respected" {
	nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state established accept
				ip saddr 203.0.113.0/24 tcp dport 22 accept
			}
		}
	END
	check
	[ "$(json .verdict)" = reachable ] || fail "not reachable"
	[ "$status" -eq 0 ] || fail "restricted sets the exit status"
	finds firewall.restricted
	sources 203.0.113.0/24
	[ "$(json '[.problems[] | select(.stage == "firewall") | .class] | unique | join(",")')" != safe ]
	# the other family is closed, which is worth a word, but no lock-out
	[ "$(json '[.problems[] | select(.code == "firewall.blocked") | .severity] | join(",")')" = limits ]
}

@test "firewall: reachable by one interface only" {
	nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state established accept
				iifname "wg0" tcp dport 22 accept
			}
		}
	END
	# nothing names wg0: who knows
	finds firewall.unknown
	[ "$(json .verdict)" = unknown ]
	mkdir -p "$ROOT/etc/wireguard"
	echo '[Interface]' >"$ROOT/etc/wireguard/wg0.conf"
	finds firewall.restricted
	sources 'any IPv4 via wg0; any IPv6 via wg0'
}

@test "firewall.unknown: a rule that depends on more than is known here" {
	nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state established accept
				meta hour "08:00"-"17:00" tcp dport 22 accept
			}
		}
	END
	reports firewall.unknown
	at /etc/nftables.conf:5 firewall.unknown
	[ "$(json .verdict)" = unknown ]
	[ $((status & 4)) -eq 4 ]
}

@test "firewall.blocked: IPv6 needs neighbour discovery" {
	nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state vmap { established : accept, invalid : drop }
				meta nfproto ipv6 tcp dport 22 accept
			}
		}
	END
	finds firewall.blocked
	[ "$(json .verdict)" = unreachable ]
	[[ $(json '.problems[] | select(.code == "firewall.blocked") | .summary') == *"neighbour discovery"* ]]
	heals firewall.blocked
	[ "$(grep -c 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept' "$ROOT/etc/nftables.conf")" -eq 1 ]
	sources any
	# IPv4 alone is enough for a way in, and IPv6 worth a word.
	sed -i '/icmpv6/d; s/meta nfproto ipv6 //' "$ROOT/etc/nftables.conf"
	finds firewall.blocked
	[ "$(json .verdict)" = reachable ]
	[ "$(json '.problems[] | select(.code == "firewall.blocked") | .severity')" = limits ]
	sources 'any IPv4'
	sed -i '/tcp dport 22/a icmpv6 type nd-neighbor-solicit meta hour "08:00"-"17:00" accept' "$ROOT/etc/nftables.conf"
	finds firewall.unknown
}

@test "firewall.unknown: IPv4 needs ARP" {
	nftables <<-'END'
		table netdev early {
			chain in { type filter hook ingress device eth0 priority 0; policy drop; ip protocol tcp accept; }
		}
		table ip filter {
			chain input { type filter hook input priority 0; policy accept; }
		}
	END
	finds firewall.unknown
	[[ $(json '.problems[] | select(.code == "firewall.unknown") | .evidence') == *ARP* ]]
	sed -i 's/policy drop/policy accept/; s/tcp accept/udp drop/' "$ROOT/etc/nftables.conf"
	healthy
	sed -i 's/ip protocol udp/ether type arp/' "$ROOT/etc/nftables.conf"
	finds firewall.unknown
	echo 'table arp wall { chain in { type filter hook input priority 0; policy drop; }; }' >"$ROOT/etc/nftables.conf"
	finds firewall.unknown
	sed -i 's/policy drop/policy accept/' "$ROOT/etc/nftables.conf"
	healthy
}

@test "firewall.blocked: saved iptables rules keep neighbour discovery out" {
	persistent <<-'END'
		*filter
		:INPUT DROP [0:0]
		:FORWARD DROP [0:0]
		:OUTPUT DROP [0:0]
		-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
		-A OUTPUT -p tcp -m tcp --sport 22 -j ACCEPT
		COMMIT
	END
	finds firewall.blocked
	sources 'any IPv4'
	heals firewall.blocked
	grep -q -- '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT' "$ROOT/etc/iptables/rules.v6"
	grep -q -- '-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT' "$ROOT/etc/iptables/rules.v6"
	sources any
}

@test "firewall.refused: a file that nft does not load leaves the port open" {
	nftables <<-'END'
		flush ruleset
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				tcp dport 443 acccept
			}
		}
	END
	reports firewall.refused
	at /etc/nftables.conf:5 firewall.refused
	[ "$(json .verdict)" = reachable ]
	sources any
}

@test "firewall.blocked: saved iptables rules" {
	persistent <<-'END'
		# Generated by iptables-save v1.8.9
		*filter
		:INPUT DROP [0:0]
		:FORWARD ACCEPT [0:0]
		:OUTPUT ACCEPT [0:0]
		-A INPUT -i lo -j ACCEPT
		-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A INPUT -p tcp -m tcp --dport 2222 -j ACCEPT
		-A INPUT -j LOG
		COMMIT
	END
	finds firewall.blocked
	at /etc/iptables/rules.v4:3 firewall.blocked
	at /etc/iptables/rules.v6:3 firewall.blocked
	heals firewall.blocked
}

@test "firewall.blocked: an early drop in saved iptables rules" {
	persistent <<-'END'
		*filter
		:INPUT ACCEPT [0:0]
		:FORWARD ACCEPT [0:0]
		:OUTPUT ACCEPT [0:0]
		:guard - [0:0]
		-A INPUT -p tcp -j guard
		-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
		-A guard -p tcp -m multiport --dports 21,22,23 -j REJECT
		COMMIT
	END
	finds firewall.blocked
	at /etc/iptables/rules.v4:8 firewall.blocked
	heals firewall.blocked
}

@test "firewall.refused: saved iptables rules with a mistake" {
	# without the extensions of iptables nobody knows whether this is one
	mkdir -p "$ROOT/usr/lib/x86_64-linux-gnu/xtables"
	touch "$ROOT/usr/lib/x86_64-linux-gnu/xtables/libxt_tcp.so"
	persistent <<-'END'
		*filter
		:INPUT DROP [0:0]
		:FORWARD ACCEPT [0:0]
		:OUTPUT ACCEPT [0:0]
		-A INPUT -p tcp --dport 22 -j NOWHERE
		COMMIT
	END
	finds firewall.refused
	at /etc/iptables/rules.v4:5 firewall.refused
	sources any
}

ufw()
{
	unit ufw.service '/lib/ufw/ufw-init start quiet' 'DefaultDependencies=no' 'Before=network-pre.target'
	mkdir -p "$ROOT/etc/ufw" "$ROOT/etc/default"
	printf 'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\nDEFAULT_OUTPUT_POLICY="ACCEPT"\nDEFAULT_FORWARD_POLICY="DROP"\nMANAGE_BUILTINS=no\n' \
		>"$ROOT/etc/default/ufw"
	echo 'ENABLED=yes' >"$ROOT/etc/ufw/ufw.conf"
	local family chain
	for family in '' 6; do
		{
			echo '*filter'
			for chain in before-input before-output before-forward not-local; do echo ":ufw$family-$chain - [0:0]"; done
			echo "-A ufw$family-before-input -i lo -j ACCEPT"
			echo "-A ufw$family-before-output -o lo -j ACCEPT"
			echo "-A ufw$family-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
			echo "-A ufw$family-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
			[ ! "$family" ] || printf -- '-A ufw6-before-input -p icmpv6 --icmpv6-type %s -m hl --hl-eq 255 -j ACCEPT\n' \
				neighbor-solicitation neighbor-advertisement
			echo COMMIT
		} >"$ROOT/etc/ufw/before$family.rules"
		{
			echo '*filter'
			for chain in after-input after-output after-forward; do echo ":ufw$family-$chain - [0:0]"; done
			echo COMMIT
		} >"$ROOT/etc/ufw/after$family.rules"
		{
			echo '*filter'
			for chain in user-input user-output user-forward before-logging-input before-logging-output \
				before-logging-forward user-logging-input user-logging-output user-logging-forward \
				after-logging-input after-logging-output after-logging-forward logging-deny logging-allow \
				user-limit user-limit-accept; do
				echo ":ufw$family-$chain - [0:0]"
			done
			printf '%s\n' '### RULES ###' '' '### END RULES ###' '' '### LOGGING ###' '### END LOGGING ###' '' \
				'### RATE LIMITING ###' '### END RATE LIMITING ###' COMMIT
		} >"$ROOT/etc/ufw/user$family.rules"
	done
}

@test "firewall.blocked: ufw without a rule for SSH" {
	ufw
	heals firewall.blocked
	grep -qx '### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in' "$ROOT/etc/ufw/user.rules"
	grep -qx -- '-A ufw-user-input -p tcp --dport 22 -j ACCEPT' "$ROOT/etc/ufw/user.rules"
	grep -qx -- '-A ufw6-user-input -p tcp --dport 22 -j ACCEPT' "$ROOT/etc/ufw/user6.rules"
	sources any
}

@test "firewall: ufw that is switched off loads nothing" {
	ufw
	echo 'ENABLED=no' >"$ROOT/etc/ufw/ufw.conf"
	healthy
	sources any
}

firewalld()
{
	unit firewalld.service '/usr/sbin/firewalld --nofork --nopid' 'Before=network-pre.target'
	mkdir -p "$ROOT/etc/firewalld/zones" "$ROOT/usr/lib/firewalld/zones" "$ROOT/usr/lib/firewalld/services"
	printf '<?xml version="1.0" encoding="utf-8"?>\n<service>\n  <short>SSH</short>\n  <port protocol="tcp" port="22"/>\n</service>\n' \
		>"$ROOT/usr/lib/firewalld/services/ssh.xml"
	printf '<?xml version="1.0" encoding="utf-8"?>\n<zone>\n  <short>Public</short>\n  <service name="ssh"/>\n</zone>\n' \
		>"$ROOT/usr/lib/firewalld/zones/public.xml"
	local zone
	for zone in 'block %%REJECT%%' 'drop DROP' 'trusted ACCEPT'; do
		printf '<?xml version="1.0" encoding="utf-8"?>\n<zone target="%s">\n  <short>Zone</short>\n</zone>\n' "${zone#* }" \
			>"$ROOT/usr/lib/firewalld/zones/${zone% *}.xml"
	done
	printf 'DefaultZone=%s\nFirewallBackend=nftables\n' "${1:-public}" >"$ROOT/etc/firewalld/firewalld.conf"
}

@test "firewall: firewalld's public zone has SSH" {
	firewalld public
	healthy
	sources any
}

@test "firewall.blocked: firewalld's default zone has no SSH" {
	firewalld public
	printf '<?xml version="1.0" encoding="utf-8"?>\n<zone>\n  <short>Public</short>\n  <port port="80" protocol="tcp"/>\n</zone>\n' \
		>"$ROOT/etc/firewalld/zones/public.xml"
	heals firewall.blocked
	grep -q '<service name="ssh"/>' "$ROOT/etc/firewalld/zones/public.xml"
}

@test "firewall.blocked: firewalld's default zone is the vendor's drop" {
	firewalld drop
	heals firewall.blocked
	[ -e "$ROOT/etc/firewalld/zones/drop.xml" ]
}

@test "firewall.blocked: the port is another one" {
	echo 'Port 2222' >>"$ROOT/etc/ssh/sshd_config"
	ufw
	sed -i 's/^### RULES ###$/&\n\n### tuple ### allow tcp 22 0.0.0.0\/0 any 0.0.0.0\/0 in\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT/' \
		"$ROOT/etc/ufw/user.rules"
	heals firewall.blocked
	grep -qx -- '-A ufw-user-input -p tcp --dport 2222 -j ACCEPT' "$ROOT/etc/ufw/user.rules"
}

@test "firewall: the last one to load has the last word" {
	nftables <<<"$CLOSED"
	finds firewall.blocked
	unit site.service '/usr/sbin/nft flush ruleset' 'After=nftables.service'
	healthy
	# not ordered: either may come last
	unit site.service '/usr/sbin/nft flush ruleset' 'DefaultDependencies=no'
	finds firewall.unknown
}

@test "firewall: a unit that the boot does not start loads nothing" {
	nftables <<<"$CLOSED"
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/nftables.service"
	healthy
}

@test "firewall.blocked: simple commands of units and scripts are understood, but scripts are not edited" {
	unit site.service '/usr/sbin/iptables-restore /etc/site.rules'
	printf '*filter\n:INPUT DROP [0:0]\nCOMMIT\n' >"$ROOT/etc/site.rules"
	finds firewall.blocked
	at /etc/site.rules:2 firewall.blocked
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/site.service"
	script /etc/rc.local "$(printf '%s\n' 'iptables -P INPUT DROP' 'ip6tables -P INPUT DROP' 'exit 0')"
	reports firewall.blocked
	at /etc/rc.local:2 firewall.blocked
}

@test "firewall: quotes of a shell and of units are not nft's" {
	script /etc/rc.local "$(printf '%s\n' 'nft add table inet f' \
		"nft 'add chain inet f i { type filter hook input priority 0; policy drop; }'" \
		'nft "add rule inet f i tcp dport 80 accept"' 'exit 0')"
	reports firewall.blocked
	at /etc/rc.local:3 firewall.blocked
	echo 'nft insert rule inet f i tcp dport 22 accept \; add chain inet f o { type filter hook output priority -5 \; }' \
		>>"$ROOT/etc/rc.local"
	sed -i '/^exit/d' "$ROOT/etc/rc.local"
	healthy
	rm "$ROOT/etc/rc.local"
	unit site.service '/usr/sbin/nft "add table inet f; add chain inet f i { type filter hook input priority 0; policy drop; }"'
	reports firewall.blocked
	unit site.service '/usr/sbin/iptables-restore < /etc/iptables/rules.v4'
	unevaluated site.service
	unit site.service '/usr/sbin/iptables $CLOSE'
	sed -i '/^ExecStart/i Environment="CLOSE=-P INPUT DROP"' "$ROOT/usr/lib/systemd/system/site.service"
	check
	[ "$(json '.problems[] | select(.code == "firewall.blocked") | .severity')" = limits ]
}

@test "firewall: what a failing command keeps from running" {
	script /etc/rc.local "$(printf '%s\n' 'iptables -X nowhere' 'iptables -P INPUT DROP' 'ip6tables -P INPUT DROP')"
	finds firewall.blocked
	finds firewall.refused
	sed -i '1s/$/ -e/' "$ROOT/etc/rc.local"
	finds firewall.refused
	[ "$(json .verdict)" = reachable ]
	sed -i '2s/$/ 2>\/dev\/null || true/' "$ROOT/etc/rc.local"
	finds firewall.blocked
	rm "$ROOT/etc/rc.local"
	unit site.service '/usr/sbin/iptables -X nowhere ; /usr/sbin/iptables -P INPUT DROP ; /usr/sbin/ip6tables -P INPUT DROP'
	finds firewall.refused
	[ "$(json .verdict)" = reachable ]
	unit site.service '-/usr/sbin/iptables -X nowhere ; /usr/sbin/iptables -P INPUT DROP ; /usr/sbin/ip6tables -P INPUT DROP'
	finds firewall.blocked
}

@test "firewall.unknown: each command that may fail is followed both ways" {
	script /etc/rc.local "$(printf '%s\n' 'nft add table inet f' \
		'nft "add chain inet f i { type filter hook input priority 0; policy drop; }"' \
		'nft destroy table inet f')"
	finds firewall.unknown
	[ "$(json .verdict)" = unknown ]
}

@test "firewall.loader: a program that is not there loads nothing" {
	nftables <<<"$CLOSED"
	finds firewall.blocked
	chmod 0644 "$ROOT/usr/sbin/nft"
	reports firewall.loader
	[ "$(json .verdict)" = reachable ]
	at /usr/sbin/nft:null firewall.loader
	chmod 0755 "$ROOT/usr/sbin/nft"
	rm "$ROOT/usr/bin/interpreter"
	finds firewall.loader
	rm "$ROOT/usr/sbin/nft"
	finds firewall.loader
	[ "$(json .verdict)" = reachable ]
	# A program of another machine may run by way of an emulator.
	head -c 64 "$ROOT/usr/sbin/sshd" >"$ROOT/usr/sbin/nft"
	chmod 0755 "$ROOT/usr/sbin/nft"
	healthy_loader=$(check; json '[.problems[].code] | index("firewall.loader")')
	[ "$healthy_loader" = null ]
	printf '\xf3\x00' | dd of="$ROOT/usr/sbin/nft" bs=1 seek=18 conv=notrunc status=none
	finds firewall.loader
	[ "$(json .verdict)" = unknown ]
}

@test "firewall.loader: scripts, plug-ins and packages that are gone" {
	persistent <<-'END'
		*filter
		:INPUT DROP [0:0]
		COMMIT
	END
	finds firewall.blocked
	rm "$ROOT/usr/share/netfilter-persistent/plugins.d/15-ip4tables"
	finds firewall.loader
	[ "$(json .verdict)" = reachable ]
	rm "$ROOT/usr/sbin/netfilter-persistent" "$ROOT/etc/iptables/rules.v6"
	finds firewall.loader
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service"
	script /etc/rc.local "$(printf '%s\n' 'nft list ruleset' 'iptables -P INPUT DROP' 'ip6tables -P INPUT DROP')"
	program /bin/sh
	finds firewall.blocked
	rm "$ROOT/usr/sbin/iptables" "$ROOT/usr/sbin/ip6tables"
	finds firewall.loader
	[ "$(json .verdict)" = reachable ]
}

@test "service.requirement: sshd comes after a firewall that cannot be loaded" {
	nftables <<<'table inet filter { }'
	mkdir -p "$ROOT/etc/systemd/system/ssh.service.d"
	printf '[Unit]\nRequires=nftables.service\n' >"$ROOT/etc/systemd/system/ssh.service.d/wall.conf"
	rm "$ROOT/usr/sbin/nft"
	finds firewall.loader
	[ "$(json .verdict)" = reachable ]
	echo 'After=network.target nftables.service' >>"$ROOT/etc/systemd/system/ssh.service.d/wall.conf"
	reports service.requirement
	[ "$(json .verdict)" = unreachable ]
}

@test "firewall.unevaluated: what is not understood is not taken for nothing" {
	unit ferm.service
	unevaluated ferm.service
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/ferm.service"
	unit site.service '/usr/local/sbin/site start'
	script /usr/local/sbin/site '# iptables is not used'
	healthy
	script /usr/local/sbin/site 'for port in 80 443; do iptables -A INPUT -p tcp --dport $port -j ACCEPT; done'
	unevaluated site.service
	reports firewall.unevaluated
}

@test "firewall.unevaluated: scripts and lines of ifupdown, cron" {
	script /etc/network/if-pre-up.d/iptables '[ -e /etc/rules ] && iptables-restore </etc/rules'
	unevaluated /etc/network/if-pre-up.d/iptables
	chmod 0644 "$ROOT/etc/network/if-pre-up.d/iptables"
	healthy
	printf 'auto eth0\niface eth0 inet dhcp\n\tpre-up iptables-restore <$RULES\n' >"$ROOT/etc/network/interfaces"
	unevaluated /etc/network/interfaces
	rm "$ROOT/etc/network/interfaces"
	echo '@reboot root /usr/sbin/nft -f /etc/my.nft && logger done' >"$ROOT/etc/crontab"
	unevaluated /etc/crontab
	# One that is too large to read may hold anything.
	yes '# nothing' | head -c 1100000 >"$ROOT/etc/crontab"
	unevaluated /etc/crontab
}

@test "firewall.unevaluated: filters that systemd puts around the service" {
	mkdir -p "$ROOT/etc/systemd/system/ssh.service.d"
	printf '[Service]\nIPAddressDeny=any\n' >"$ROOT/etc/systemd/system/ssh.service.d/filter.conf"
	unevaluated IPAddressDeny
}

# A root that boots by OpenRC, as Alpine's: SERVICE... are in the default runlevel.
openrc()
{
	local service
	rm -r "$ROOT/usr/lib/systemd"
	mkdir -p "$ROOT/etc/runlevels/default" "$ROOT/etc/init.d" "$ROOT/etc/conf.d"
	cp "$ROOT/bin/sh" "$ROOT/sbin/openrc"
	for service; do
		program "/etc/init.d/$service"
		ln -s "/etc/init.d/$service" "$ROOT/etc/runlevels/default/$service"
	done
}

@test "firewall.blocked: OpenRC loads nftables" {
	openrc nftables
	echo "$CLOSED" >"$ROOT/etc/nftables.nft"
	finds firewall.blocked
	at /etc/nftables.nft:2 firewall.blocked
	repairs firewall.blocked
	rm "$ROOT/etc/runlevels/default/nftables"
	absent firewall.blocked
}

@test "firewall.blocked: OpenRC loads saved iptables rules from where conf.d says" {
	openrc iptables ip6tables
	mkdir -p "$ROOT/etc/iptables"
	printf '*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n' | tee "$ROOT/etc/iptables/mine" \
		>"$ROOT/etc/iptables/rules6-save"
	echo 'IPTABLES_SAVE="/etc/iptables/mine"' >"$ROOT/etc/conf.d/iptables"
	finds firewall.blocked
	at /etc/iptables/mine:2 firewall.blocked
	at /etc/iptables/rules6-save:2 firewall.blocked
	repairs firewall.blocked
	echo 'IPTABLES_SAVE="$DIRECTORY/mine"' >"$ROOT/etc/conf.d/iptables"
	finds firewall.unevaluated
}
