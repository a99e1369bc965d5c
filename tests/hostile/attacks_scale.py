# SPDX-License-Identifier: GPL-2.0-or-later
"""Too much of everything."""

import os

from attack import BROKEN, attack
from attacks_files import UNIT
from attacks_paths import CONFIG, UNITS


def many_files(world, directory, count, name, content=b""):
    """Empty files share one inode, as far as the filesystem lets them."""
    full = world.at(directory)
    os.makedirs(full, exist_ok=True)
    source = None
    for i in range(count):
        path = full + b"/" + os.fsencode(name % i)
        if i % 60000 == 0:
            source = path
            with open(path, "wb") as file:
                file.write(content)
        else:
            os.link(source, path)


@attack("1,000,100 names in sshd_config.d", modes=("openat2",), timeout=120, traced=False, quiet=False)
def million_names(world):
    many_files(world, "/etc/ssh/sshd_config.d", 1000100, "%07d.con")


@attack("100,000 drop-ins of sshd", timeout=60, traced=False, quiet=False)
def many_dropins(world):
    many_files(world, "/etc/ssh/sshd_config.d", 100000, "%06d.conf", b"# nothing\n")


@attack("50,000 wants of multi-user.target", timeout=60, traced=False, quiet=False, heavy=True)
def many_wants(world):
    directory = world.at(UNITS + "/multi-user.target.wants")
    for i in range(50000):
        os.symlink(f"/usr/lib/systemd/system/none{i}.service", os.fsencode(f"{os.fsdecode(directory)}/none{i}.service"))


@attack("10,000 drop-ins of ssh.service", timeout=60, traced=False, quiet=False)
def many_unit_dropins(world):
    many_files(world, UNITS + "/ssh.service.d", 10000, "%06d.conf", b"[Service]\nEnvironment=A=1\n")


