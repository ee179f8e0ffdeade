"""Words: typed text becomes a line that can be printed, and stays what was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.reporting.labels import split_paragraphs, to_printable

BREAK = "\u200b"


@given(st.text(max_size=200))
def test_a_line_is_printable_and_says_what_was_typed(text):
    line = to_printable(text).replace(BREAK, "")
    assert line.isprintable()
    assert line == "".join(c if c.isprintable() else " " for c in text).strip()


def test_a_word_too_long_for_a_column_may_be_broken_and_others_stay_whole():
    assert to_printable("x" * 30) == "x" * 30
    assert max(len(piece) for piece in to_printable("x" * 100).split(BREAK)) == 8
    path = "/some/folder/of/a/hospital/with-a-name/scan_0001_axial.png"
    assert to_printable(path) == path, "a line breaks after a slash as it is"


@pytest.mark.parametrize("mark", ["\u202e", "\u200b", "\x00", "\n", "\udc80"])
def test_marks_that_hide_or_turn_text_become_blanks(mark):
    assert to_printable(f"a{mark}b") == "a b"


def test_lines_of_a_comment_stay_lines():
    assert split_paragraphs("One.\r\n\n  Two. \n\t") == ["One.", "Two."]
