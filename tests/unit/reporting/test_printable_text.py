"""User text made printable on one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.reporting.labels import split_paragraphs, to_printable

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
