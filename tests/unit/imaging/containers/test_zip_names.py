"""Names in ZIP archives without a stated encoding are readable, and members stay reachable."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from braintumor.imaging import Scan
from braintumor.imaging.containers.zip_names import decode_names
from tests.helpers.malformed.valid_files import encode_image
from tests.helpers.scan_files.volumes import CASES
from tests.helpers.slices import read_slices

PNG = encode_image(Image.fromarray(np.rint(np.random.default_rng(1).random((40, 40)) * 255).astype(np.uint8)), "PNG")


class RawName(zipfile.ZipInfo):
    """An entry whose name is written as these bytes, without the flag for UTF-8."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw.decode("cp437").replace("\0", "_"))
        self.raw = raw

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the method that zipfile calls
        return self.raw, 0


def make_raw_zip(raw_names: list[bytes], extras: dict[bytes, bytes] | None = None) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for raw in raw_names:
            info = RawName(raw)
            info.extra = (extras or {}).get(raw, b"")
            archive.writestr(info, PNG)
    return content.getvalue()


def read_names(raw_names, extras=None):
    scans = list(read_slices(make_raw_zip(raw_names, extras), "a.zip"))
    assert all(isinstance(scan, Scan) for scan in scans), "the raw name opens the member"
    return [scan.name.removeprefix("a.zip/") for scan in scans]


ENCODED = {
    "utf-8": ["脳.png", "München.png", "снимок.png"],
    "utf-8, one letter": ["ü.png"],
    "cp932": ["脳腫瘍_田中.png"],
    "cp932, trail bytes of backslash": ["表示/能力.png", "ソフト.png", "予定表.png"],
    "cp932, katakana": ["スキャン.png", "頭部.png"],
    "cp1251": ["Снимок головного мозга.png", "Пациент 1/срез 12.png"],
    "cp1251, one name": ["снимок.png"],
    "cp866": ["Снимок головного мозга.png", "Пациент 1/срез 12.png"],
    "cp437": ["Schädel.png", "Übersicht/größe.png"],
    "cp437, one name": ["Müller.png"],
    "cp850": ["coração.png", "cabeça/análise.png"],
    "cp850, letters of two scripts": ["Señor Núñez.png"],
    "cp437, letters of two scripts": ["Señor Núñez.png", "tête.png"],
    "cp932, beside Latin letters": ["scan画像.png", "brainスキャン.png"],
    "cp1251, beside Latin letters": ["mriснимок.png"],
    "cp850, German": ["Schädel.png", "Größe.png"],
    "cp1252": ["tête coupée.png", "crâne.png"],
    "gbk": ["头部扫描/轴位.png", "患者影像.png"],
    "gbk, one name": ["图像.png"],
    "big5": ["頭部掃描/軸位.png", "患者影像.png"],
    "cp949": ["뇌 영상/축상.png", "환자 사진.png"],
    "cp949, one name": ["뇌종양.png"],
    "cp1253": ["εγκέφαλος.png", "τομή 1.png"],
    "cp1255": ["מוח.png", "סריקת ראש.png"],
    "cp1256": ["دماغ.png"],
}


@pytest.mark.parametrize("case", ENCODED)
def test_names_in_the_encoding_of_a_system_are_readable(case):
    names = ENCODED[case]
    assert read_names([name.encode(case.partition(",")[0]) for name in names]) == names


def test_ascii_names_need_no_guess_and_stay_beside_others():
    assert read_names([b"a.png", "снимок.png".encode("cp1251"), b"b/c~1.png"]) == ["a.png", "снимок.png", "b/c~1.png"]


def test_flag_decides_over_any_guess():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("Ã¼ber.png", PNG)
        archive.writestr("頭.png", PNG)
    assert [scan.name for scan in read_slices(content.getvalue(), "a.zip")] == ["a.zip/Ã¼ber.png", "a.zip/頭.png"]


def unicode_path(raw: bytes, name: str, checksum: int | None = None, version: int = 1) -> bytes:
    field = struct.pack("<BI", version, zlib.crc32(raw) if checksum is None else checksum) + name.encode()
    return struct.pack("<HH", 0x5455, 5) + bytes(5) + struct.pack("<HH", 0x7075, len(field)) + field


def test_unicode_path_of_info_zip_is_used_while_it_matches_the_name():
    raw = b"\x94\x5d_1.png"
    assert read_names([raw], {raw: unicode_path(raw, "脳_1.png")}) == ["脳_1.png"]
    outdated = read_names([b"renamed.png"], {b"renamed.png": unicode_path(raw, "脳_1.png", zlib.crc32(raw))})
    assert outdated == ["renamed.png"]
    assert read_names([b"a.png"], {b"a.png": unicode_path(b"a.png", "b.png", version=2)}) == ["a.png"]


def test_utf8_names_are_kept_among_names_in_another_encoding():
    mixed = ["снимок.png".encode(), "Снимок головного мозга.png".encode("cp1251"), "срез 12.png".encode("cp1251")]
    assert read_names(mixed) == ["снимок.png", "Снимок головного мозга.png", "срез 12.png"]


def test_bytes_in_no_encoding_still_give_a_name():
    infos = []
    for raw in (bytes(range(128, 256)), b"\xff\xfe\x80.png", b"\x81"):
        infos.append(zipfile.ZipInfo(raw.decode("cp437")))
    names = decode_names(infos)
    assert len(names) == 3
    assert all(names)


def test_hidden_and_leaving_paths_are_recognized_after_decoding():
    hidden = read_names(["頭/.ゴミ.png".encode("cp932"), "ソ.png".encode("cp932"), "頭部の表.png".encode("cp932")])
    assert hidden == ["ソ.png", "頭部の表.png"]
    (failed,) = read_slices(make_raw_zip(["頭部/../../外.png".encode("cp932")]), "a.zip")
    assert "leads outside the archive" in failed.problem


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("utf8_without_flag.zip", ["脳_utf8_no_flag.png", "München.png"]),
        ("japanese_cp932.zip", ["脳腫瘍_田中.png"]),
    ],
)
def test_collected_archive_shows_its_names(name, members):
    assert [scan.name for scan in read_slices(CASES / name, name)] == [f"{name}/{member}" for member in members]
