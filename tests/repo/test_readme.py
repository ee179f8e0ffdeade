"""The README and the docs say what is so: numbers from outputs, links that lead somewhere, commands that exist."""

import re
from pathlib import Path

import pytest

from braintumor.cli import build_parser
from braintumor.results.comparison import read_comparison
from braintumor.settings import Settings
from scripts.update_docs.comparison import comparison_lines
from tests.helpers.versions.comparison import write_comparison

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:^|[`/ ])(?<!from )braintumor((?: [a-z]+)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def test_every_link_leads_to_a_file(root: Path, committed: list[Path]) -> None:
    known = {(root / path).resolve() for path in committed}
    broken = []
    for path in committed:
        if path.suffix != ".md":
            continue
        for target in LINK.findall((root / path).read_text(encoding="utf-8")):
            place = (root / path).parent.joinpath(target).resolve()
            if place not in known and not any(place in file.parents for file in known):
                broken.append(f"{path}: {target}")
    assert broken == []


def test_every_decision_is_listed(root: Path) -> None:
    pages = {path.name for path in (root / "docs" / "decisions").glob("*.md")}
    listed = set(re.findall(r"\(decisions/([^)]+)\)", (root / "docs" / "README.md").read_text(encoding="utf-8")))
    assert pages == listed
    assert all(re.match(r"\d{4}-\d\d-\d\d-[a-z0-9-]+\.md$", name) for name in pages)


def test_the_two_commands_come_first(readme: str) -> None:
    first_screen = readme[: readme.index("\n## ")]
    assert all(words in first_screen for words in ("make run", "make test", "docs/images/detection.png"))
    assert "no\n> diagnosis" in first_screen


def test_every_make_target_named_exists(root: Path, readme: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = readme + (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets


def test_every_command_named_exists(readme: str) -> None:
    usage = build_parser().format_help()
    known = set(re.findall(r"^    ([a-z]+)(?: |$)", usage, re.MULTILINE))  # a long one has its line to itself
    named = {words.split()[0] for words in COMMAND.findall(readme)}
    assert {"data", "predict", "evaluate", "export"} <= named
    assert named <= known


def test_the_versions_stand_side_by_side_in_the_readme(workspace: Settings) -> None:
    (workspace.outputs / "v1").mkdir()
    (workspace.outputs / "v1" / "card.json").write_text("{}", encoding="utf-8")
    assert comparison_lines(workspace) == []
    write_comparison(workspace)
    said = "\n".join(comparison_lines(workspace))
    rows = [line for line in said.splitlines() if line.startswith(("| v1 |", "| two |"))]
    assert len(rows) == 2
    assert f"| four classes | {read_comparison(workspace).rows[0].test['accuracy'].percent()} |" in rows[0]
    assert rows[1].endswith("| 580 | 0.0 MB | 9.0 |")
    assert "v2 (`braintumor train v2`)" in said
