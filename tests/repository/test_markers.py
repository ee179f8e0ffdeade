"""Markers: a script writes between them and nowhere else."""

import pytest

from markers import Markers

BEGIN, END = MARKERS = Markers.of("results")


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="results:begin --> and <!-- results:end --> are missing"):
        MARKERS.filled("# Title\n", "block")


def test_filling_changes_only_what_is_between_the_markers() -> None:
    assert MARKERS.filled(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"
