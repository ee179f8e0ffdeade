"""Tooltips show entries of the glossary."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app_pages.components.shared.glossary import explain, read_glossary


def _terms(path: Path) -> Iterator[str]:
    """Yield the terms in arguments of `explain` and `show_section`, and in constants named `*_TERMS`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "explain":
                values = node.args
            elif node.func.id == "show_section":
                values = [*node.args[2:], *(each.value for each in node.keywords)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and "_TERMS" in node.target.id:
            values = list(node.value.values) if isinstance(node.value, ast.Dict) else [node.value] if node.value else []
        for value in values:
            yield from (each.value for each in ast.walk(value) if isinstance(each, ast.Constant))


def test_every_term_of_a_tooltip_is_in_the_glossary(root: Path) -> None:
    terms = {term for path in (root / "app_pages").rglob("*.py") for term in _terms(path)}
    assert len(terms) > 15
    assert terms - set(read_glossary()) == set()
    asked = {
        "Dice, intersection over union (IoU)",
        "Calibration error (ECE)",
        "Pointing game",
        "Conformal prediction set",
    }
    assert asked <= terms


def test_explanation_is_the_entry_without_links() -> None:
    text = explain("Study score, study verdict", "Agreement") or ""
    assert text.startswith("**Study score, study verdict.** The answer for a whole series")
    assert "decisions/" not in text
    assert "\n\n**Agreement.** The share of findings" in text
    assert explain() is None
