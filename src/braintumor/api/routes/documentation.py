"""Documentation of the API: the OpenAPI document, and Swagger UI served from its package, without any other host."""

from pathlib import Path
from typing import Final

import swagger_ui_bundle
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from braintumor.api.access import Guest
from braintumor.api.account.pages import LoginRequiredError
from braintumor.api.openapi import describe
from braintumor.api.state import State

router = APIRouter(include_in_schema=False)
_FOLDER: Final = Path(swagger_ui_bundle.swagger_ui_path)
_FILES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
# Swagger UI sets styles from its script and draws its icons as data.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": _POLICY}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>REST API · Brain Tumor Detector</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css"><link rel="icon" href="/api/docs/favicon-32x32.png"></head>
<body><div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script><script src="/api/docs/start.js"></script></body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/api/v1/openapi.json", dom_id: "#swagger-ui", validatorUrl: null, deepLinking: true, persistAuthorization: false
});
"""


@router.get("/api/v1/openapi.json")
def show_document(request: Request, caller: Guest) -> JSONResponse:
    """Return the OpenAPI document."""
    return JSONResponse(describe(request.app))


@router.get("/api/docs")
def show_page(request: Request, state: State) -> Response:
    """Show the documentation; with accounts on, to whom is logged in."""
    if state.settings.accounts and state.find_visitor(request.cookies) is None:
        raise LoginRequiredError
    return HTMLResponse(_PAGE, headers=_HEADERS)


@router.get("/api/docs/start.js")
def show_script() -> Response:
    """Return the script that starts Swagger UI."""
    return Response(_START, media_type="text/javascript", headers=_HEADERS)


@router.get("/api/docs/{name}")
def show_file(name: str) -> Response:
    """Return a file of Swagger UI. They are public, and so is the package."""
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_FOLDER / name, media_type=_FILES[name], headers=_HEADERS)
