"""Sphinx extension: a page of the reference for each package, and each public name documented once."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

PACKAGE = "braintumor"
_ARRAY = re.compile(r"~numpy\.ndarray\[tuple\[~typing\.Any, \.\.\.\], ~numpy\.dtype\[(.+?)\]\]")
_logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect what is below to the moments Sphinx offers."""
    app.add_config_value("reference_left_out", [], "env")
    app.connect("builder-inited", _write_pages)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _shorten)
    return {"parallel_read_safe": True}


def _write_pages(app: Sphinx) -> None:
    """Write `docs/reference`: a page for each package, one for the modules outside packages, and their list."""
    source, target = Path(app.srcdir, "src", PACKAGE), Path(app.srcdir, "docs", "reference")
    packages = sorted(path.parent for path in source.glob("*/__init__.py"))
    packages = [each for each in packages if each.name not in app.config.reference_left_out]
    pages = {PACKAGE: _page(PACKAGE, sorted(source.glob("*.py")), source)}
    pages |= {
        f"{PACKAGE}.{package.name}": _page(package.name, sorted(package.rglob("*.py")), source) for package in packages
    }
    pages["index"] = "\n".join([*_heading("Reference", "="), ".. toctree::", "", *(f"   {name}" for name in pages), ""])
    target.mkdir(exist_ok=True)
    for path in target.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = target / f"{name}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:  # what is unchanged is not read again
            path.write_text(text, encoding="utf-8")


def _page(name: str, files: list[Path], source: Path) -> str:
    """The modules in some files, each under a heading of its own; the first heading is that of the page."""
    lines: list[str] = []
    for module in sorted(_modules(files, source)):
        lines += _heading(module, "-" if lines else "=")
        lines += [f".. automodule:: {module}", "   :members:", "   :show-inheritance:", ""]
    return "\n".join(lines)


def _modules(files: list[Path], source: Path) -> Iterator[str]:
    for path in files:
        if path.name not in ("__main__.py", "env.py"):  # env.py runs only inside Alembic
            parts = (PACKAGE, *path.relative_to(source).with_suffix("").parts)
            yield ".".join(parts).removesuffix(".__init__")


def _heading(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def _skip(app: Sphinx, kind: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave a member to the place it is offered at; a warning where nobody described it."""
    about = member.fget if isinstance(member, property) else inspect.unwrap(getattr(member, "__func__", member))
    if name.startswith("_") or not (inspect.isclass(about) or inspect.isfunction(about)):
        return None
    if skip and about.__module__.startswith(f"{PACKAGE}."):
        _logger.warning("%s.%s has no docstring", about.__module__, about.__qualname__)
    elsewhere = kind == "module" and _place(about) != app.env.current_document.autodoc_module
    return True if elsewhere else None


def _place(member: Any) -> str:
    """Where to import something from: the package that offers it, else the module it is written in."""
    home, name = str(member.__module__), member.__name__
    package = ".".join(home.split(".")[:2])
    offered = name in getattr(sys.modules.get(package), "__all__", ()) and getattr(sys.modules[package], name) is member
    # A function named as the module it is in would take that module's place.
    return package if offered and f"{package}.{name}" not in sys.modules else home


def _shorten(app: Sphinx, kind: str, name: str, member: Any, options: Any, signature: str, returns: str) -> Any:
    """Arrays as the code writes them, not as numpy spells them out."""
    return tuple(text and _ARRAY.sub(r"~numpy.typing.NDArray[\1]", text) for text in (signature, returns))
