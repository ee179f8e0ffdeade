"""Run the examples of a page or module and report those with a different output."""

import doctest
import re
from pathlib import Path
from typing import Any

FLAGS = doctest.ELLIPSIS
_FENCE = re.compile(r"^```(?P<kind>\S+)(?: (?P<title>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, kind: str) -> list[tuple[str, str]]:
    """Title (or an empty string) and text of each fenced block of a kind, in page order."""
    text = page.read_text(encoding="utf-8")
    return [(match["title"] or "", match["text"]) for match in _FENCE.finditer(text) if match["kind"] == kind]


def page_examples(page: Path) -> doctest.DocTest:
    """All `pycon` blocks of a page as one session, because later blocks use variables of earlier ones."""
    text = "\n".join(block for _, block in blocks(page, "pycon"))
    return doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)


def module_examples(module: Any) -> list[doctest.DocTest]:
    """The examples in the docstrings of a module, one session per docstring."""
    return [test for test in doctest.DocTestFinder().find(module, module.__name__) if test.examples]


def failure_report(examples: doctest.DocTest) -> str:
    """Return the expected and actual output of every failed example; empty if all pass."""
    lines: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    runner.run(examples, out=lines.append)
    return "".join(lines)
