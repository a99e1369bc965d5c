#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The root's own loaders, in a root that has them all.

load world

setup()
{
	new_root "$PROJECT/build/rehearsal/bookworm"
	boot_starts_no ufw.service
	boot_starts_no firewalld.service
}

with_nftables()
{
	boot_starts nftables.service sysinit.target
	cat >"$ROOT/etc/nftables.conf"
}

@test "nftables: a policy that drops is named" {
	with_nftables <<-'END'
		flush ruleset
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				iif lo accept
				ct state established,related accept
			}
		}
	END
	rehearsed
	[ "$status" -eq 4 ]
	is .status failed
	is .dropped_by 'the policy of chain input in table inet filter (/etc/nftables.conf:4: policy drop)'
	is '.programs[0].exit' 0
}

@test "nftables: the rule that drops is named, and its number" {
	with_nftables <<-'END'
		table inet filter {
			chain ssh {
				ip saddr 10.0.0.0/8 accept
				reject with tcp reset
			}
			chain input {
				type filter hook input priority 0; policy accept;
				tcp dport 22 goto ssh
			}
		}
	END
	rehearsed
	is .dropped_by 'rule 2 of chain ssh in table inet filter (/etc/nftables.conf:4: reject with tcp reset)'
	is '.connections[] | select(.source == "77.88.99.110") | .result' refused
	# From where the checks see it open, it is.
	is '.connections[] | select(.source == "10.0.0.1") | .result' banner
	is .status passed
}

@test "nftables: an answer that does not get out" {
	with_nftables <<-'END'
		table inet filter {
			chain output {
				type filter hook output priority 0; policy accept;
				tcp dport 80 accept
				tcp sport 22 drop
			}
		}
	END
	rehearsed
	is .status failed
	is .dropped_by 'rule 2 of chain output in table inet filter (/etc/nftables.conf:5: tcp sport 22 drop)'
}

@test "nftables: what a device drops before anything else sees it" {
	with_nftables <<-'END'
		table netdev early {
			chain eth0 {
				type filter hook ingress device "eth0" priority -500; policy accept;
				tcp dport 80 accept
				tcp dport 22 drop
			}
		}
	END
	rehearsed
	is .status failed
	is .dropped_by 'rule 2 of chain eth0 in table netdev early (/etc/nftables.conf:5: tcp dport 22 drop)'
}

@test "nftables: the same in a table for all families" {
	with_nftables <<-'END'
		table inet early {
			chain eth0 {
				type filter hook ingress device "eth0" priority -500; policy drop;
			}
		}
	END
	rehearsed
	is .status failed
	is .dropped_by 'the policy of chain eth0 in table inet early (/etc/nftables.conf:3: policy drop)'
}

@test "nftables: what rules log does not get into the log of the kernel that they are tried in" {
	dmesg >/dev/null || skip "the kernel's log cannot be read here"
	with_nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy accept;
				tcp dport 22 log prefix "sshrescue-test-of-the-log "
			}
		}
	END
	rehearsed
	is .status passed
	! dmesg | grep sshrescue-test-of-the-log
}

@test "nftables: one family passes" {
	with_nftables <<-'END'
		table ip6 filter {
			chain input {
				type filter hook input priority 0; policy drop;
			}
		}
	END
	rehearsed
	[ "$status" -eq 0 ]
	is .status passed
	is '.connections[1].result' 'no answer'
	is .dropped_by 'the policy of chain input in table ip6 filter (/etc/nftables.conf:3: policy drop)'
}

@test "nftables: a rule set that does not load proves nothing" {
	with_nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				meta skuid "nobody-here" accept
			}
		}
	END
	rehearsed
	is .status skipped
	[[ "$(jq -r '.programs[0].output' <<<"$report")" == *'nobody-here'* ]]
}

@test "nftables: an interface that rules name is there" {
	with_nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				iif "lan7" tcp dport 22 accept
			}
		}
	END
	rehearsed
	is '.programs[0].exit' 0
	is '.connections[0].result' 'no answer'
	mkdir -p "$ROOT/etc/systemd/network"
	printf '[Match]\nName=lan7\n[Network]\nDHCP=yes\n' >"$ROOT/etc/systemd/network/lan7.network"
	rehearsed
	is .status passed
}

