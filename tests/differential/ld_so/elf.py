# SPDX-License-Identifier: GPL-2.0-or-later
"""Small ELF files for the loader to find: 64-bit, little-endian, with room for code, and none."""

import struct

STRINGS, DYNAMIC, INTERPRETER, ENTRY = 0x400, 0x200, 0x300, 0xff0
SIZE = 0x1000
DT_NEEDED, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT = 1, 5, 6, 10, 11
DT_SONAME, DT_RPATH, DT_RUNPATH, DT_FLAGS_1 = 14, 15, 29, 0x6ffffffb
NODEFLIB = 0x800


def build(needed=(), soname=None, rpath=None, runpath=None, flags_1=0, interpreter=None, machine=62, narrow=False):
    strings = b"\0"
    entries = []

    def add(tag, text):
        nonlocal strings
        entries.append((tag, len(strings)))
        strings += text.encode() + b"\0"

    for name in needed:
        add(DT_NEEDED, name)
    if soname:
        add(DT_SONAME, soname)
    if rpath is not None:
        add(DT_RPATH, rpath)
    if runpath is not None:
        add(DT_RUNPATH, runpath)
    if flags_1:
        entries.append((DT_FLAGS_1, flags_1))
    entries += [(DT_STRTAB, STRINGS), (DT_STRSZ, len(strings)), (DT_SYMTAB, 0xf00), (DT_SYMENT, 24), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", tag, value) for tag, value in entries)
    assert len(dynamic) <= INTERPRETER - DYNAMIC and len(strings) <= 0xf00 - STRINGS

    segments = [(1, 7, 0, SIZE), (2, 6, DYNAMIC, len(dynamic)), (0x6474e551, 6, 0, 0)]
    if interpreter:
        # A program says where its headers are: that is how the loader learns its address.
        segments = [(6, 4, 64, 56 * 5), (3, 4, INTERPRETER, len(interpreter) + 1)] + segments
    data = bytearray(SIZE)
    if narrow:
        data[0:52] = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 3, 3, 1, 0, 52, 0, 0, 52, 32, 0, 0, 0, 0)
        return bytes(data)
    data[0:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, machine, 1, ENTRY, 64, 0, 0, 64, 56, len(segments),
                             64, 0, 0)
    for i, (kind, flags, offset, size) in enumerate(segments):
        data[64 + 56 * i:120 + 56 * i] = struct.pack("<IIQQQQQQ", kind, flags, offset, offset, offset, size, size, 0x1000)
    data[DYNAMIC:DYNAMIC + len(dynamic)] = dynamic
    data[STRINGS:STRINGS + len(strings)] = strings
    if interpreter:
        data[INTERPRETER:INTERPRETER + len(interpreter)] = interpreter.encode()
    return bytes(data)
