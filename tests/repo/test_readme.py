"""README and docs are true: links lead somewhere, and the commands they name exist."""

import re
import shlex
from pathlib import Path

import pytest

from braintumor.cli import build_parser

MAX_README_LINES = 100
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[`/ ])(?<!from )(?<!import )braintumor ([a-z][a-z-]*)", re.MULTILINE)
MAKE_TARGET = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(root: Path) -> dict[str, str]:
    """Text of every page that describes the present; decisions and the changelog also name what was removed."""
    paths = [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").glob("*.md")]
    paths += [*(root / "docs" / "how-to").glob("*.md"), *root.glob("*/README.md")]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def test_every_link_leads_to_a_file_and_a_heading(root: Path, committed: list[Path]) -> None:
    files = {(root / path).resolve() for path in committed}
    broken = []
    for path in (path for path in committed if path.suffix == ".md"):
        for target, anchor in LINK.findall((root / path).read_text(encoding="utf-8")):
            file = (root / path).parent.joinpath(target).resolve() if target else (root / path).resolve()
            if file not in files and not any(file in other.parents for other in files):
                broken.append(f"{path}: {target}")
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file.read_text(encoding="utf-8")):
                broken.append(f"{path}: {target}#{anchor}")
    assert broken == []


def test_every_page_is_in_the_table_of_contents(root: Path) -> None:
    docs = root / "docs"
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md") if "_build" not in path.parts}
    linked = {target for target, _ in LINK.findall((docs / "README.md").read_text(encoding="utf-8"))}
    assert pages - {"README.md", "index.md"} <= linked
    decisions = [path.name for path in (docs / "decisions").glob("*.md")]
    assert all(re.match(r"\d{4}-\d\d-\d\d-[a-z0-9-]+\.md$", name) for name in decisions)


def test_readme_starts_with_the_two_commands_and_stays_short(readme: str) -> None:
    first_screen = readme[: readme.index("\n## ")]
    assert all(words in first_screen for words in ("make run", "make test", "docs/images/detection.png"))
    assert "no\n> diagnosis" in first_screen
    assert len(readme.splitlines()) <= MAX_README_LINES


def test_every_make_target_in_the_docs_exists(root: Path, pages: dict[str, str]) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    unknown = {name: set(MAKE_TARGET.findall(text)) - targets for name, text in pages.items()}
    assert {name: targets for name, targets in unknown.items() if targets} == {}


def test_every_command_in_the_docs_exists(readme: str, pages: dict[str, str]) -> None:
    commands = set(re.findall(r"^    ([a-z][a-z-]*)(?: |$)", build_parser().format_help(), re.MULTILINE))
    assert {"data", "predict", "evaluate", "export"} <= set(COMMAND.findall(readme))
    unknown = {name: set(COMMAND.findall(text)) - commands for name, text in pages.items()}
    assert {name: commands for name, commands in unknown.items() if commands} == {}


def test_every_command_line_in_the_docs_is_valid(pages: dict[str, str]) -> None:
    lines = [(name, line) for name, text in pages.items() for block in SHELL_BLOCK.findall(text) for line in
             block.splitlines() if line.startswith(".venv/bin/braintumor ")]  # fmt: skip
    assert len(lines) > 20
    invalid = []
    for name, line in lines:
        try:
            build_parser().parse_args(shlex.split(line, comments=True)[1:])
        except SystemExit:
            invalid.append(f"{name}: {line}")
    assert invalid == []
