"""The examples in docs and docstrings produce the output shown, with the committed models."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from braintumor.settings import get_settings
from tests.helpers.doc_examples import failure_report, module_examples, page_examples

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "```pycon" in path.read_text(encoding="utf-8"))
MODULES = sorted(
    path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for path in (ROOT / "src").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.fixture
def _default_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder with the default settings."""
    monkeypatch.delenv("BRAINTUMOR_VERSION")
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()


def test_library_page_and_docstrings_have_examples() -> None:
    assert ROOT / "docs" / "how-to" / "use-as-a-library.md" in PAGES
    assert {"braintumor", "braintumor.inference.detector", "braintumor.inference.predict_image"} <= set(MODULES)


@pytest.mark.usefixtures("_default_settings")
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_page_examples_produce_the_output_shown(page: Path) -> None:
    examples = page_examples(page)
    assert examples.examples
    assert failure_report(examples) == ""


@pytest.mark.usefixtures("_default_settings")
@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_produce_the_output_shown(name: str) -> None:
    doctests = module_examples(import_module(name))
    assert doctests, f"{name} has no examples to run"
    assert [report for test in doctests if (report := failure_report(test))] == []


def test_example_with_wrong_output_is_reported() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:" in failure_report(wrong)
