"""One ASGI application for uvicorn: account pages, REST API and the dashboard. Start it with `braintumor serve`."""

from pathlib import Path

import streamlit as st
from fastapi import FastAPI

from braintumor.api.app import create_app
from braintumor.api.middleware.headers import ContentPolicy, pages_policy
from braintumor.api.middleware.request_log import configure_logging
from braintumor.api.middleware.unknown_pages import UnknownPages
from braintumor.settings import get_settings

_ROOT = Path(__file__).resolve().parent


def create_server() -> FastAPI:
    """Build the application with the dashboard."""
    configure_logging()
    pages = st.App(_ROOT / "app.py")
    index = Path(st.__file__).parent / "static" / "index.html"
    guarded = ContentPolicy(pages, pages_policy(index.read_text(encoding="utf-8")))
    names = {path.stem for path in (_ROOT / "app_pages").glob("*.py")} - {"__init__", "summary"}  # the first one is /
    return create_app(get_settings(), UnknownPages(guarded, {"", *names}), pages.lifespan())


app = create_server()
