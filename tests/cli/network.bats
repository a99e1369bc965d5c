#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# network: does something configure an interface at boot?
load fixture

setup()
{
	fixture_root
	WANTS=$ROOT/etc/systemd/system/multi-user.target.wants
}

# The fixture's networkd has nothing to do any more.
no_networkd()
{
	rm "$ROOT/etc/systemd/network/80-dhcp.network"
}

# An enabled unit that a package brought.
unit()
{
	mkdir -p "$ROOT/usr/lib/systemd/system"
	printf '%s\n' '[Unit]' 'Description=test' '[Service]' 'ExecStart=/bin/true' '[Install]' 'WantedBy=multi-user.target' \
		>"$ROOT/usr/lib/systemd/system/$1"
	ln -s "/usr/lib/systemd/system/$1" "$WANTS/$1"
}

unknown()
{
	finds network.none
	[ "$(json .verdict)" = unknown ]
	[ $((status & 4)) -eq 4 ]
}

@test "network: systemd-networkd with a .network file is enough" {
	healthy
}

@test "network.none: networkd without a file for an interface of the machine" {
	no_networkd
	unknown
	[[ $(json '.problems[0].evidence') == *systemd-networkd.service* ]]
	reports network.none
	# one for the loopback, one without an address, one that is masked
	printf '[Match]\nName=lo\n[Network]\nAddress=10.0.0.1/32\n' >"$ROOT/etc/systemd/network/lo.network"
	printf '[Match]\nName=eth0\n[Network]\nLLDP=yes\n' >"$ROOT/etc/systemd/network/eth0.network"
	ln -s /dev/null "$ROOT/etc/systemd/network/masked.network"
	unknown
	printf '[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\n' >"$ROOT/etc/systemd/network/eth0.network"
	healthy
}

@test "network.none: nothing is enabled" {
	rm "$WANTS/systemd-networkd.service"
	unknown
}

@test "network: a vendor's .network file for containers does not count" {
	no_networkd
	ls "$ROOT"/usr/lib/systemd/network/80-container-host0.network
	unknown
}

@test "network: ifupdown, with sourced files" {
	no_networkd
	unit networking.service
	mkdir -p "$ROOT/etc/network/interfaces.d"
	printf 'auto lo\niface lo inet loopback\n' >"$ROOT/etc/network/interfaces"
	unknown
	printf 'source /etc/network/interfaces.d/*\nauto lo\niface lo inet loopback\n' >"$ROOT/etc/network/interfaces"
	printf 'iface eth0 inet dhcp\n' >"$ROOT/etc/network/interfaces.d/eth0"
	unknown
	printf 'allow-hotplug eth0\niface eth0 inet dhcp\n' >"$ROOT/etc/network/interfaces.d/eth0"
	healthy
	printf '# auto eth0\nauto eth0\niface eth0 inet manual\n' >"$ROOT/etc/network/interfaces.d/eth0"
	unknown
	printf 'auto \\\n eth0\niface eth0 inet static\n  address 192.0.2.1/24\n' >"$ROOT/etc/network/interfaces.d/eth0"
	healthy
}

@test "network: NetworkManager, unless it may not make a connection by itself" {
	no_networkd
	unit NetworkManager.service
	mkdir -p "$ROOT/etc/NetworkManager/conf.d" "$ROOT/etc/NetworkManager/system-connections"
	healthy
	printf '[main]\nno-auto-default=*\n' >"$ROOT/etc/NetworkManager/conf.d/server.conf"
	unknown
	printf '[connection]\ntype=ethernet\n' >"$ROOT/etc/NetworkManager/system-connections/eth0.nmconnection"
	healthy
}

@test "network: netplan and cloud-init work through a generator" {
	no_networkd
	rm "$WANTS/systemd-networkd.service"
	mkdir -p "$ROOT/etc/netplan" "$ROOT/etc/cloud" "$ROOT/usr/lib/systemd/system-generators" \
		"$ROOT/etc/systemd/system/cloud-init.target.wants"
	printf 'network:\n  ethernets:\n    eth0:\n      dhcp4: true\n' >"$ROOT/etc/netplan/50-cloud-init.yaml"
	unknown
	: >"$ROOT/usr/lib/systemd/system-generators/netplan"
	healthy
	printf 'network:\n  ethernets:\n    eth0:\n      dhcp4: false # true\n' >"$ROOT/etc/netplan/50-cloud-init.yaml"
	unknown
	: >"$ROOT/usr/lib/systemd/system-generators/cloud-init-generator"
	unit cloud-init-local.service
	mv "$WANTS/cloud-init-local.service" "$ROOT/etc/systemd/system/cloud-init.target.wants/"
	healthy
	: >"$ROOT/etc/cloud/cloud-init.disabled"
	unknown
}
