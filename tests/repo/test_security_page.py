"""The security page names tests and code that exist."""

import re
from pathlib import Path


def test_named_tests_and_files_exist(root: Path) -> None:
    page = (root / "docs" / "security.md").read_text(encoding="utf-8")
    files = {path.name: path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py")}
    source = "\n".join(files.values())
    named = set(re.findall(r"\b(test_\w+)\b(?!\.py)", page))
    assert len(named) > 15
    assert not [name for name in named if f"def {name}(" not in source and f"{name}.py" not in files]
    for path in re.findall(r"`((?:tests/|routes/|test_)[\w/]+\.py)`", page):
        folders = ("", "tests/unit/api/", "tests/unit/auth/", "tests/unit/imaging/")
        assert any((root / folder / path).is_file() for folder in folders), path
    for path in re.findall(r"`((?:api|auth|cli|db|imaging)/[\w/]+\.(?:py|html))`", page):
        assert (root / "src" / "braintumor" / path).is_file(), path
