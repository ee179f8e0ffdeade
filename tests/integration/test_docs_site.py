"""The docs site builds without warnings, and broken links and missing docstrings stop the build."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = '"""A package. See `braintumor.module.one`."""\n\n__version__ = "1"\n'
MODULE = '"""A module."""\n\n\ndef one() -> int:\n    """One."""\n    return 1\n'
INDEX = "# Site\n\nTo the [other page](other.md).\n\n```{toctree}\nother\nreference/index\n```\n"


def _build(source: Path, target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Read every page and resolve every reference as `make docs` does, without writing pages."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "--builder", "dummy"]
    command += ["--conf-dir", str(source / "docs"), "--doctree-dir", str(target / "trees"), *options]
    return subprocess.run(
        [*command, str(source), str(target / "pages")], capture_output=True, text=True, check=False, timeout=1800
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of two pages and two modules with the docs configuration of this repository."""
    package = tmp_path / "project" / "src" / "braintumor"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    (package / "module.py").write_text(MODULE, encoding="utf-8")
    docs = tmp_path / "project" / "docs"
    docs.mkdir()
    for name in ("conf.py", "reference_pages.py"):
        shutil.copy(ROOT / "docs" / name, docs)
    (docs / "index.md").write_text(INDEX, encoding="utf-8")
    (docs / "other.md").write_text("# Other\n", encoding="utf-8")
    return tmp_path / "project"


def test_valid_project_builds_without_warnings(small: Path, tmp_path: Path) -> None:
    built = _build(small, tmp_path)
    assert built.returncode == 0, built.stderr


def test_build_fails_and_names_every_broken_link_and_missing_docstring(small: Path, tmp_path: Path) -> None:
    with (small / "src" / "braintumor" / "module.py").open("a", encoding="utf-8") as module:
        module.write(
            "\n\ndef undocumented() -> int:\n    return 2\n"
            '\n\ndef broken_link() -> int:\n    """See `braintumor.gone`."""\n'
        )
    (small / "docs" / "other.md").write_text("# Other\n\n[Nowhere](gone.md) and [there](#nowhere).\n", encoding="utf-8")
    built = _build(small, tmp_path)
    assert built.returncode == 1
    assert "braintumor.module.undocumented has no docstring" in built.stderr
    assert "reference target not found: braintumor.gone" in built.stderr
    assert "gone.md" in built.stderr
    assert "'nowhere'" in built.stderr


def test_all_pages_and_the_reading_reference_build_without_warnings(tmp_path: Path) -> None:
    built = _build(ROOT, tmp_path, "--tag", "reading")
    assert built.returncode == 0, built.stderr
