"""Limits on the body of a request: its size, and how long it may pause."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from braintumor.api.problems import problem
from braintumor.settings import Settings

_FORM_BYTES: Final = 64 * 2**10
_PAUSE_SECONDS: Final = 30.0
_OVERHEAD_BYTES: Final = 2**20  # names and boundaries of a multipart body
_TOO_LARGE: Final = "The request is too large."


class BodyLimit:
    """Middleware that ends requests whose body is too large (413) or stops arriving (408)."""

    def __init__(self, app: ASGIApp, settings: Settings, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._app = app
        self._pause = pause_seconds
        largest_file = max(settings.max_bytes, settings.max_archive_bytes, settings.max_volume_bytes)
        self._limits = {"/account": _FORM_BYTES, "/api": settings.max_unpacked_bytes + _OVERHEAD_BYTES}
        self._default = largest_file + _OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Limit the body of a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next((size for path, size in self._limits.items() if scope["path"].startswith(path)), self._default)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            await problem(413, _TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, self._limit(receive, limit), send)

    def _limit(self, receive: Receive, limit: int) -> Receive:
        received, complete = 0, False

        async def limited() -> Message:
            nonlocal received, complete
            if complete:  # waits for the end of the connection
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._pause)
            except TimeoutError:
                raise HTTPException(408, "The upload stopped. Try again.") from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit:
                raise HTTPException(413, _TOO_LARGE)
            return message

        return limited
