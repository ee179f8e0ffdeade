"""Hostile ZIP archives: bombs, lies about sizes, ways out of the folder, passwords, archives within archives."""

import struct
import zipfile
from collections.abc import Iterator

from tests.helpers.malformed.valid_files import zipped


def archives() -> Iterator[tuple[str, bytes]]:
    """None of them holds a scan that may be read."""
    bomb = zipped({"zeros.png": bytes(30 * 2**20)})
    yield "bomb.zip", bomb
    yield "nested-bomb.zip", zipped({"inner.zip": bomb})
    yield "liar.zip", _lied(bomb, 30 * 2**20, 100)
    yield "liar-both.zip", _lied(zipped({"a.png": bytes(2**20)}), 2**20, 2**31 - 1)
    yield "many.zip", zipped({f"{number}.txt": b"" for number in range(3_000)}, zipfile.ZIP_STORED)
    yield "very-many.zip", zipped({f"{number}.txt": b"" for number in range(20_000)}, zipfile.ZIP_STORED)
    yield "nested.zip", zipped({"inner.zip": zipped({"a.txt": b"x"})})
    for name, path in (
        ("up", "../../out.png"),
        ("root", "/out.png"),
        ("drive", "C:\\out.png"),
        ("back", "..\\out.png"),
    ):
        yield f"way-{name}.zip", zipped({path: b"not a scan"})
    yield "folders.zip", zipped({"a/": b"", "b/c/": b""})
    yield "nothing.zip", b"PK\5\6" + bytes(18)
    yield "macos.zip", zipped({"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "a/Thumbs.db": b"x"})
    yield "locked.zip", _flagged(zipped({"a.png": b"secret" * 50}))
    yield "lzma.zip", zipped({"a.png": b"x" * 5000}, zipfile.ZIP_LZMA)
    yield "unknown-method.zip", _method(zipped({"a.png": b"x" * 5000}), 97)
    yield "link.zip", _link()
    yield "twice.zip", _doubled(zipped({"a.png": b"first", "b.png": b"second"}))
    yield "headless.zip", zipped({"a.png": b"x" * 100})[30:]
    yield "listless.zip", b"PK\3\4" + bytes(500)
    yield (
        "odd-names.zip",
        zipped({"a\n\x1b[31mred.png": b"x", "=cmd|' /c calc'!a.jpg": b"x", "n" * 3000 + ".png": b"x"}),
    )
    yield "long-list.zip", _long_list()


def _lied(content: bytes, true: int, claimed: int) -> bytes:
    return content.replace(struct.pack("<I", true), struct.pack("<I", claimed))


def _flagged(content: bytes) -> bytes:
    """The same, said to be encrypted: in the file's own header and in the list."""
    changed = bytearray(content)
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        changed[content.index(signature) + at] |= 1
    return bytes(changed)


def _method(content: bytes, method: int) -> bytes:
    changed = bytearray(content)
    for signature, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        changed[content.index(signature) + at] = method
    return bytes(changed)


def _link() -> bytes:
    changed = bytearray(zipped({"a.png": b"/etc/hostname"}))
    at = changed.index(b"PK\1\2")
    changed[at + 5] = 3  # written on Unix
    changed[at + 38 : at + 42] = struct.pack("<I", 0o120777 << 16)
    return bytes(changed)


def _doubled(content: bytes) -> bytes:
    """Both entries of its list point at the same file."""
    changed = bytearray(content)
    second = content.rindex(b"PK\1\2")
    changed[second + 42 : second + 46] = bytes(4)
    return bytes(changed)


def _long_list() -> bytes:
    """Its end record says that its list is nearly the whole file."""
    return b"PK\3\4" + bytes(6 * 2**20) + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65_000, 65_000, 6 * 2**20, 4, 0)
