"""Limits on the body of a request: its size, how long it may pause, and how slowly it may arrive."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from braintumor.api.problems import problem_response
from braintumor.settings import Settings

_FORM_BYTES: Final = 64 * 2**10
_PAUSE_SECONDS: Final = 30.0
_GRACE_SECONDS: Final = 60.0
_BYTES_PER_SECOND: Final = 16 * 2**10  # a slow mobile connection
_OVERHEAD_BYTES: Final = 2**20  # names and boundaries of a multipart body
_TOO_LARGE: Final = "The request is too large. Send fewer or smaller files."


class BodyLimit:
    """Middleware that ends requests whose body is too large (413), or stops arriving or arrives too slowly (408).

    Parameters
    ----------
    app : ASGIApp
    settings : Settings
    pause_seconds : float
        Longest wait for the next part of a body.
    clock : callable
        Returns seconds; tests give their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        pause_seconds: float = _PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._pause = pause_seconds
        self._clock = clock
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
        if not re.fullmatch(r"[0-9]{1,18}", declared) or int(declared) > limit:
            await problem_response(413, _TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, self._limit(receive, limit), send)

    def _limit(self, receive: Receive, limit: int) -> Receive:
        received, waited, complete = 0, 0.0, False

        async def limited() -> Message:
            nonlocal received, waited, complete
            if complete:  # waits for the end of the connection
                return await receive()
            start = self._clock()
            try:
                message = await asyncio.wait_for(receive(), self._pause)
            except TimeoutError:
                raise HTTPException(408, "The upload stopped. Try again.") from None
            waited += self._clock() - start  # for the client only, not for what the server does in between
            if waited > _GRACE_SECONDS + received / _BYTES_PER_SECOND:
                raise HTTPException(408, "The upload is too slow. Try again with a faster connection.")
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit:
                raise HTTPException(413, _TOO_LARGE)
            return message

        return limited
