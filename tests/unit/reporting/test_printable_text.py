"""User text made printable on one line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.reporting.labels import split_paragraphs, to_printable, writing_direction

BREAK_POINT = "\u200b"


@given(st.text(max_size=200))
def test_printable_text_equals_the_input_without_unprintable_characters(text):
    line = to_printable(text).replace(BREAK_POINT, "")
    assert line.isprintable()
    assert line == "".join(c if c.isprintable() else " " for c in text).strip()


def test_only_words_too_long_for_a_column_get_break_points():
    assert to_printable("x" * 30) == "x" * 30
    assert max(len(piece) for piece in to_printable("x" * 100).split(BREAK_POINT)) == 8
    path = "/some/folder/of/a/hospital/with-a-name/scan_0001_axial.png"
    assert to_printable(path) == path, "a line breaks after a slash anyway"


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\x00", "\n", "\udc80"])
def test_invisible_and_direction_characters_become_spaces(character):
    assert to_printable(f"a{character}b") == "a b"


def test_comment_is_split_into_lines():
    assert split_paragraphs("One.\r\n\n  Two. \n\t") == ["One.", "Two."]


@pytest.mark.parametrize(
    "word", ["मस्तिष्क" * 8, "סָ" * 40, "ภาพสมอง" * 8, "👍🏽" * 20, unicodedata.normalize("NFD", "é" * 40)]
)
def test_break_points_never_separate_a_letter_from_its_accents(word):
    pieces = to_printable(word).split(BREAK_POINT)
    assert len(pieces) > 1
    assert "".join(pieces) == word
    assert all(unicodedata.category(piece[0])[0] != "M" and piece[0] != "🏽" for piece in pieces)
    assert not any(unicodedata.combining(piece[-1]) == 9 for piece in pieces)


def test_word_of_accents_alone_still_breaks():
    assert max(map(len, to_printable("a" + "\u0301" * 100).split(BREAK_POINT))) <= 32


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Fine.", "ltr"),
        ("לבדוק שוב!", "rtl"),
        ("تم (MRI) أمس.", "rtl"),
        ("(1) שוב", "rtl"),
        ("MRI של המוח", "ltr"),
        ("", "ltr"),
        ("123", "ltr"),
    ],
)
def test_writing_direction_is_that_of_the_first_letter(text, direction):
    assert writing_direction(text) == direction
