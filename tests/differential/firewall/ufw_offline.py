# SPDX-License-Identifier: GPL-2.0-or-later
"""The real ufw(8), writing its files below a scratch directory instead of /etc, without a kernel to put rules into."""

import builtins
import io
import os
import shlex
import shutil
import sys
import tempfile
import warnings

sys.path.append("/usr/lib/python3/dist-packages")
builtins._ = lambda text: text  # ufw's modules expect gettext there

# pylint: disable=wrong-import-position
import ufw.backend_iptables
import ufw.common
import ufw.frontend
import ufw.util

SHIPPED = "/usr/share/ufw"
RULES = [f"{name}{suffix}.rules" for name in ("before", "user", "after") for suffix in ("", "6")]
OPENSSH = "[OpenSSH]\ntitle=Secure shell server, an rshd replacement\ndescription=OpenSSH\nports=22/tcp\n"
NGINX = ("[Nginx Full]\ntitle=Web Server (Nginx, HTTP + HTTPS)\ndescription=Nginx\nports=80,443/tcp\n"
         "[Nginx HTTP]\ntitle=Web Server (Nginx, HTTP)\ndescription=Nginx\nports=80/tcp\n")
ADMIN = "[Admin]\ntitle=Administration\ndescription=All of it\nports=22,2222/tcp|10000:10100/tcp|161/udp\n"

# What the package sets up in /etc: the contents of its files, as they are on a machine that it was just installed on.
with open("/etc/default/ufw", encoding="utf-8") as _file:
    DEFAULTS = _file.read()
with open(f"{SHIPPED}/ufw.conf", encoding="utf-8") as _file:
    CONF = _file.read()


def pristine():
    files = {"/etc/default/ufw": DEFAULTS, "/etc/ufw/ufw.conf": CONF, "/etc/ufw/sysctl.conf": "",
             "/etc/ufw/applications.d/openssh-server": OPENSSH, "/etc/ufw/applications.d/nginx": NGINX,
             "/etc/ufw/applications.d/admin": ADMIN}
    for name in RULES:
        with open(f"{SHIPPED}/{name}", encoding="utf-8") as file:
            files[f"/etc/ufw/{name}"] = file.read()
    return files


def without_kernel(*_command):
    """Every call of iptables, ip6tables and ufw-init succeeds."""
    return [0, ""]


ufw.common.do_checks = False  # who owns the files and the directories above them
ufw.backend_iptables.cmd = without_kernel
ufw.backend_iptables.cmd_pipe = without_kernel
ufw.util.get_iptables_version = lambda exe=None: "1.8.9"


class Ufw:
    """One machine's ufw. Commands are what comes behind "ufw" on the command line; a refused one returns None."""

    def __init__(self, files):
        self.root = tempfile.mkdtemp(prefix="ufw-")
        self.said = io.TextIOWrapper(io.BytesIO())
        for path, text in files.items():
            full = self.root + path
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
        self.files = set(files)
        try:
            with self.quiet():
                self.frontend = ufw.frontend.UFWFrontend(False, rootdir=self.root, datadir=self.root)
        except BaseException:
            self.close()
            raise
        # As it finds them on a running kernel.
        self.frontend.backend.caps = {"limit": {"4": True, "6": True}}

    def quiet(self):
        return Quiet(self.said)

    def __call__(self, command):
        with self.quiet():
            try:
                parsed = ufw.frontend.parse_command(["ufw", *shlex.split(command)])
                return self.frontend.do_action(parsed.action, parsed.data.get("rule", ""), parsed.data.get("iptype", ""),
                                               True)
            except (ufw.common.UFWError, ValueError, SystemExit):
                return None

    def put_first(self, port):
        """What `prepend allow PORT/tcp` would write if ufw did not mind that such a rule is there, further down."""
        backend = self.frontend.backend
        for ipv6, rules in ((False, backend.rules), (True, backend.rules6)):
            rule = ufw.common.UFWRule("allow", "tcp", str(port))
            rule.set_v6(ipv6)
            rules.insert(0, rule)
            with self.quiet():
                backend._write_rules(ipv6)  # pylint: disable=protected-access

    def read(self):
        files = {}
        for path in self.files:
            with open(self.root + path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                files[path] = file.read()
        return files

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Quiet:
    """Keeps ufw's warnings off the terminal."""

    def __init__(self, said):
        self.said = said

    def __enter__(self):
        self.before = sys.stderr
        sys.stderr = self.said
        warnings.simplefilter("ignore")

    def __exit__(self, *_):
        sys.stderr = self.before
