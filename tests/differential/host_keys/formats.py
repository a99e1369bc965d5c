# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking key files apart and putting them together again, wrongly if need be."""

import base64
import struct

MAGIC = b"openssh-key-v1\0"
BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----\n"
END = b"-----END OPENSSH PRIVATE KEY-----\n"


def string(data):
    return struct.pack(">I", len(data)) + data


def number(value):
    if value == 0:
        return string(b"")
    size = value.bit_length() // 8 + 1
    return string(value.to_bytes(size, "big"))


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        assert len(self.data) >= size
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def string(self):
        return self.take(self.u32())

    def number(self):
        return int.from_bytes(self.string(), "big")


def lines(data, width):
    text = base64.b64encode(data)
    return b"".join(text[i:i + width] + b"\n" for i in range(0, len(text), width))


def armour(data):
    return BEGIN + lines(data, 70) + END


def unarmour(text):
    return base64.b64decode(text[len(BEGIN):text.index(END)])


def pad(data, block=8):
    count = -len(data) % block
    return data + bytes(range(1, count + 1))


def secret_fields(kind):
    """How many strings the type has behind its name, of those the public ones."""
    return {"ssh-rsa": (6, 2), "ssh-dss": (5, 4), "ssh-ed25519": (2, 1)}.get(kind, (3, 2))


class OpenSSHKey:
    """The parts of an unencrypted openssh-key-v1, each to be replaced at will."""

    def __init__(self, text):
        reader = Reader(unarmour(text))
        assert reader.take(len(MAGIC)) == MAGIC
        self.cipher = reader.string()
        self.kdf = reader.string()
        self.kdf_options = reader.string()
        self.count = reader.u32()
        self.public = reader.string()
        reader = Reader(reader.string())
        self.check = [reader.u32(), reader.u32()]
        self.kind = reader.string()
        total, _ = secret_fields(self.kind.decode())
        self.fields = [reader.string() for _ in range(total)]
        self.comment = reader.string()
        self.padding = None
        self.trailer = b""
        self.secret = None
        self.secret_size = None

    def numbers(self):
        return [int.from_bytes(field, "big") for field in self.fields]

    def write(self):
        secret = self.secret
        if secret is None:
            secret = b"".join(struct.pack(">I", check) for check in self.check)
            secret += string(self.kind) + b"".join(string(field) for field in self.fields) + string(self.comment)
            secret = pad(secret) if self.padding is None else secret + self.padding
        size = len(secret) if self.secret_size is None else self.secret_size
        data = MAGIC + string(self.cipher) + string(self.kdf) + string(self.kdf_options)
        data += struct.pack(">I", self.count) + string(self.public) + struct.pack(">I", size) + secret + self.trailer
        return armour(data)


def pem_parts(text):
    """Name and DER of the last block of a file."""
    start = text.rindex(b"-----BEGIN ") + 11
    name = text[start:text.index(b"-----", start)]
    body = text[text.index(b"\n", start) + 1:text.index(b"-----END", start)]
    return name, base64.b64decode(body)


def pem(name, der):
    return b"-----BEGIN " + name + b"-----\n" + lines(der, 64) + b"-----END " + name + b"-----\n"


def der(tag, content):
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def der_number(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def der_take(data):
    """Tag, content and what follows the first value."""
    tag, size, at = data[0], data[1], 2
    if size & 0x80:
        at += size & 0x7f
        size = int.from_bytes(data[2:at], "big")
    return tag, data[at:at + size], data[at + size:]
