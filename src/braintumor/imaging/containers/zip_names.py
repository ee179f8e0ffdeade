"""Names in ZIP archives, decoded where the archive does not state their encoding."""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from typing import Final

_UTF8: Final = "utf-8"
_UTF8_FLAG: Final = 0x800
# Characters from which a name that is valid UTF-8 is not one in another encoding.
_SURE_CHARACTERS: Final = 3
# Extra field of Info-ZIP with the name in UTF-8, as it was when the checksum of the raw name matches.
_UNICODE_PATH_TAG: Final = 0x7075
_UNICODE_PATH_HEADER: Final = struct.Struct("<BI")
# What the specification calls the encoding of names without the flag; few programs obey.
_SPECIFIED_ENCODING: Final = "cp437"
# What programs write instead: the encoding of the system's language, in its DOS or Windows variant.
_LEGACY_ENCODINGS: Final = (
    *("cp437", "cp850", "cp852", "cp857", "cp1250", "cp1252", "cp1254"),  # Latin
    *("cp866", "cp1251"),  # Cyrillic
    *("cp737", "cp1253", "cp862", "cp1255", "cp1256", "cp874"),  # Greek, Hebrew, Arabic, Thai
    *("cp932", "gb18030", "big5", "cp949"),  # Japanese, Chinese, Korean
)
# Names that are examined together; more do not change the answer.
_MAX_EXAMINED_BYTES: Final = 20_000
# From here on, Unicode has the scripts of East Asia, in whose names punctuation is common.
_FIRST_EAST_ASIAN: Final = "\u2e80"
# A letter or two of another script inside a Latin word, as in `Se寸r` for `Señor`.
_MIXED_WORD_PATTERN: Final = re.compile(r"(?<=[a-z])[^\W\d_\x00-\u02af]{1,2}(?=[a-z])")


def decode_names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the names of the members of an archive, in their order.

    A name marked as UTF-8, or with an Info-ZIP Unicode path, is that. The others are UTF-8 if all of them are valid in
    it; in a mixed archive, those with several valid characters. The encoding of the rest is guessed from all of them
    together, because single names are short.
    """
    names = [_stated_name(info) or _raw_name(info) for info in infos]
    unknown = [name for name in names if isinstance(name, bytes) and not name.isascii()]
    is_all_utf8 = all(_is_valid(raw, _UTF8) for raw in unknown)
    legacy_names = [raw for raw in unknown if not (is_all_utf8 or _is_surely_utf8(raw))]
    encoding = _guess_encoding(legacy_names) if legacy_names else _UTF8
    legacy = set(legacy_names)
    return [
        name if isinstance(name, str) else name.decode(encoding if name in legacy else _UTF8, "replace")
        for name in names
    ]


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes in the archive; `zipfile` decodes them as the specification says, without loss."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename.encode(_UTF8).partition(b"\0")[0]
    return info.orig_filename.encode(_SPECIFIED_ENCODING).partition(b"\0")[0]


def _stated_name(info: zipfile.ZipInfo) -> str | None:
    """Return the name in an encoding that the archive states, or None."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename.partition("\0")[0]
    extra = info.extra
    while len(extra) >= 4:
        tag, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if tag != _UNICODE_PATH_TAG or len(field) <= _UNICODE_PATH_HEADER.size:
            continue
        version, checksum = _UNICODE_PATH_HEADER.unpack_from(field)
        if version == 1 and checksum == zlib.crc32(info.orig_filename.encode(_SPECIFIED_ENCODING)):
            try:
                return field[_UNICODE_PATH_HEADER.size :].decode("utf-8").partition("\0")[0] or None
            except UnicodeDecodeError:
                return None
    return None


def _is_surely_utf8(raw: bytes) -> bool:
    """Whether a name is valid UTF-8 with so many characters that this is no coincidence."""
    return _is_valid(raw, _UTF8) and sum(not character.isascii() for character in raw.decode()) >= _SURE_CHARACTERS


def _guess_encoding(raw_names: list[bytes]) -> str:
    """Return the most likely encoding of names that are not ASCII, other than UTF-8."""
    from chardet import detect_all  # slow to import, and few archives need it

    sample = b"\n".join(raw_names)[:_MAX_EXAMINED_BYTES]
    candidates = detect_all(
        sample, ignore_threshold=True, compat_names=False, prefer_superset=False, include_encodings=_LEGACY_ENCODINGS
    )
    ranked = [str(candidate["encoding"]) for candidate in candidates if candidate["encoding"]]
    valid = [encoding for encoding in ranked if all(_is_valid(raw, encoding) for raw in raw_names)]
    return min(valid, key=lambda encoding: _count_oddities(raw_names, encoding), default=_SPECIFIED_ENCODING)


def _is_valid(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _count_oddities(raw_names: list[bytes], encoding: str) -> int:
    """Count what no name has, the signs of a wrong encoding: box drawings and the like, and words of two scripts."""
    text = b"\n".join(raw_names).decode(encoding, "replace")
    symbols = sum(
        not character.isascii() and character < _FIRST_EAST_ASIAN and unicodedata.category(character)[0] not in "LMN"
        for character in text
    )
    return symbols + len(_MIXED_WORD_PATTERN.findall(text))
