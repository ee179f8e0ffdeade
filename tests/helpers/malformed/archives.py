"""Malformed ZIP archives: bombs, wrong sizes, path traversal, passwords and nested archives."""

import struct
import zipfile
from collections.abc import Iterator

from tests.helpers.malformed.valid_files import make_zip


def malformed_archives() -> Iterator[tuple[str, bytes]]:
    """Yield archives without a readable scan."""
    bomb = make_zip({"zeros.png": bytes(30 * 2**20)})
    yield "bomb.zip", bomb
    yield "nested-bomb.zip", make_zip({"inner.zip": bomb})
    yield "wrong-size.zip", _declare_size(bomb, 30 * 2**20, 100)
    yield "wrong-size-larger.zip", _declare_size(make_zip({"a.png": bytes(2**20)}), 2**20, 2**31 - 1)
    yield "many.zip", make_zip({f"{number}.txt": b"" for number in range(3_000)}, zipfile.ZIP_STORED)
    yield "very-many.zip", make_zip({f"{number}.txt": b"" for number in range(20_000)}, zipfile.ZIP_STORED)
    yield "nested.zip", make_zip({"inner.zip": make_zip({"a.txt": b"x"})})
    for name, path in (
        ("up", "../../out.png"),
        ("root", "/out.png"),
        ("drive", "C:\\out.png"),
        ("back", "..\\out.png"),
    ):
        yield f"traversal-{name}.zip", make_zip({path: b"not a scan"})
    yield "folders.zip", make_zip({"a/": b"", "b/c/": b""})
    yield "no-members.zip", b"PK\5\6" + bytes(18)
    yield "macos.zip", make_zip({"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "a/Thumbs.db": b"x"})
    yield "encrypted.zip", _flag_encrypted(make_zip({"a.png": b"secret" * 50}))
    yield "lzma.zip", make_zip({"a.png": b"x" * 5000}, zipfile.ZIP_LZMA)
    yield "unknown-method.zip", _set_method(make_zip({"a.png": b"x" * 5000}), 97)
    yield "symlink.zip", _make_symlink()
    yield "duplicate-entry.zip", _duplicate_entry(make_zip({"a.png": b"first", "b.png": b"second"}))
    yield "no-header.zip", make_zip({"a.png": b"x" * 100})[30:]
    yield "no-directory.zip", b"PK\3\4" + bytes(500)
    yield (
        "unusual-names.zip",
        make_zip({"a\n\x1b[31mred.png": b"x", "=cmd|' /c calc'!a.jpg": b"x", "n" * 3000 + ".png": b"x"}),
    )
    yield "long-directory.zip", _make_long_directory()


def _declare_size(content: bytes, size: int, declared: int) -> bytes:
    return content.replace(struct.pack("<I", size), struct.pack("<I", declared))


def _flag_encrypted(content: bytes) -> bytes:
    """Mark the member as encrypted, in its header and in the central directory."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        changed[content.index(signature) + offset] |= 1
    return bytes(changed)


def _set_method(content: bytes, method: int) -> bytes:
    changed = bytearray(content)
    for signature, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        changed[content.index(signature) + offset] = method
    return bytes(changed)


def _make_symlink() -> bytes:
    changed = bytearray(make_zip({"a.png": b"/etc/hostname"}))
    entry = changed.index(b"PK\1\2")
    changed[entry + 5] = 3  # written on Unix
    changed[entry + 38 : entry + 42] = struct.pack("<I", 0o120777 << 16)
    return bytes(changed)


def _duplicate_entry(content: bytes) -> bytes:
    """Point both entries of the central directory at the same member."""
    changed = bytearray(content)
    second = content.rindex(b"PK\1\2")
    changed[second + 42 : second + 46] = bytes(4)
    return bytes(changed)


def _make_long_directory() -> bytes:
    """Make an archive whose end record declares a central directory of nearly the whole file."""
    return b"PK\3\4" + bytes(6 * 2**20) + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65_000, 65_000, 6 * 2**20, 4, 0)
