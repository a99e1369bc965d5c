# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparing what the engine says with what sshd said."""

import re
import socket

# Keywords whose settings are several lines of sshd -T, one for each word.
PER_WORD = {"allowusers", "denyusers", "allowgroups", "denygroups", "acceptenv", "setenv"}
PER_LINE = {"port", "hostkey", "hostcertificate", "subsystem"}
ALGORITHMS = {
    "ciphers",
    "macs",
    "kexalgorithms",
    "hostkeyalgorithms",
    "hostbasedacceptedalgorithms",
    "pubkeyacceptedalgorithms",
    "casignaturealgorithms",
    "gssapikexalgorithms",
}
# Worked out from several settings.
COMPARED_APART = {"listenaddress", "persourcepenalties"}
# sshd -T prints numbers by other names.
NOT_COMPARED = {"ipqos"}
OLD_NAMES = {
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
}


class Engine:
    """What the engine said of one case."""

    def __init__(self, version):
        self.version = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
        self.errors = []
        self.settings = []

    @staticmethod
    def unescape(field):
        if field == "\\N":
            return None
        raw = re.sub(rb"\\(\d{3})", lambda m: bytes([int(m.group(1), 8)]), field.encode("latin-1"))
        return raw.decode("utf-8", "surrogateescape")

    @classmethod
    def read(cls, stream, version):
        engine = cls(version)
        for text in stream:
            kind, *fields = text.rstrip("\n").split("\t")
            if kind == "end":
                return engine
            if kind == "error":
                keys = ("kind", "line", "in_match", "path", "keyword", "word", "message")
                error = dict(zip(keys, fields[:3] + [cls.unescape(f) for f in fields[3:]]))
                error["line"] = int(error["line"])
                engine.errors.append(error)
            elif kind == "setting":
                line, path, keyword, value, *words = fields
                engine.settings.append(
                    (int(line), cls.unescape(path), keyword.lower(), cls.unescape(value), [cls.unescape(w) for w in words])
                )
        raise EOFError("the engine ended early")

    def not_understood(self):
        return any(e["kind"] == "not-understood" for e in self.errors)

    def of(self, keyword):
        return [s for s in self.settings if s[2] == keyword]


def normal(name, values):
    """sshd's way to say it, in the words of the engine."""
    if name == "permitrootlogin":
        return ["prohibit-password" if v == "without-password" else v for v in values]
    if name == "hostcertificate":
        return ["none" if v == "(null)" else v for v in values]
    if name == "loglevel":
        return ["QUIET" if v == "SILENT" else v for v in values]
    return values