@attack("directories nested 3,000 deep", traced=False, quiet=False)
def deep(world):
    here = os.open(world.at("/etc/ssh"), os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    world.add(CONFIG, b"Include /etc/ssh/" + b"d/" * 2000 + b"*.conf\nInclude /etc/ssh/" + b"d/" * 500 + b"*.conf\n"
              + b"Include /etc/ssh/" + b"*/" * 1000 + b"x\n")


@attack("sshd_config includes itself", verdict=BROKEN)
def include_self(world):
    world.add(CONFIG, b"Include /etc/ssh/sshd_config\n")


@attack("sshd_config includes itself through a pattern", verdict=BROKEN)
def include_pattern(world):
    world.add(CONFIG, b"Include /etc/ssh/sshd_conf*\n")


@attack("includes that multiply: 10 files, each includes all, twice", timeout=30)
def include_bomb(world):
    for i in range(10):
        world.put(f"/etc/ssh/bomb/{i}.conf", b"Include /etc/ssh/bomb/*.conf\nInclude /etc/ssh/bomb/*.conf\n")
    world.add(CONFIG, b"Include /etc/ssh/bomb/*.conf\n")


@attack("includes that multiply without a loop: 16 levels of 4", timeout=30)
def include_tree(world):
    for level in range(16):
        for i in range(4):
            world.put(f"/etc/ssh/l{level}/{i}.conf", b"Include /etc/ssh/l%d/*.conf\n" % (level + 1))
    world.add(CONFIG, b"Include /etc/ssh/l0/*.conf\n")


@attack("an Include line with 10,000 patterns")
def include_patterns(world):
    world.add(CONFIG, b"Include " + b"/etc/ssh/sshd_config.d/*.none " * 10000 + b"\n")


def register_globs():
    patterns = ("/*/*/*/*", "/**", "/**/**/**/**", "/*/*/*/*/*/*/*/*/*/*", "/" + "*a" * 60 + "b", "/etc/" + "[" * 1000,
                "/etc/" + "[a-z]" * 500, "/{a,b}{c,d}" * 100, "/etc/" + "?" * 255, "/etc/ssh/" + "\\" * 501, "~root/*", "*" * 2000,
                "/" + "../" * 1300 + "*", "/etc/ssh/loop/*/*/*/*/*/*/*/*/*.conf")
    for i, pattern in enumerate(patterns):
        def build(world, pattern=pattern):
            world.put("/" + "a" * 250, b"")
            world.make("/etc/ssh/loop")
            for name in range(12):
                world.link(f"/etc/ssh/loop/{name}", ".")
            world.add(CONFIG, b"Include " + pattern.encode() + b"\n")
            world.put("/etc/nftables.conf", b'include "' + pattern.encode() + b'"\n')
        attack(f"Include {pattern[:40]}{'...' if len(pattern) > 40 else ''} (pattern {i})", timeout=60, traced=False, quiet=False,
               heavy=i in (3, 13))(build)


register_globs()


@attack("10,000 Match blocks", timeout=30, traced=False)
def matches(world):
    world.add(CONFIG, b"".join(b"Match User u%d Address 10.0.0.0/8\n  PermitTTY no\n" % i for i in range(10000)))


@attack("100,000 unknown keywords", timeout=60, traced=False, quiet=False)
def unknown_keywords(world):
    world.add(CONFIG, b"".join(b"Bogus%d yes\n" % i for i in range(100000)))


@attack("10,000 ports, addresses and host keys", timeout=60, traced=False, quiet=False)
def many_values(world):
    world.add(CONFIG, b"".join(b"Port %d\nListenAddress 10.%d.%d.1\nHostKey /etc/ssh/k%d\n" % (i % 65535 + 1, i // 256 % 256, i % 256, i)
                               for i in range(10000)))


@attack("units that alias, want and follow each other in circles")
def cycles(world):
    for i in range(200):
        world.put(f"{UNITS}/c{i}.service", b"[Unit]\nWants=c%d.service ssh.service\nAfter=c%d.service\nRequires=c%d.service\n"
                  b"[Install]\nAlias=c%d.service\nAlso=c%d.service\n" % ((i + 1) % 200, (i + 7) % 200, (i + 3) % 200, (i + 1) % 200,
                                                                         (i + 1) % 200))
        world.link(f"{UNITS}/multi-user.target.wants/c{i}.service", f"../c{i}.service")
    world.link(UNITS + "/a.service", "b.service")
    world.link(UNITS + "/b.service", "a.service")
    world.link(UNITS + "/default.target", "a.target")
    world.link(UNITS + "/a.target", "default.target")


@attack("aliases of ssh.service in a circle")
def alias_circle(world):
    world.link(UNIT, "sshd.service")
    world.link(UNITS + "/sshd.service", "ssh.service")


@attack("5,000 units in a chain", timeout=60, traced=False, quiet=False)
def chain(world):
    for i in range(5000):
        world.put(f"{UNITS}/c{i}.service", b"[Unit]\nWants=c%d.service\n" % (i + 1))
    world.link(UNITS + "/multi-user.target.wants/c0.service", "../c0.service")


@attack("a unit file of 15 MiB, one assignment a line", timeout=60, traced=False)
def large_unit(world):
    world.put(UNIT, b"[Service]\n" + b"ExecStart=\nExecStart=/usr/sbin/sshd -D\n" * 380000)


@attack("a unit with a continuation line of 8 MiB", timeout=60, traced=False)
def continued_unit(world):
    world.put(UNIT, b"[Service]\nExecStart=/usr/sbin/sshd -D" + b" \\\n  -o Port=22" * 500000 + b"\n")


@attack("300,000 accounts", timeout=60, traced=False)
def accounts(world):
    world.add("/etc/passwd", b"".join(b"u%d:x:%d:%d::/home/u%d:/bin/sh\n" % (i, i, i, i) for i in range(300000)))


@attack("account lines that overflow")
def odd_accounts(world):
    world.put("/etc/passwd", b"sshd:x:4294967296:65534::/run/sshd:/usr/sbin/nologin\nroot:x:-1:99999999999999999999::/root:/bin/sh\n"
              b"sshd:x:::::\n:::::::::::::\nsshd\n+\n-\n+@netgroup::::::\n" + b"x" * (1 << 20) + b":x:0:0:::\n")


@attack("ld.so.conf that includes itself, and everything")
def loader_configuration(world):
    world.put("/etc/ld.so.conf", b"include /etc/ld.so.conf\ninclude /etc/ld.so.conf.d/*\ninclude /*/*/*\n" + b"/lib\n" * 100000)
    world.put("/etc/ld.so.conf.d/x.conf", b"include /etc/ld.so.conf\n")
    world.remove("/etc/ld.so.cache")


@attack("environment files of 10,000 options")
def options(world):
    world.put("/etc/default/ssh", b"SSHD_OPTS='" + b"-o Port=22 " * 10000 + b"'\n")


@attack("a chain of variables in the environment file")
def variables(world):
    world.put("/etc/default/ssh", b"A0=xxxxxxxxxx\n" + b"".join(b"A%d=${A%d}${A%d}${A%d}\n" % (i, i - 1, i - 1, i - 1)
                                                              for i in range(1, 60)) + b"SSHD_OPTS=${A59}\n")
