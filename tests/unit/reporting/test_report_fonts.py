"""Fonts of the report: names in any script are drawn, and what no font has is shown by its code."""

import io
import json
import unicodedata

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from braintumor.imaging import FailedScan
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_fonts import load_coverage, needs_bundled_fonts, to_drawable_text
from tests.helpers.report_entries import TIME, make_entry

NAMES = {
    "Hebrew": "סריקת_מוח.png",
    "Hebrew with points": "שָׁלוֹם.png",
    "Arabic": "مسح الدماغ ٣.png",
    "Persian": "پیمایش مغز.png",
    "Urdu": "دماغ کی تصویر.png",
    "Chinese, simplified": "脑部扫描.png",
    "Chinese, traditional": "腦部掃描.png",
    "Chinese, rare name": "𠮷㐂.png",
    "Japanese": "脳スキャン_田中さん.png",
    "Japanese, decomposed": unicodedata.normalize("NFD", "がぎぐ.png"),
    "Japanese, half width": "ﾉｳ.png",
    "Korean": "뇌_사진.png",
    "Korean, decomposed": unicodedata.normalize("NFD", "뇌 사진.png"),
    "Thai": "ภาพสมอง.png",
    "Devanagari": "मस्तिष्क.png",
    "Bengali": "মস্তিষ্ক.png",
    "Tamil": "மூளை.png",
    "Telugu": "మెదడు.png",
    "Georgian": "ტვინი.png",
    "Armenian": "ուղեղ.png",
    "Amharic": "አንጎል.png",
    "Burmese": "ဦးနှောက်.png",
    "Khmer": "ខួរក្បាល.png",
    "Lao": "ສະຫມອງ.png",
    "Sinhala": "මොළය.png",
    "Tibetan": "ཀླད་པ.png",
    "emoji": "🧠😀.png",
    "emoji with skin tone": "👍🏽.png",
    "emoji with selector": "❤️☺️.png",
    "flags": "🇩🇪🇯🇵.png",
    "symbols": "★♥①✓.png",
    "mathematical letters": "𝓫𝓻𝓪𝓲𝓷.png",
    "Vietnamese": "Nguyễn_Thị_Ánh.png",
    "polytonic Greek": "ἐγκέφαλος.png",
    "rare Latin": "ḥāʾ_ẞ.png",
}


def text_of(content: bytes) -> str:
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return "".join(text.replace("\u200b", "").split())


@pytest.fixture
def card(detector):
    return detector.artifact.card


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_name_of_any_script_is_drawn(name):
    assert to_drawable_text(name) == name


def test_names_of_all_scripts_in_one_report_are_drawn(detector, card):
    failed_scans = [FailedScan(name, f"{name}: the file is empty.") for name in NAMES.values()]
    text = text_of(pdf_report([make_entry(detector)], card=card, failed_scans=failed_scans))
    assert "[U+" not in text
    for script in (
        "Chinese, simplified",
        "Chinese, rare name",
        "Japanese",
        "Korean",
        "Georgian",
        "Armenian",
        "Amharic",
    ):
        assert NAMES[script].replace(" ", "") in text


def test_text_of_right_to_left_scripts_can_be_searched(detector, card):
    content = pdf_report([make_entry(detector, name="סריקה.png")], card=card)
    assert set("סריקה") <= set(text_of(content))


@pytest.mark.parametrize("name", ["סריקה", "مسح", "脳", "뇌", "😀"])
def test_title_label_and_comment_are_drawn_too(detector, card, name):
    entry = make_entry(detector, finding=ReaderFinding("agree", name))
    text = text_of(pdf_report([entry], card=card, title=name, patient_label=name))
    assert all(character in text for character in name)


def test_character_of_no_font_keeps_its_neighbors(detector, card):
    text = text_of(pdf_report([make_entry(detector, name="\U0001bc00 脳 😀 Müller.png")], card=card))
    assert "[U+1BC00]脳😀Müller.png" in text


@pytest.mark.parametrize("name", ["字\u20d2\u0b47.png", "ꌗ\u0f72\u20ee.png", "\u0c4c\u0612\u20ef\u0b03.png"])
def test_impossible_sequence_changes_only_its_own_line(detector, card, name):
    failed_scans = [FailedScan(name, "x"), FailedScan("脳.png", "x")]
    text = text_of(pdf_report([make_entry(detector)], card=card, failed_scans=failed_scans))
    assert "脳.png" in text
    assert ".png" in text.replace("脳.png", "")


def test_report_in_european_letters_needs_no_bundled_font():
    assert not needs_bundled_fonts("Größe 5 mm², ελληνικά, кириллица – “x” → ≤ 3")


def test_equal_input_gives_equal_bytes_in_any_script(card):
    failed_scans = [FailedScan(name, "x") for name in NAMES.values()]
    first, second = (pdf_report([], card=card, failed_scans=failed_scans, created=TIME) for _ in range(2))
    assert first == second


def test_coverage_lists_what_the_fonts_contain(root):
    folder = root / "src" / "braintumor" / "reporting" / "fonts"
    coverage, families = load_coverage(), set()
    for file in (*folder.glob("*.ttf"), *folder.glob("*.otf")):
        font = TTFont(file, lazy=True)
        families.add(font["name"].getDebugName(1))
        assert [hex(c) for c in font.getBestCmap() if not coverage.covers(chr(c))] == []
    assert families == set(coverage.families)
    assert json.loads((folder / "coverage.json").read_text(encoding="utf-8"))["ranges"]
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text(encoding="utf-8")
