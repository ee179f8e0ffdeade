"""Runs the examples of a page or a module as a reader would type them, and says where one does not do what it shows."""

import doctest
import re
from pathlib import Path
from typing import Any

FLAGS = doctest.ELLIPSIS
_FENCE = re.compile(r"^```(?P<kind>\S+)(?: (?P<title>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, kind: str) -> list[tuple[str, str]]:
    """Title (or nothing) and text of each fenced block of a kind, in the order of the page."""
    text = page.read_text(encoding="utf-8")
    return [(found["title"] or "", found["text"]) for found in _FENCE.finditer(text) if found["kind"] == kind]


def page_examples(page: Path) -> doctest.DocTest:
    """All sessions (`pycon`) of a page as one, since a later one uses what an earlier one made."""
    text = "\n".join(block for _, block in blocks(page, "pycon"))
    return doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)


def module_examples(module: Any) -> list[doctest.DocTest]:
    """The sessions in the docstrings of a module, each on its own."""
    return [found for found in doctest.DocTestFinder().find(module, module.__name__) if found.examples]


def complaints(examples: doctest.DocTest) -> str:
    """What an example showed and did not do; nothing where all did."""
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    runner.run(examples, out=said.append)
    return "".join(said)
