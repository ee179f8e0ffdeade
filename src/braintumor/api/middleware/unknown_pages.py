"""Status 404 for addresses of the dashboard that name no page; Streamlit itself answers them with 200."""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NESTED: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Page not found</title>'
    '<h1>Page not found</h1><p>There is no page here. <a href="/">Open the Brain Tumor Detector</a></p></html>'
)


class UnknownPages:
    """ASGI application that answers for the dashboard, with the right status for unknown pages.

    An unknown name such as `/sumary` still gets Streamlit's page, in which `app.py` says that there is no such page.
    Streamlit's script does not find its server from a deeper address; that gets a page of its own.

    Parameters
    ----------
    app : ASGIApp
        The dashboard.
    names : collection of str
        Paths of its pages without slashes; the first page has an empty one.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope.get("path", "").strip("/")
        if scope["type"] != "http" or path in self._names:
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def send_not_found(message: Message) -> None:
            nonlocal is_replaced
            if is_replaced:
                return
            if message["type"] == "http.response.start" and _is_page(message):
                if "/" in path:
                    is_replaced = True
                    await HTMLResponse(_NESTED, 404)(scope, receive, send)
                    return
                message["status"] = 404
            await send(message)

        await self._app(scope, receive, send_not_found)


def _is_page(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")
