"""One ASGI application for uvicorn: account pages, REST API and the dashboard. Start it with `braintumor serve`."""

import logging
from pathlib import Path

import streamlit as st
import streamlit.logger
from fastapi import FastAPI

from braintumor.api.app import create_app
from braintumor.api.middleware.headers import ContentPolicy, pages_policy
from braintumor.api.middleware.request_log import configure_logging
from braintumor.settings import get_settings

_ROOT = Path(__file__).resolve().parent


def create_server() -> FastAPI:
    """Build the application with the dashboard."""
    settings = get_settings()
    # A terminal on one's own computer shows the address and problems, not each request.
    configure_logging(logging.INFO if settings.accounts else logging.WARNING)
    _use_root_log()
    pages = st.App(_ROOT / "app.py")
    index = Path(st.__file__).parent / "static" / "index.html"
    guarded = ContentPolicy(pages, pages_policy(index.read_text(encoding="utf-8")))
    return create_app(settings, guarded, pages.lifespan())


def _use_root_log() -> None:
    """Send Streamlit's log to the root logger. Its own handlers print exceptions with the values in their messages."""

    def propagate(logger: logging.Logger) -> None:
        logger.handlers.clear()
        logger.propagate = True

    streamlit.logger.setup_formatter = propagate
    streamlit.logger.update_formatter()


app = create_server()
