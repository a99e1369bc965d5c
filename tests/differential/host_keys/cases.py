# SPDX-License-Identifier: GPL-2.0-or-later
"""Host key files: good ones, and every kind of damage."""

import random
import struct

import formats
from formats import BEGIN, END, OpenSSHKey, string


class Case:
    def __init__(self, label, content, mode=0o600, uid=0, gid=0, public=None):
        self.label, self.content, self.mode, self.uid, self.gid, self.public = label, content, mode, uid, gid, public


def flip(data, at, bit):
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1:]


def text_cases(label, key):
    """What editors, copies and pastes do to a text, whatever its format."""
    first, rest = key.split(b"\n", 1)
    body = rest[:rest.rindex(b"-----END")]
    last = rest[rest.rindex(b"-----END"):]
    joined = body.replace(b"\n", b"")
    made = {
        "crlf": key.replace(b"\n", b"\r\n"),
        "cr only": key.replace(b"\n", b"\r"),
        "crlf body": first + b"\n" + body.replace(b"\n", b"\r\n") + last,
        "crlf first": first + b"\r\n" + rest,
        "crlf last": key[:-1] + b"\r\n",
        "no last newline": key[:-1],
        "no last line": first + b"\n" + body,
        "no first line": rest,
        "leading blank line": b"\n" + key,
        "leading space": b" " + key,
        "byte order mark": b"\xef\xbb\xbf" + key,
        "leading text": b"my key:\n" + key,
        "trailing text": key + b"and more\n",
        "trailing zeros": key + bytes(4096),
        "trailing blanks": b"".join(line + b"  \n" for line in key.splitlines()),
        "trailing blanks in body": first + b"\n" + body.replace(b"\n", b" \n") + last,
        "indented": b"".join(b"    " + line + b"\n" for line in key.splitlines()),
        "indented body": first + b"\n" + b"".join(b"\t" + line + b"\n" for line in body.splitlines()) + last,
        "blank lines in body": first + b"\n" + body.replace(b"\n", b"\n\n") + last,
        "blank line first": first + b"\n\n" + body + last,
        "blank line last": first + b"\n" + body + b"\n" + last,
        "one line body": first + b"\n" + joined + b"\n" + last,
        "all in one line": key.replace(b"\n", b""),
        "all in one line, with newline": key.replace(b"\n", b"") + b"\n",
        "spaces for newlines": key.replace(b"\n", b" "),
        "short lines": first + b"\n" + b"".join(joined[i:i + 10] + b"\n" for i in range(0, len(joined), 10)) + last,
        "long lines": first + b"\n" + b"".join(joined[i:i + 76] + b"\n" for i in range(0, len(joined), 76)) + last,
        "two keys": key + key,
        "doubled body": first + b"\n" + body + body + last,
        "lower case": key.lower(),
        "upper case": key.upper(),
        "no body": first + b"\n" + last,
        "nul in body": first + b"\n" + body[:40] + b"\0" + body[40:] + last,
        "nul for a character": first + b"\n" + body[:40] + b"\0" + body[41:] + last,
        "nul behind body": first + b"\n" + body[:-1] + b"\0\n" + last,
        "nul and rubbish behind body": first + b"\n" + body[:-1] + b"\0rubbish\n" + last,
        "comment in body": first + b"\n# hello\n" + body + last,
        "header": first + b"\nComment: hello\n\n" + body + last,
        "header without blank line": first + b"\nComment: hello\n" + body + last,
        "percent": first + b"\n" + body[:30] + b"%" + body[31:] + last,
        "hyphen": first + b"\n" + body[:30] + b"-" + body[31:] + last,
        "padding inside": first + b"\n" + body[:30] + b"=" + body[31:] + last,
        "no padding": key.replace(b"=", b""),
        "too much padding": first + b"\n" + body[:-1] + b"=\n" + last,
        "first line twice": first + b"\n" + key,
        "utf-16": b"\xff\xfe" + key.decode("latin-1").encode("utf-16-le"),
        "other end": first + b"\n" + body + b"-----END PUBLIC KEY-----\n",
        "zeros": bytes(len(key)),
        "second half zeros": key[:len(key) // 2] + bytes(len(key) - len(key) // 2),
        "first half zeros": bytes(len(key) // 2) + key[len(key) // 2:],
        "quoted": b'"' + key + b'"',
        "escaped newlines": key.replace(b"\n", b"\\n"),
    }
    for name, content in made.items():
        yield Case(f"{label}: {name}", content)


def cut_cases(label, key, step):
    for size in range(0, len(key), step):
        yield Case(f"{label}: cut off at {size}", key[:size])
    for size in range(len(key) - 4, len(key)):
        yield Case(f"{label}: cut off at {size}", key[:size])


def openssh_flip_cases(label, key, step):
    data = formats.unarmour(key)
    for at in range(0, len(data), step):
        yield Case(f"{label}: bit {at % 8} of byte {at}", formats.armour(flip(data, at, at % 8)))
    for size in range(0, len(data), max(1, step * 4)):
        yield Case(f"{label}: data cut off at {size}", formats.armour(data[:size]))


def changed(key, **parts):
    made = OpenSSHKey(key)
    for name, value in parts.items():
        setattr(made, name, value)
    return made.write()


def envelope_cases(label, key, other):
    made = {
        "as it is": {},
        "no key": {"count": 0},
        "two keys": {"count": 2},
        "other check number": {"check": [1, 2]},
        "equal check numbers": {"check": [0, 0]},
        "cipher without derivation": {"cipher": b"aes256-ctr"},
        "derivation without cipher": {"kdf": b"bcrypt"},
        "derivation with options": {"kdf": b"bcrypt", "cipher": b"aes256-ctr",
                                    "kdf_options": string(b"x" * 16) + struct.pack(">I", 16)},
        "unknown cipher": {"cipher": b"rot13"},
        "unknown derivation": {"kdf": b"md5"},
        "empty cipher": {"cipher": b""},
        "cipher with nul": {"cipher": b"no\0ne"},
        "cipher with last nul": {"cipher": b"none\0"},
        "options without derivation": {"kdf_options": b"abc"},
        "other public half": {"public": other.public},
        "empty public half": {"public": b""},
        "longer public half": {"public": OpenSSHKey(key).public + b"\0"},
        "trailing data": {"trailer": b"x"},
        "trailing block": {"trailer": bytes(8)},
        "secret part too short": {"secret": b""},
        "secret size small": {"secret_size": 8},
        "secret size odd": {"secret_size": 9},
        "secret size huge": {"secret_size": 0xffffffff},
        "secret size huge, even": {"secret_size": 0xfffffff8},
        "no padding": {"padding": b""},
        "zero padding": {"padding": bytes(8)},
        "comment with nul": {"comment": b"a\0b"},
        "comment with last nul": {"comment": b"a\0"},
        "empty comment": {"comment": b""},
        "long comment": {"comment": b"c" * 5000},
        "other kind": {"kind": other.kind},
        "unknown kind": {"kind": b"ssh-unknown"},
        "empty kind": {"kind": b""},
        "certificate kind": {"kind": b"ssh-ed25519-cert-v01@openssh.com"},
        "all of another": {"public": other.public, "kind": other.kind, "fields": other.fields},
        "secret fields of another": {"kind": other.kind, "fields": other.fields},
    }
    for name, parts in made.items():
        yield Case(f"{label}: {name}", changed(key, **parts))
    for extra in range(1, 18):
        parsed = OpenSSHKey(key)
        parsed.padding = bytes(range(1, extra + 1))
        yield Case(f"{label}: {extra} bytes of padding", parsed.write())


def public_of(kind, fields):
    """The public half that belongs to the fields of a secret part."""
    if kind == b"ssh-rsa":
        fields = [fields[1], fields[0]]
    else:
        fields = fields[:formats.secret_fields(kind.decode())[1]]
    return string(kind) + b"".join(string(field) for field in fields)


def both_halves(key, **replaced):
    """Field numbers replaced in the secret part and, where they are public, in the public half as well."""
    made = OpenSSHKey(key)
    for index, value in replaced.items():
        made.fields[int(index[1:])] = value
    made.public = public_of(made.kind, made.fields)
    return made.write()


def mpint(value):
    return value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b""


def rsa_number_cases(label, key):
    n, e, d, iqmp, p, q = OpenSSHKey(key).numbers()
    made = {
        "even modulus": {"f0": mpint(n - 1)},
        "modulus plus 2": {"f0": mpint(n + 2)},
        "modulus of 1023 bits": {"f0": mpint((1 << 1022) + 1)},
        "modulus of 1024 bits": {"f0": mpint((1 << 1023) + 1)},
        "modulus zero": {"f0": b""},
        "modulus negative": {"f0": b"\xff" + mpint(n)[1:]},
        "modulus of 16384 bits": {"f0": mpint((1 << 16383) + 1)},
        "modulus of 16392 bits": {"f0": mpint((1 << 16391) + 1)},
        "modulus with zeros before": {"f0": bytes(5) + mpint(n)},
        "exponent 3": {"f1": mpint(3)},
        "exponent 1": {"f1": mpint(1)},
        "exponent 0": {"f1": b""},
        "exponent even": {"f1": mpint(65536)},
        "secret zero": {"f2": b""},
        "secret one": {"f2": mpint(1)},
        "secret plus 2": {"f2": mpint(d + 2)},
        "secret plus phi": {"f2": mpint(d + (p - 1) * (q - 1))},
        "inverse zero": {"f3": b""},
        "inverse plus 1": {"f3": mpint(iqmp + 1)},
        "p zero": {"f4": b""},
        "p one": {"f4": mpint(1)},
        "p two": {"f4": mpint(2)},
        "p plus 2": {"f4": mpint(p + 2)},
        "q zero": {"f5": b""},
        "q one": {"f5": mpint(1)},
        "q two": {"f5": mpint(2)},
        "p and q swapped": {"f4": mpint(q), "f5": mpint(p)},
        "d and p swapped": {"f2": mpint(p), "f4": mpint(d)},
        "p negative": {"f4": b"\x80" + mpint(p)[1:]},
    }
    for name, fields in made.items():
        yield Case(f"{label}: {name}", both_halves(key, **fields))


ORDERS = {
    b"nistp256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
    b"nistp384": 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
    b"nistp521": 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409,
}


def ecdsa_number_cases(label, key, others):
    curve, point, secret = OpenSSHKey(key).fields
    value, order, size = int.from_bytes(secret, "big"), ORDERS[curve], (len(point) - 1) // 2
    made = {
        "secret zero": {"f2": b""},
        "secret one": {"f2": mpint(1)},
        "secret short": {"f2": mpint(value >> (order.bit_length() // 2 + 8))},
        "secret just long enough": {"f2": mpint(1 << (order.bit_length() // 2))},
        "secret just too short": {"f2": mpint((1 << (order.bit_length() // 2)) - 1)},
        "secret order": {"f2": mpint(order)},
        "secret order minus 1": {"f2": mpint(order - 1)},
        "secret order minus 2": {"f2": mpint(order - 2)},
        "secret plus 1": {"f2": mpint(value ^ 1)},
        "secret negated": {"f2": mpint(order - value)},
        "secret plus order": {"f2": mpint(value + order)},
        "secret with sign": {"f2": b"\x80" + secret},
        "secret with zeros before": {"f2": bytes(9) + mpint(value)},
        "point cut off": {"f1": point[:-1]},
        "point longer": {"f1": point + b"\0"},
        "point empty": {"f1": b""},
        "point at infinity": {"f1": b"\0"},
        "point compressed": {"f1": bytes([2 + (point[-1] & 1)]) + point[1:1 + size]},
        "point hybrid": {"f1": bytes([6 + (point[-1] & 1)]) + point[1:]},
        "point off the curve": {"f1": flip(point, len(point) - 1, 0)},
        "point zero": {"f1": b"\4" + bytes(2 * size)},
        "point too long": {"f1": b"\4" + bytes(200)},
        "x above the field": {"f1": b"\4" + b"\xff" * size + point[1 + size:]},
        "curve unknown": {"f0": b"nistp257"},
        "curve empty": {"f0": b""},
    }
    for other in others:
        parsed = OpenSSHKey(other)
        made[f"curve {parsed.fields[0].decode()}"] = {"f0": parsed.fields[0]}
        made[f"point of {parsed.fields[0].decode()}"] = {"f1": parsed.fields[1]}
        made[f"point and curve of {parsed.fields[0].decode()}"] = {"f0": parsed.fields[0], "f1": parsed.fields[1]}
    for name, fields in made.items():
        yield Case(f"{label}: {name}", both_halves(key, **fields))


def ed25519_number_cases(label, key, other):
    public, secret = OpenSSHKey(key).fields
    _, other_secret = OpenSSHKey(other).fields
    made = {
        "seed changed": {"f1": flip(secret, 0, 0)},
        "public half in the secret changed": {"f1": flip(secret, 40, 0)},
        "public halves changed": {"f0": flip(public, 5, 1)},
        "all public halves changed": {"f0": flip(public, 5, 1), "f1": flip(secret, 37, 1)},
        "secret of another": {"f1": other_secret},
        "secret short": {"f1": secret[:32]},
        "secret long": {"f1": secret + b"\0"},
        "public short": {"f0": public[:31]},
        "public zero": {"f0": bytes(32)},
        "all zero": {"f0": bytes(32), "f1": bytes(64)},
        "swapped": {"f0": secret, "f1": public},
    }
    for name, fields in made.items():
        yield Case(f"{label}: {name}", both_halves(key, **fields))


def pem_cases(label, key, step):
    name, data = formats.pem_parts(key)
    for at in range(0, len(data), step):
        yield Case(f"{label}: bit {at % 8} of byte {at}", formats.pem(name, flip(data, at, at % 8)))
    for size in list(range(0, len(data), step)) + [len(data) - 1]:
        yield Case(f"{label}: data cut off at {size}", formats.pem(name, data[:size]))
    for other in (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"DSA PRIVATE KEY", b"ENCRYPTED PRIVATE KEY",
                  b"OPENSSH PRIVATE KEY", b"PUBLIC KEY", b"CERTIFICATE", b"ANY PRIVATE KEY", b"X PRIVATE KEY",
                  b"ED25519 PRIVATE KEY", b"private key"):
        yield Case(f"{label}: called {other.decode()}", formats.pem(other, data))
    yield Case(f"{label}: data behind", formats.pem(name, data + b"\0\0\0\0"))
    yield Case(f"{label}: another block before", b"-----BEGIN X-----\nAAAA\n-----END X-----\n" + key)
    yield Case(f"{label}: a broken block before", b"-----BEGIN X-----\nA*AA\n-----END X-----\n" + key)
    yield Case(f"{label}: an open block before", b"-----BEGIN X-----\nAAAA\n" + key)
    yield Case(f"{label}: an openssh block before", BEGIN + b"AAAA\n" + END + key)
    yield Case(f"{label}: procedure", key.replace(b"-----\n", b"-----\nProc-Type: 4,ENCRYPTED\n"
                                                   b"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1))
    yield Case(f"{label}: other procedure", key.replace(b"-----\n", b"-----\nProc-Type: 4,MIC-CLEAR\n\n", 1))


def pem_rsa_cases(label, key):
    name, data = formats.pem_parts(key)
    if name != b"RSA PRIVATE KEY":
        return
    values, rest = [], formats.der_take(data)[1]
    while rest:
        _, content, rest = formats.der_take(rest)
        values.append(int.from_bytes(content, "big"))
    version, n, e, d, p, q, dp, dq, qi = values
    made = {
        "version 1": [1] + values[1:],
        "version 2": [2] + values[1:],
        "one number less": values[:-1],
        "one number more": values + [7],
        "even modulus": [version, n - 1] + values[2:],
        "modulus of 1023 bits": [version, (1 << 1022) + 1] + values[2:],
        "modulus of 1024 bits": [version, (1 << 1023) + 1] + values[2:],
        "modulus of 16400 bits": [version, (1 << 16399) + 1] + values[2:],
        "secret plus 2": [version, n, e, d + 2, p, q, dp, dq, qi],
        "secret one": [version, n, e, 1, p, q, dp, dq, qi],
        "p plus 2": [version, n, e, d, p + 2, q, dp, dq, qi],
        "p one": [version, n, e, d, 1, q, dp, dq, qi],
        "remainders wrong": [version, n, e, d, p, q, dp + 2, dq + 2, qi],
        "exponent 3": [version, n, 3, d, p, q, dp, dq, qi],
        "exponent even": [version, n, 65536, d, p, q, dp, dq, qi],
        "zero modulus": [version, 0] + values[2:],
        "zero secret": [version, n, e, 0, p, q, dp, dq, qi],
        "zero p": [version, n, e, d, 0, q, dp, dq, qi],
        "zero remainders": [version, n, e, d, p, q, 0, 0, 0],
    }
    for what, numbers in made.items():
        yield Case(f"{label}: {what}",
                   formats.pem(name, formats.der(0x30, b"".join(formats.der_number(value) for value in numbers))))


def mode_cases(label, key):
    for mode in (0o600, 0o400, 0o000, 0o700, 0o640, 0o604, 0o660, 0o644, 0o666, 0o601, 0o610, 0o777, 0o4600, 0o1600):
        for uid, gid in ((0, 0), (0, 50), (1000, 1000), (1000, 0)):
            yield Case(f"{label}: mode {mode:04o}, owner {uid}:{gid}", key, mode, uid, gid)


def public_cases(label, key, public, others):
    kind, blob = public.split()[:2]
    made = {
        "none": None,
        "its own": public,
        "its own, no comment": kind + b" " + blob + b"\n",
        "its own, no newline": public.rstrip(b"\n"),
        "its own, crlf": public.rstrip(b"\n") + b"\r\n",
        "its own, behind comments": b"# hello\n\n" + public,
        "its own, indented": b" \t" + public,
        "its own, tabs": public.replace(b" ", b"\t"),
        "empty": b"",
        "rubbish": b"hello world, this is no key\n",
        "cut off": public[:60],
        "rubbish, then its own": b"hello world\n" + public,
        "private": key,
        "wrong type": b"ssh-unknown " + blob + b"\n",
        "other type": (b"ssh-ed25519 " if kind != b"ssh-ed25519" else b"ssh-rsa ") + blob + b"\n",
    }
    for name, other in others.items():
        made[f"of {name}"] = other
        made[f"of {name}, then its own"] = other + public
    for name, content in made.items():
        yield Case(f"{label}, public half: {name}", key, public=content)


def rubbish_cases():
    maker = random.Random(1)
    for size in (0, 1, 2, 35, 36, 37, 70, 100, 500, 4096, 100000, 1048577):
        yield Case(f"{size} zeros", bytes(size))
        yield Case(f"{size} newlines", b"\n" * size)
        yield Case(f"{size} random bytes", maker.randbytes(size))
    yield Case("words", b"this is no key\n")
    yield Case("html", b"<html><body>404 Not Found</body></html>\n")
    yield Case("only markers", BEGIN + END)
    yield Case("ssh 1", b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0" + bytes(100))
    yield Case("putty", b"PuTTY-User-Key-File-2: ssh-ed25519\nEncryption: none\n")


def random_case(maker, label, key):
    """One to three changes of bytes or lines."""
    data = key
    for _ in range(maker.randint(1, 3)):
        at = maker.randrange(len(data)) if data else 0
        kind = maker.randrange(6)
        if kind == 0:
            data = data[:at] + bytes([maker.randrange(256)]) + data[at + 1:]
        elif kind == 1:
            data = data[:at] + data[at + maker.randint(1, 8):]
        elif kind == 2:
            data = data[:at] + maker.choice([b"A", b"=", b"\n", b"\r", b" ", b"\0", b"-----", b"\xff"]) + data[at:]
        elif kind == 3:
            data = data[:at] + maker.choice(b"ABCDwxyz0189+/").to_bytes(1, "big") + data[at + 1:]
        elif kind == 4:
            rows = data.split(b"\n")
            one, two = maker.randrange(len(rows)), maker.randrange(len(rows))
            rows[one], rows[two] = rows[two], rows[one]
            data = b"\n".join(rows)
        else:
            size = maker.choice([1, 16, 64, 512])
            data = data[:at] + bytes(min(size, len(data) - at)) + data[at + size:]
    return Case(f"{label}: random", data)


def random_data_case(maker, label, key):
    """One to three changes of the bytes below the base64 text."""
    if key.startswith(BEGIN):
        data, write = formats.unarmour(key), formats.armour
    else:
        name, data = formats.pem_parts(key)
        write = lambda changed_data: formats.pem(name, changed_data)
    for _ in range(maker.randint(1, 3)):
        at = maker.randrange(len(data))
        kind = maker.randrange(4)
        if kind == 0:
            data = flip(data, at, maker.randrange(8))
        elif kind == 1:
            data = data[:at] + bytes([maker.randrange(256)]) + data[at + 1:]
        elif kind == 2:
            data = data[:at] + data[at + maker.randint(1, 4):]
        else:
            data = data[:at] + maker.randbytes(maker.randint(1, 4)) + data[at:]
        if not data:
            data = b"\0"
    return Case(f"{label}: random data", write(data))
