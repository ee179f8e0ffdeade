"""Imports follow the package map without cycles, and serving loads no training library."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

GROUND = {"enums", "errors", "fileio", "process_pool", "settings", "text"}
# The packages that each package may import; docs/architecture.md shows the map.
ALLOWED: dict[str, set[str]] = {
    **{module: GROUND - {module} for module in GROUND},
    "imaging": GROUND,
    "inference": GROUND | {"imaging"},
    "results": GROUND | {"imaging", "inference"},
    "explanation": GROUND | {"imaging", "inference", "results"},
    "language": GROUND | {"inference", "explanation"},
    "reporting": GROUND | {"imaging", "inference", "results", "explanation"},
    "db": GROUND,
    "auth": GROUND | {"db"},
    "services": GROUND | {"imaging", "inference", "results", "explanation", "reporting", "db", "auth"},
    "client": {"errors"},
    "jobs": GROUND | {"imaging", "inference", "results", "explanation", "reporting", "db", "services"},
    "api": GROUND | {"imaging", "inference", "results", "explanation", "reporting", "db", "auth", "services", "jobs"},
    "datasets": GROUND | {"imaging"},
    "samples": GROUND,
    "reader_study": GROUND | {"imaging", "inference", "results", "datasets", "samples"},
    "models": GROUND | {"imaging", "inference"},
    "exploration": GROUND | {"imaging", "datasets", "samples"},
    "training": GROUND | {"imaging", "inference", "datasets", "models"},
    "evaluation": GROUND | {"imaging", "inference", "results", "datasets", "models", "training"},
}
ENTRY_POINTS = {"cli", "__main__", "__init__"}
FORBIDDEN_FOR_PAGES = {"training", "models", "evaluation", "cli"}
TRAINING_LIBRARIES = {"tensorflow", "keras", "sklearn", "matplotlib", "onnx"}
STORAGE_LIBRARIES = {"sqlalchemy", "alembic", "obstore", "cryptography"}


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Absolute dotted names of all imports anywhere in a file."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import; use the full module name"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def _package(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "braintumor" and len(parts) > 1 else ""


def _modules(root: Path) -> dict[str, Path]:
    """Every module of the application, by dotted name."""
    files = [*(root / "src" / "braintumor").rglob("*.py"), *(root / "app_pages").rglob("*.py")]
    names = {}
    for file in files:
        base = root / "src" if file.is_relative_to(root / "src") else root
        names[".".join(file.relative_to(base).with_suffix("").parts).removesuffix(".__init__")] = file
    return names


def _file_graph(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for name, file in modules.items():
        targets = {target if target in modules else target.rpartition(".")[0] for target in _imports(file)}
        graph[name] = {target for target in targets if target in modules and target != name}
    return graph


def _folders(graph: Mapping[str, set[str]], modules: Mapping[str, Path]) -> dict[str, set[str]]:
    def folder(name: str) -> str:
        return name if modules[name].name == "__init__.py" else name.rpartition(".")[0]

    result: dict[str, set[str]] = {}
    for name, targets in graph.items():
        links = result.setdefault(folder(name), set())
        links |= {folder(target) for target in targets} - {folder(name)}
    return result


def _cycle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_packages_import_only_allowed_packages(root: Path) -> None:
    package = root / "src" / "braintumor"
    violations = []
    for path in sorted(package.rglob("*.py")):
        owner = path.relative_to(package).parts[0].removesuffix(".py")
        if owner in ENTRY_POINTS:
            continue
        assert owner in ALLOWED, f"{path.name}: add the package {owner} to ALLOWED"
        imported = {_package(name) for name in _imports(path)} - {"", "__version__", owner}
        violations += [f"{path.relative_to(package)} imports {other}" for other in sorted(imported - ALLOWED[owner])]
    assert violations == []


def test_files_have_no_circular_imports(root: Path) -> None:
    assert _cycle(_file_graph(_modules(root))) == []


def test_folders_have_no_circular_imports(root: Path) -> None:
    modules = _modules(root)
    graph = _folders(_file_graph(modules), modules)
    # A package's __init__ may re-export names from its own modules and subfolders; other cycles are not allowed.
    top = {name: {target for target in targets if not target.startswith(f"{name}.")} for name, targets in graph.items()}
    assert _cycle({name: {t for t in targets if not name.startswith(f"{t}.")} for name, targets in top.items()}) == []


def test_pages_import_no_training_code(root: Path) -> None:
    pages = [root / "app.py", *sorted((root / "app_pages").rglob("*.py"))]
    violations = {
        str(page.relative_to(root)): forbidden
        for page in pages
        if (forbidden := {_package(name) for name in _imports(page)} & FORBIDDEN_FOR_PAGES)
    }
    assert violations == {}


def test_src_never_imports_streamlit(root: Path) -> None:
    files = (root / "src").rglob("*.py")
    assert [str(file) for file in files if any(name.split(".")[0] == "streamlit" for name in _imports(file))] == []


def _loaded_by(statements: str) -> set[str]:
    """Top-level names of all modules loaded after running statements in a new Python process."""
    code = f"import sys\n{statements}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=1800)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_serving_loads_no_training_library(root: Path) -> None:
    names = {
        "braintumor.inference.detector",
        "braintumor.reporting.pdf",
        "braintumor.services.reading",
        "braintumor.cli",
    }
    for file in [root / "app.py", *(root / "app_pages").rglob("*.py")]:
        names |= set(_imports(file))
    lines = [f"sys.path.insert(0, {str(root)!r})"]
    for name in sorted(names):
        module, _, attribute = name.rpartition(".")
        lines.append(f"from {module} import {attribute}" if module else f"import {name}")
    loaded = _loaded_by("\n".join(lines))
    assert "streamlit" in loaded
    assert loaded & TRAINING_LIBRARIES == set()


def test_prediction_loads_no_storage_library() -> None:
    loaded = _loaded_by("import braintumor.cli, braintumor.services.batch_predict")
    assert loaded & STORAGE_LIBRARIES == set()


def test_opening_an_existing_storage_loads_no_migrations(tmp_path: Path) -> None:
    statements = [
        "from pathlib import Path",
        "from braintumor.db.storage import open_storage",
        "from braintumor.settings import Settings",
        f"open_storage(Settings(data=Path({str(tmp_path)!r})))",
    ]
    _loaded_by("\n".join(statements))
    assert "alembic" not in _loaded_by("\n".join(statements))


@pytest.mark.parametrize("folder", ["src/braintumor", "app_pages", "scripts", "benchmarks", "tests"])
def test_folders_have_at_most_16_python_files_and_files_at_most_250_lines(root: Path, folder: str) -> None:
    files = list((root / folder).rglob("*.py"))
    crowded = {str(f.parent) for f in files if len(list(f.parent.glob("*.py"))) > 16}
    long = {str(f) for f in files if len(f.read_text(encoding="utf-8").splitlines()) > 250}
    assert (crowded, long) == (set(), set())
