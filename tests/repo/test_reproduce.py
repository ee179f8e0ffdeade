"""Reproducing: everything that is committed is made again."""

import re
import subprocess
from pathlib import Path

import pytest

from braintumor.evaluation.reproduce import find_run_spec
from braintumor.results.version import list_evaluated_runs
from braintumor.settings import get_settings
from braintumor.training.card_draft import read_card


def _everything(root: Path) -> str:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^reproduce-all:.*?(?=^\w|\Z)", makefile, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group()


def test_asking_what_would_be_done_does_nothing(root: Path) -> None:
    assert "$(MAKE)" not in _everything(root), "make -n runs lines that name $(MAKE)"


def test_every_recipe_is_made_again_and_what_rests_on_others_last(root: Path) -> None:
    if "$(MAKE)" in _everything(root):
        pytest.fail("asking would begin days of training")
    said = subprocess.run(
        ["make", "-n", "reproduce-all"], cwd=root, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    order = [name for names in re.findall(r"for version in ([^;]+); do again train \$version; done", said)
             for name in names.split()]  # fmt: skip
    assert sorted(order) == sorted(path.stem for path in (root / "recipes").glob("*.toml"))
    assert order.index("v4") < order.index("ensemble")
    for command in ("data fetch --yes-no", "data audit", "data split", "hypotheses", "compare"):
        assert command in said


def test_it_is_known_how_every_version_that_is_committed_was_made() -> None:
    settings = get_settings()
    for version in list_evaluated_runs(settings):
        run = find_run_spec(version, read_card(version, settings), settings)
        assert version.startswith(run.recipe_name)
