"""Arrows between rooms point one way, src knows no Streamlit, and what serves loads no training library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Which rooms each room may import, besides itself and the words every room uses. A new room needs a line here.
WORDS = {"vocabulary", "words", "errors", "settings", "runs", "files"}
ROOMS: dict[str, set[str]] = {
    "vocabulary": set(),
    "words": {"vocabulary"},
    "errors": set(),
    "settings": set(),
    "files": set(),
    "runs": {"vocabulary"},
    "imaging": WORDS,
    "inference": WORDS | {"imaging"},
    "reporting": WORDS | {"inference", "imaging"},
    "dataset": WORDS | {"imaging"},
    "models": WORDS | {"imaging"},
    "exploration": WORDS | {"dataset", "models", "imaging"},
    # What is evaluated is what is served: docs/decisions/2026-11-21-evaluation-imports-inference.md
    "training": WORDS | {"dataset", "models", "imaging", "inference"},
    "evaluation": WORDS | {"training", "dataset", "models", "imaging", "inference"},
}
ABOVE = {"cli", "__main__"}  # faces over the rooms: they may import any
PAGES_MAY_NOT = {"training", "models", "cli"}
HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "onnx"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; name the room instead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _rooms_imported(path: Path) -> set[str]:
    """The rooms of braintumor a file imports; names of the package's own front (`__version__`) are no room."""
    parts = [name.split(".") for name in _imports(path)]
    return {p[1] for p in parts if p[0] == "braintumor" and len(p) > 1 and not p[1].startswith("__")}


def _room(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def test_rooms_import_only_what_lies_below_them(root: Path) -> None:
    package = root / "src" / "braintumor"
    wrong = []
    for path in sorted(package.rglob("*.py")):
        room, name = _room(path, package), path.relative_to(package).as_posix()
        if room == "__init__" or room in ABOVE:
            continue
        assert room in ROOMS, f"{name}: give the room {room} its place in ROOMS"
        wrong += [f"{name} imports {other}" for other in sorted(_rooms_imported(path) - ROOMS[room] - {room})]
    assert wrong == []


def test_the_map_of_rooms_has_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(ROOMS):
        free = {room for room, below in ROOMS.items() if room not in done and below <= done}
        assert free, f"these rooms import each other: {sorted(set(ROOMS) - done)}"
        done |= free


def test_pages_draw_what_others_computed(root: Path) -> None:
    pages = [root / "app.py", *sorted((root / "app_pages").rglob("*.py"))]
    wrong = {str(p.relative_to(root)): found for p in pages if (found := _rooms_imported(p) & PAGES_MAY_NOT)}
    assert wrong == {}


def test_src_never_imports_streamlit(root: Path) -> None:
    guilty = [str(p) for p in (root / "src").rglob("*.py") if any(n.split(".")[0] == "streamlit" for n in _imports(p))]
    assert guilty == []


def _loaded_by(statements: str) -> set[str]:
    """Top-level names of every module in memory after some statements, in a Python of their own."""
    code = f"import sys\n{statements}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["braintumor.inference", "braintumor.reporting", "braintumor.cli"])
def test_reading_a_scan_loads_no_training_library(module: str) -> None:
    assert _loaded_by(f"import {module}") & HEAVY == set()


def test_no_page_loads_a_training_library(root: Path) -> None:
    pages = [root / "app.py", *sorted((root / "app_pages").rglob("*.py"))]
    names = sorted({name for page in pages for name in _imports(page)})
    assert "streamlit" in {name.split(".")[0] for name in names}
    lines = [f"sys.path.insert(0, {str(root)!r})"]
    for name in names:
        module, _, attribute = name.rpartition(".")
        lines.append(f"from {module} import {attribute}" if module else f"import {name}")
    assert _loaded_by("\n".join(lines)) & HEAVY == set()
