"""Uploaded files of a request: received to disk, within limits, after the caller is known."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from braintumor.api.access import Caller, allow_guest, require_scope
from braintumor.api.state import State
from braintumor.auth.api_tokens import Scope
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.settings import Settings

_FIELD: Final = "files"
_MAX_NAME: Final = 500
# FastAPI would read the body before it knows who sends it, so the form is documented here.
UPLOAD_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [_FIELD],
                    "properties": {
                        _FIELD: {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "Images, DICOM files, NIfTI volumes and ZIP archives.",
                        }
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A received file; satisfies `ReadableFile`. The name is a label and never a path."""

    name: str
    file: UploadFile

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.file.size or 0

    def getvalue(self) -> bytes:
        """Return the whole content."""
        self.file.file.seek(0)
        return self.file.file.read()


def fingerprint(files: list[UploadedFile]) -> str:
    """Return a hash of names and contents."""
    return sha256_hex("\n".join(f"{sha256_hex(file.getvalue())} {file.name}" for file in files).encode())


def _receiver(access: Callable[..., Any]) -> Callable[..., AsyncIterator[list[UploadedFile]]]:
    async def receive(
        request: Request, state: State, caller: Annotated[Caller | None, Depends(access)]
    ) -> AsyncIterator[list[UploadedFile]]:
        with state.uploads.hold(str(caller.actor.id) if caller else "local"):
            async with _receive_form(request, state.settings) as form:
                files = [
                    UploadedFile((value.filename or "file")[:_MAX_NAME], value)
                    for value in form.getlist(_FIELD)
                    if isinstance(value, UploadFile)
                ]
                _check(request, files, state.settings)
                yield files

    return receive


@asynccontextmanager
async def _receive_form(request: Request, settings: Settings) -> AsyncIterator[FormData]:
    """Receive a form; files over 1 MB go to disk, and are deleted at the end."""
    try:
        form = await request.form(max_files=settings.max_files, max_fields=10)
    except HTTPException as error:
        if error.status_code == 400 and error.detail.startswith("Too many files"):
            raise HTTPException(413, f"A request has at most {settings.max_files:,} files. Send several.") from None
        raise
    try:
        yield form
    finally:
        await form.close()


def _check(request: Request, files: list[UploadedFile], settings: Settings) -> None:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, f"Send the files as multipart/form-data, in the field {_FIELD}.")
    if not files:
        raise HTTPException(422, f"There is no file. Send at least one in the field {_FIELD}.")
    largest = max(settings.max_bytes, settings.max_archive_bytes, settings.max_volume_bytes)
    if any(file.size > largest for file in files):
        raise HTTPException(413, f"A file is larger than {largest / 2**20:,.0f} MB. Split it, or compress the volume.")


GuestFiles = Annotated[list[UploadedFile], Depends(_receiver(allow_guest))]
WriterFiles = Annotated[list[UploadedFile], Depends(_receiver(require_scope(Scope.WRITE)))]
