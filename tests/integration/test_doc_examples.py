"""What the docs show a reader to type does what they show, with the models that are shipped."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from braintumor.settings import get_settings
from tests.helpers.doc_examples import complaints, module_examples, page_examples

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "```pycon" in path.read_text(encoding="utf-8"))
MODULES = sorted(
    path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for path in (ROOT / "src").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.fixture
def _a_readers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and the settings of someone who set none."""
    monkeypatch.delenv("BRAINTUMOR_VERSION")
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()


def test_the_library_is_shown_in_its_page_and_in_its_docstrings() -> None:
    assert ROOT / "docs" / "how-to" / "use-as-a-library.md" in PAGES
    assert {"braintumor", "braintumor.inference.detector", "braintumor.inference.predict_image"} <= set(MODULES)


@pytest.mark.usefixtures("_a_readers_folder")
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_does_what_it_shows(page: Path) -> None:
    examples = page_examples(page)
    assert examples.examples
    assert complaints(examples) == ""


@pytest.mark.usefixtures("_a_readers_folder")
@pytest.mark.parametrize("name", MODULES)
def test_a_docstring_does_what_it_shows(name: str) -> None:
    found = module_examples(import_module(name))
    assert found, f"{name} shows nothing that the tests could run"
    assert [said for examples in found if (said := complaints(examples))] == []


def test_an_example_that_shows_something_else_is_found() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:" in complaints(wrong)
