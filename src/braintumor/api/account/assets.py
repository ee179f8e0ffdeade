"""Style sheet and icon of the account pages."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse

router = APIRouter()
_FOLDER: Final = Path(__file__).parent / "templates"
_HEADERS: Final = {"Cache-Control": "no-cache"}


@router.get("/style.css")
def show_style() -> FileResponse:
    """Return the style sheet."""
    return FileResponse(_FOLDER / "style.css", media_type="text/css", headers=_HEADERS)


@router.get("/icon.svg")
def show_icon() -> FileResponse:
    """Return the icon."""
    return FileResponse(_FOLDER / "icon.svg", media_type="image/svg+xml", headers=_HEADERS)
