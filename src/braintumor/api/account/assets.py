"""Style sheet of the account pages."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse

router = APIRouter()
_STYLE: Final = Path(__file__).parent / "templates" / "style.css"


@router.get("/style.css")
def show_style() -> FileResponse:
    """Return the style sheet."""
    return FileResponse(_STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})