# rules_by_source: who gets in depends on where they come from, and by which interface.
rules_by_source()
{
	mkdir -p "$ROOT/etc/systemd/network"
	printf '[Match]\nName=eth0\n[Network]\nDHCP=yes\n' >"$ROOT/etc/systemd/network/eth0.network"
	printf '[Match]\nName=lan7\n[Network]\nDHCP=yes\n' >"$ROOT/etc/systemd/network/lan7.network"
	with_nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state established accept
				ip saddr 203.0.113.0/24 tcp dport 22 accept
				iifname "lan7" ip saddr 192.168.7.0/24 tcp dport 22 accept
				ip6 saddr 2001:db8::/32 tcp dport 22 reject with tcp reset
			}
		}
	END
}

@test "nftables: inside and beside of each network that is let in" {
	rules_by_source
	rehearsed
	is .status passed
	is '.connections[] | select(.source == "203.0.113.1") | .result' banner
	is '.connections[] | select(.source == "203.0.113.1") | .let_in' true
	is '.connections[] | select(.source == "203.0.114.1") | .result' 'no answer'
	is '.connections[] | select(.source == "192.168.7.1") | .interface' lan7
	is '.connections[] | select(.source == "192.168.7.1") | .result' 'SYN answered'
}

@test "--from: everyone that is asked for has to get in" {
	rules_by_source
	rehearsed --from 203.0.113.200
	is .status passed
	is '.connections | length' 1
	is '.connections[0].result' banner
	rehearsed --from 203.0.113.200 --from 192.168.7.9%lan7 --from 203.0.113.201%lan7
	is .status passed
	is '[.connections[] | select(.result == "banner")] | length' 3
	rehearsed --from 203.0.113.200 --from 192.168.7.9
	[ "$status" -eq 4 ]
	is .status failed
	is .reason 'a connection from 192.168.7.9 to port 22: no answer'
	is .dropped_by 'the policy of chain input in table inet filter (/etc/nftables.conf:3: policy drop)'
	rehearsed --from 2001:db8::77
	is .status failed
	is .reason 'a connection from 2001:db8::77 to port 22: refused'
}

@test "--from wants the address of a client" {
	for wrong in nobody 10.0.0.0/8 127.0.0.1 ::1 224.0.0.1 10.0.0.1% '10.0.0.1%a b'; do
		run "$SSHRESCUE" rehearse --root "$ROOT" --from "$wrong"
		[ "$status" -eq 16 ]
	done
	run "$SSHRESCUE" rehearse --root "$ROOT" --from 203.0.113.9 --from 203.0.113.9%eth1
	[ "$status" -eq 16 ]
}

@test "nftables: rules that the unit of sshd loads itself" {
	mkdir -p "$ROOT/etc/systemd/system/ssh.service.d"
	printf '[Service]\nExecStartPre=/usr/sbin/nft -f /etc/extra.nft\n' >"$ROOT/etc/systemd/system/ssh.service.d/extra.conf"
	printf '%s\n' 'table inet filter {' 'chain input {' 'type filter hook input priority 0; policy drop;' '}' '}' \
		>"$ROOT/etc/extra.nft"
	rehearsed
	is .status failed
	is '[.programs[].exit] | tostring' '[0,0,null]'
	is .dropped_by 'the policy of chain input in table inet filter (/etc/extra.nft:3: policy drop)'
}

@test "nftables that the boot does not start has no say" {
	with_nftables <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority 0; policy drop;
			}
		}
	END
	boot_starts_no nftables.service
	rehearsed
	is .status passed
}

ufw_is_on()
{
	boot_starts ufw.service multi-user.target
	sed -i 's/^ENABLED=.*/ENABLED=yes/' "$ROOT/etc/ufw/ufw.conf"
}

# As `ufw allow 22/tcp` writes it.
ufw_allows_ssh()
{
	sed -i 's|^### RULES ###|&\n\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT|' \
		"$ROOT/etc/ufw/user.rules"
}

@test "ufw without a rule keeps everybody out, with one it does not" {
	ufw_is_on
	rehearsed
	is .status failed
	is '.connections[0].result' 'no answer'
	is .dropped_by 'the policy of chain INPUT in table ip filter (/etc/default/ufw:11: DEFAULT_INPUT_POLICY="DROP")'
	ufw_allows_ssh
	rehearsed
	is .status passed
	is '.connections[0].result' banner
}

@test "ufw with the legacy iptables" {
	ufw_is_on
	chroot "$ROOT" update-alternatives --set iptables /usr/sbin/iptables-legacy
	chroot "$ROOT" update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy
	rehearsed
	is .status failed
	is .dropped_by 'the policy of chain INPUT in table ip filter (/etc/default/ufw:11: DEFAULT_INPUT_POLICY="DROP")'
	ufw_allows_ssh
	rehearsed
	is .status passed
}

