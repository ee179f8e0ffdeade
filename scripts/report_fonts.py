"""Subset the Noto fonts of PDF reports and list what they cover.

Usage: `python -m scripts.report_fonts FOLDER`, where FOLDER contains, in any subfolder, the fonts of Debian's packages
fonts-noto-core and fonts-noto-cjk, and NotoEmoji_400Regular.ttf of the npm package @expo-google-fonts/noto-emoji.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import typst
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

TARGET: Final = Path(__file__).resolve().parents[1] / "src" / "braintumor" / "reporting" / "fonts"
# Scripts that people write names and comments in today. Typst embeds Latin, Greek and Cyrillic except rare letters.
SCRIPTS: Final = (
    "Sans", "SansAdlam", "SansArabic", "SansArmenian", "SansBengali", "SansCanadianAboriginal", "SansCherokee",
    "SansDevanagari", "SansEthiopic", "SansGeorgian", "SansGujarati", "SansGurmukhi", "SansHebrew", "SansKannada",
    "SansKhmer", "SansLao", "SansMalayalam", "SansMeeteiMayek", "SansMyanmar", "SansNKo", "SansOlChiki", "SansOriya",
    "SansSinhala", "SansSyriac", "SansTamil", "SansTelugu", "SansThaana", "SansThai", "SansTifinagh", "SansYi",
    "SerifTibetan",
)  # fmt: skip
LATIN_FAMILY: Final = "Noto Sans"
CJK_FILE, CJK_FAMILY, EMOJI_FILE = "NotoSansCJK-Regular.ttc", "Noto Sans CJK SC", "NotoEmoji_400Regular.ttf"
CJK_FEATURES: Final = ["ccmp", "ljmo", "vjmo", "tjmo", "mark", "mkmk"]  # decomposed Hangul and kana
CJK_TABLES: Final = ["BASE", "VORG", "vhea", "vmtx"]  # vertical text
# Fonts of other scripts keep characters from here on, and the spaces, which some scripts need to be shaped.
FIRST_CHARACTER: Final = 0x0530
SPACES: Final = frozenset({0x20, 0xA0})
# Blocks in which Typst's embedded fonts have symbols and mathematical letters.
EMBEDDED_BLOCKS: Final = ((0x2000, 0x2BFF), (0x1D400, 0x1D7FF))
PROBE: Final = b'#set document(title: "Probe")\n#set text(lang: "en")\n#sys.inputs.text'


def main() -> None:
    """Write the fonts and `coverage.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    TARGET.mkdir(exist_ok=True)
    covered, families = set(embedded_characters()), []
    for font, name in iter_fonts(folder):
        families.append(font["name"].getDebugName(1))
        covered |= font.getBestCmap().keys()
        font.save(TARGET / name)
        print(f"{(TARGET / name).stat().st_size:>9,} {name}")
    coverage = {"families": families, "ranges": list(to_ranges(covered))}
    (TARGET / "coverage.json").write_text(json.dumps(coverage, separators=(",", ":")) + "\n", encoding="utf-8")


def iter_fonts(folder: Path) -> Iterator[tuple[TTFont, str]]:
    """Yield each subset font with its file name, in the order in which reports use them."""
    for script in SCRIPTS:
        yield subset_font(TTFont(find_file(folder, f"Noto{script}-Regular.ttf")), ["*"]), f"Noto{script}.ttf"
    collection = TTCollection(find_file(folder, CJK_FILE))
    cjk = next(font for font in collection.fonts if font["name"].getDebugName(1) == CJK_FAMILY)
    yield subset_font(cjk, CJK_FEATURES), "NotoSansCJK.otf"
    yield subset_font(TTFont(find_file(folder, EMOJI_FILE)), ["*"]), "NotoEmoji.ttf"


def find_file(folder: Path, name: str) -> Path:
    """Return the path of a font in any subfolder."""
    return next(iter(sorted(folder.rglob(name))))


def subset_font(font: TTFont, features: list[str]) -> TTFont:
    """Remove hints, tables for vertical text, and, except in the Latin font, Latin letters."""
    options = subset.Options(layout_features=features, hinting=False, notdef_outline=True)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += CJK_TABLES
    font.recalcTimestamp = False  # equal input gives equal bytes
    subsetter = subset.Subsetter(options)
    characters = font.getBestCmap()
    is_latin = font["name"].getDebugName(1) == LATIN_FAMILY
    subsetter.populate(unicodes=[c for c in characters if is_latin or c >= FIRST_CHARACTER or c in SPACES])
    subsetter.subset(font)
    return font


def embedded_characters() -> Iterator[int]:
    """Yield the characters of `EMBEDDED_BLOCKS` that Typst's own fonts can draw."""
    fonts = typst.Fonts(include_system_fonts=False)
    for first, last in EMBEDDED_BLOCKS:
        for character in range(first, last + 1):
            try:
                typst.compile(
                    PROBE, font_paths=fonts, sys_inputs={"text": chr(character)}, pdf_standards=["ua-1", "a-2a"],
                    timestamp=datetime.fromtimestamp(0, UTC),
                )  # fmt: skip
            except typst.TypstError:
                continue
            yield character


def to_ranges(characters: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield runs of consecutive characters as first and last one."""
    ordered = sorted(characters)
    first = previous = ordered[0]
    for character in ordered[1:]:
        if character != previous + 1:
            yield first, previous
            first = character
        previous = character
    yield first, previous


if __name__ == "__main__":
    main()
