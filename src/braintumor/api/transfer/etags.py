"""Entity tags: a client that has a file already gets 304 instead of it."""

from collections.abc import Callable
from typing import Final

from fastapi import Request
from starlette.responses import Response

from braintumor.imaging.file_bytes import sha256_hex

_HEADERS: Final = {"Cache-Control": "private, no-cache"}  # kept, but asked for each time, since access may end


def answer_file(request: Request, media_type: str, parts: list[object], make: Callable[[], bytes]) -> Response:
    """Return a file, or 304 if the client has it.

    Parameters
    ----------
    parts : list
        Everything that the file depends on.
    make : callable
        Returns the file.
    """
    etag = f'"{sha256_hex(repr([str(part) for part in parts]).encode())[:32]}"'
    headers = _HEADERS | {"ETag": etag}
    wanted = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in wanted or "*" in wanted:
        return Response(status_code=304, headers=headers)
    return Response(make(), media_type=media_type, headers=headers)