@test "the legacy iptables: the rule that drops is named" {
	cat >"$ROOT/etc/systemd/system/rules.service" <<-'END'
		[Service]
		Type=oneshot
		ExecStart=/usr/sbin/iptables-legacy-restore /etc/rules.v4
	END
	ln -s ../rules.service "$ROOT/etc/systemd/system/multi-user.target.wants/rules.service"
	printf '%s\n' '*filter' ':INPUT ACCEPT [0:0]' ':ssh - [0:0]' '-A INPUT -p tcp --dport 22 -j ssh' \
		'-A ssh -s 10.0.0.0/8 -j ACCEPT' '-A ssh -m comment --comment closed -j REJECT' COMMIT >"$ROOT/etc/rules.v4"
	rehearsed
	is '.connections[] | select(.source == "77.88.99.110") | .result' refused
	is .dropped_by 'rule 2 of chain ssh in table ip filter (/etc/rules.v4:6: -A ssh -m comment --comment closed -j REJECT)'
}

@test "iptables-restore by a unit of the administrator's" {
	mkdir -p "$ROOT/etc/iptables"
	cat >"$ROOT/etc/systemd/system/iptables.service" <<-'END'
		[Service]
		Type=oneshot
		ExecStart=/usr/sbin/iptables-restore /etc/iptables/rules.v4
	END
	mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
	ln -s ../iptables.service "$ROOT/etc/systemd/system/multi-user.target.wants/iptables.service"
	printf '%s\n' '*filter' ':INPUT DROP [0:0]' ':FORWARD ACCEPT [0:0]' ':OUTPUT ACCEPT [0:0]' \
		'-A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT' COMMIT >"$ROOT/etc/iptables/rules.v4"
	rehearsed
	is '.programs[0].exit' 0
	is '.connections[] | select(.source == "77.88.99.110") | .result' 'no answer'
	is '.connections[] | select(.source == "10.0.0.1") | .result' banner
	is '.connections[] | select(.source == "2a02:2222:9::9") | .result' banner
	is .dropped_by 'the policy of chain INPUT in table ip filter (/etc/iptables/rules.v4:2: :INPUT DROP [0:0])'
}

@test "legacy iptables: the table that comes last is looked at, too" {
	mkdir -p "$ROOT/etc/iptables" "$ROOT/etc/systemd/system/multi-user.target.wants"
	printf '[Service]\nType=oneshot\nExecStart=/usr/sbin/iptables-legacy-restore /etc/iptables/rules.v4\n' \
		>"$ROOT/etc/systemd/system/iptables.service"
	ln -s ../iptables.service "$ROOT/etc/systemd/system/multi-user.target.wants/iptables.service"
	printf '%s\n' '*security' ':INPUT ACCEPT [0:0]' ':FORWARD ACCEPT [0:0]' ':OUTPUT ACCEPT [0:0]' \
		'-A INPUT -p tcp --dport 22 -j DROP' COMMIT >"$ROOT/etc/iptables/rules.v4"
	rehearsed
	if [ "$(jq -r .status <<<"$report")" = skipped ]; then
		skip "this kernel has no such table"
	fi
	is '.connections[0].result' 'no answer'
	is .dropped_by 'rule 1 of chain INPUT in table ip security (/etc/iptables/rules.v4:5: -A INPUT -p tcp --dport 22 -j DROP)'
}

@test "firewalld on a bus of its own" {
	boot_starts firewalld.service multi-user.target
	rehearsed --timeout 60
	is .status passed
	is '.connections[0].result' banner
	sed '/service name="ssh"/d' "$ROOT/usr/lib/firewalld/zones/public.xml" >"$ROOT/etc/firewalld/zones/public.xml"
	rehearsed --timeout 60
	is .status failed
	is '.connections[0].result' unreachable
}

@test "a command of interfaces(5) runs when the network comes up" {
	mkdir -p "$ROOT/etc/network/interfaces.d" "$ROOT/etc/iptables"
	printf '%s\n' 'auto eth0' 'iface eth0 inet dhcp' '  pre-up iptables-restore </etc/iptables/rules.v4' \
		>"$ROOT/etc/network/interfaces"
	printf '%s\n' '*filter' ':INPUT DROP [0:0]' COMMIT >"$ROOT/etc/iptables/rules.v4"
	rehearsed
	is '[.programs[].unit] | index("when the network comes up") != null' true
	is '.connections[0].result' 'no answer'
}
