"""Client of an OpenAI-compatible chat endpoint: streamed answers, with limits on time and size."""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx2

from braintumor.errors import LanguageModelError
from braintumor.settings import Settings

MAX_BYTES: Final = 512 * 1024  # of one answer, with the JSON around each word
MAX_LINE_BYTES: Final = 32 * 1024
MAX_SECONDS: Final = 90.0  # of one answer
MAX_TOKENS: Final = 600
_TIMEOUT: Final = httpx2.Timeout(10.0, read=30.0)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NO_ANSWER: Final = "The language model does not answer. Try again later, or ask the administrator of this server."
_BROKEN: Final = "The language model sent an answer that cannot be read. Try again."
_BY_STATUS: Final = {
    401: "The language model refused the key of this server. Ask its administrator to check BRAINTUMOR_LANGUAGE_KEY.",
    403: "The language model refused the key of this server. Ask its administrator to check BRAINTUMOR_LANGUAGE_KEY.",
    404: "The language model was not found. Ask the administrator to check BRAINTUMOR_LANGUAGE_URL and "
    "BRAINTUMOR_LANGUAGE_MODEL.",
    429: "The language model is busy. Wait a minute and ask again.",
}
Message = dict[str, str]


class ChatClient:
    """Streams answers of one language model. Redirects are not followed, and the key appears in no message.

    Parameters
    ----------
    url : str
        Base address of the endpoint, such as `http://localhost:11434/v1`.
    model : str
    key : str, optional
    max_seconds : float
        Time limit of one answer.
    timeout : optional
        Limits of `httpx2` on connecting and on waiting for the next bytes.
    transport : optional
        Another transport of `httpx2`, such as for tests.

    Raises
    ------
    LanguageModelError
        The key would be sent unencrypted to another computer.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str | None = None,
        *,
        max_seconds: float = MAX_SECONDS,
        timeout: httpx2.Timeout = _TIMEOUT,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(url)
        if key and parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise LanguageModelError("BRAINTUMOR_LANGUAGE_URL must begin with https:// to send a key to another host.")
        self._url = url.rstrip("/").removesuffix("/chat/completions") + "/chat/completions"
        self._model = model
        self._max_seconds = max_seconds
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._client = httpx2.Client(timeout=timeout, headers=headers, follow_redirects=False, transport=transport)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Return the client of the settings, or None where no language model is set.

        Raises
        ------
        LanguageModelError
            The key would be sent unencrypted to another computer.
        """
        if not settings.language_url or not settings.language_model:
            return None
        key = settings.language_key.get_secret_value() if settings.language_key else None
        return cls(settings.language_url, settings.language_model, key)

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Yield the pieces of an answer as they arrive; closing the iterator closes the connection.

        Raises
        ------
        LanguageModelError
            No answer, an error code, or an answer that breaks off, cannot be read or exceeds a limit.
        """
        body = {"model": self._model, "messages": list(messages), "stream": True, "max_tokens": MAX_TOKENS}
        with (
            _translate_errors(),
            self._client.stream("POST", self._url, json=body | {"temperature": 0.2}) as response,
        ):
            if response.status_code != 200:
                raise LanguageModelError(_BY_STATUS.get(response.status_code, _NO_ANSWER))
            is_finished = False
            for data in self._read_events(response):
                if data == "[DONE]":
                    return
                text, is_last = _parse(data)
                is_finished |= is_last
                if text:
                    yield text
            if not is_finished:
                raise LanguageModelError("The language model broke off its answer. Try again.")

    def _read_events(self, response: httpx2.Response) -> Iterator[str]:
        """Yield the data of each server-sent event."""
        deadline = time.monotonic() + self._max_seconds
        size, rest = 0, b""
        for block in response.iter_raw():  # decompressing could exceed any limit
            size += len(block)
            if size > MAX_BYTES or time.monotonic() > deadline:
                raise LanguageModelError("The answer of the language model is too long or takes too long. Ask again.")
            *lines, rest = (rest + block).replace(b"\r\n", b"\n").split(b"\n")
            if len(rest) > MAX_LINE_BYTES:
                raise LanguageModelError(_BROKEN)
            yield from (line[5:].strip().decode("utf-8") for line in lines if line.startswith(b"data:"))


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError):
        raise LanguageModelError(_NO_ANSWER) from None  # the cause may contain the address and the key
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise LanguageModelError(_BROKEN) from None


def _parse(data: str) -> tuple[str, bool]:
    """Return the text of a chunk, and whether it is the last one."""
    chunk: dict[str, Any] = json.loads(data)
    if chunk.get("error"):
        raise LanguageModelError(_NO_ANSWER)
    choices = chunk.get("choices") or []  # the last chunk of some servers has only the usage
    if not choices:
        return "", False
    text = choices[0].get("delta", {}).get("content") or ""
    if not isinstance(text, str):
        raise TypeError(type(text).__name__)
    return text, choices[0].get("finish_reason") is not None
