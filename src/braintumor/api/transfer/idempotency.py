"""Requests that a client may repeat with an `Idempotency-Key`."""

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import JSONResponse

from braintumor.api.access import Caller
from braintumor.api.state import ServerState
from braintumor.db.idempotency import StoredAnswer, begin_request, forget_request, keep_answer
from braintumor.imaging.file_bytes import sha256_hex

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="Any text that is new for each request. For a day, a repeated request with the same key does "
        "nothing and gets the first answer.",
        examples=["0b2f6a3e-upload-1"],
    ),
]


def answer_once(
    state: ServerState,
    caller: Caller,
    request: Request,
    key: str | None,
    content: Callable[[], str],
    act: Callable[[], JSONResponse],
) -> JSONResponse:
    """Carry out a request, or return the answer of the first request with this key.

    Parameters
    ----------
    content : callable
        Returns a text that is equal for equal bodies.
    act : callable
        Carries out the request.
    """
    if key is None:
        return act()
    fingerprint = sha256_hex("\n".join([request.method, str(request.url), content()]).encode())
    stored = begin_request(state.storage, caller.actor, key, fingerprint)
    if stored is not None:
        return JSONResponse(json.loads(stored.body), stored.status, {"Idempotency-Replayed": "true"})
    try:
        response = act()
    except BaseException:
        forget_request(state.storage, caller.actor, key)
        raise
    keep_answer(state.storage, caller.actor, key, StoredAnswer(response.status_code, bytes(response.body).decode()))
    return response