def listen_addresses(engine):
    """host:port in any order, as sshd would listen; None where a name is among them."""
    ports = [s[3] for s in engine.of("port")] or ["22"]
    family = (engine.of("addressfamily") or [(0, 0, 0, "any")])[0][3]
    result = []
    for setting in engine.of("listenaddress"):
        word = setting[4][0]
        if word.startswith("["):
            host, _, port = word[1:].partition("]")
            port = port.lstrip(":")
        elif word.count(":") == 1:
            host, _, port = word.partition(":")
        else:
            host, port = word, ""
        if port and not port.isdigit():
            return None
        for one in [port] if port else ports:
            if host == "*":
                # glibc takes it for no name at all, and that for the loopback addresses.
                result += [(a, int(one)) for f, a in (("inet6", "127.0.0.1"), ("inet", "::1")) if f != family]
                continue
            try:
                info = socket.getaddrinfo(host, int(one), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            except (socket.gaierror, UnicodeError):
                return None
            result.append((socket.getnameinfo(info[0][4], 3)[0], int(one)))
    if not result:
        for one in ports:
            if family != "inet6":
                result.append(("0.0.0.0", int(one)))
            if family != "inet":
                result.append(("::", int(one)))
    return sorted(result)


def said_addresses(values):
    result = []
    for value in values:
        host, _, port = value.split(" ")[0].rpartition(":")
        result.append((host.strip("[]"), int(port)))
    return sorted(result)


def penalties(engine):
    """The last word on each penalty: the first line that names it counts, as does the first plain yes or no."""
    enabled, seen = None, {}
    for setting in engine.of("persourcepenalties"):
        for word in setting[4]:
            if word.lower() in ("yes", "no"):
                enabled = word.lower() if enabled is None else enabled
                continue
            name = word.split(":")[0]
            if name not in seen:
                seen[name] = word
                enabled = "yes"
    return enabled, seen


def expected(name, engine):
    """The lines that sshd -T should print for a keyword that is set; None when that is not worked out here."""
    settings = engine.of(name)
    if name in PER_WORD:
        return [w for s in settings for w in s[4]]
    if name in PER_LINE:
        return [s[3] for s in settings]
    value = settings[0][3]
    # Up to 8.6 ChallengeResponseAuthentication turns it on as well, but not in a Match block.
    if name == "kbdinteractiveauthentication" and engine.version < (8, 7):
        return None
    if name in ALGORITHMS:
        words = value.split(",")
        if value[0] in "+-^" or any(set(w) & set("*?!") or not w for w in words) or len(set(words)) < len(words):
            return None
        # Neither these nor short names of keys are what lists are made of.
        if "gss-" in value or not all("-" in w for w in words) or (name == "casignaturealgorithms" and "-cert-" in value):
            return None
        return [value] if name != "gssapikexalgorithms" else None
    if name in ("permitopen", "permitlisten") and value == "":
        return ["any"]
    if name == "persourcenetblocksize" and ":" not in value:
        return None
    # 10.3 takes it for nothing, and mostly prints nothing.
    if name == "authorizedkeysfile" and value.lower() == "none" and engine.version >= (10, 3):
        return None
    return [value]


def differences(case, verdict, engine, defaults):
    """What the two disagree about, as lines of text."""
    if verdict.crashed:
        return []
    if engine.not_understood():
        return []
    accepted = not engine.errors
    # Without a key sshd does not come as far as to read its configuration as for a connection.
    if engine.errors and verdict.no_keys and all(e["message"].startswith("Too many recursive") for e in engine.errors):
        return []
    if accepted != verdict.accepted:
        return [
            "sshd %s, the engine %s"
            % ("accepts" if verdict.accepted else "refuses", "accepts" if accepted else "refuses")
        ]
    if accepted:
        return [] if not verdict.values else value_differences(verdict, engine, defaults)
    return error_differences(case, verdict, engine.errors[0])


def same_message(ours, theirs):
    """sshd escapes what is not printable, cuts long lines, and puts details on a line of their own."""
    if "not a regular file" in ours:
        return True
    if "bad addr or host: " in ours and any("bad addr or host: " in t for t in theirs):
        return True
    plain = re.compile(r"[^ -\[\]-~]|\\")
    if plain.search(ours) or len(ours) > 180:
        return True
    return any(ours == plain.sub("", t) or t.endswith(": " + ours) for t in theirs)


def error_differences(case, verdict, error):
    result = []
    if verdict.path and not case.moves_lines:
        path = error["path"] or "command-line"
        if error["kind"] != "conflict" and (path, error["line"]) != (verdict.path, verdict.line):
            result.append("sshd stops at %s:%d, the engine at %s:%d" % (verdict.path, verdict.line, path, error["line"]))
    # A LogLevel of QUIET on the command line keeps sshd from saying why.
    if not case.moves_lines and verdict.messages and not same_message(error["message"], verdict.messages[:3]):
        result.append("sshd says %r, the engine %r" % (verdict.messages[:3], error["message"]))
    return result


def value_differences(verdict, engine, defaults):
    result = []
    said = {OLD_NAMES.get(k, k): v for k, v in verdict.values.items()}
    normally = {OLD_NAMES.get(k, k): v for k, v in defaults.values.items()}
    addresses = listen_addresses(engine)
    if addresses is not None and addresses != said_addresses(said.get("listenaddress", [])):
        result.append("listenaddress: sshd %s, the engine %s" % (said.get("listenaddress"), addresses))
    ours = {s[2] for s in engine.settings}
    for name in sorted(ours & (set(said) | set(normally)) - COMPARED_APART - NOT_COMPARED):
        want = expected(name, engine)
        if want is not None and normal(name, said.get(name, [])) != want:
            result.append("%s: sshd %r, the engine %r" % (name, said.get(name), want))
    # Up to 8.6 ChallengeResponseAuthentication, on by default, turns it on as well.
    if said.get("challengeresponseauthentication") == ["no"]:
        normally["kbdinteractiveauthentication"] = ["no"]
    elif "challengeresponseauthentication" in said:
        normally["kbdinteractiveauthentication"] = said["kbdinteractiveauthentication"]
    enabled, seen = penalties(engine)
    if enabled and (said["persourcepenalties"] == ["no"]) != (enabled == "no"):
        result.append("persourcepenalties: sshd %r, the engine %r" % (said["persourcepenalties"], (enabled, seen)))
    for name in sorted(set(said) - ours - COMPARED_APART):
        if said[name] != normally.get(name):
            result.append("%s: sshd %r, the engine has no setting" % (name, said[name]))
    return result
