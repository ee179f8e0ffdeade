"""Ask a language model in a background thread, so that a page stays usable and can stop it."""

import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import Final

from braintumor.language.client import ChatClient
from braintumor.language.conversation import ReadingContext, Turn, answer

# Seconds. A page that shows the answer polls it several times a second; the page of a closed browser does not.
IDLE_TIMEOUT: Final = 15.0


class AnswerJob:
    """Answers one question until done, stopped, or not polled for `IDLE_TIMEOUT` seconds.

    Parameters
    ----------
    turn : Turn
        The question; it is filled in while the job runs.
    earlier : iterable of Turn
        Of the same conversation.
    is_suggested : bool
        Whether the page suggested the question, which then needs no guard.
    """

    def __init__(
        self,
        client: ChatClient,
        context: ReadingContext,
        turn: Turn,
        earlier: Iterable[Turn] = (),
        *,
        is_suggested: bool = False,
    ) -> None:
        self._turn = turn
        self._stop = threading.Event()
        self._last_poll = time.monotonic()
        arguments = (client, context, list(earlier), is_suggested)
        self._thread = threading.Thread(target=self._run, args=arguments, name="answer-job", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether more sentences may come; asking keeps the job alive."""
        self._last_poll = time.monotonic()
        return self._thread.is_alive() and not self._stop.is_set()

    def stop(self) -> None:
        """Stop; what was shown stays, and nothing more is added."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until the job ends, at most this long."""
        self._thread.join(seconds)

    def _run(self, client: ChatClient, context: ReadingContext, earlier: list[Turn], is_suggested: bool) -> None:
        # A copy is filled in, so that a stopped answer does not change any more.
        draft = replace(self._turn)
        with closing(answer(client, context, draft, earlier, is_suggested=is_suggested)) as steps:
            for _ in steps:
                if self._should_stop():
                    return
                self._publish(draft)
        if not self._should_stop():
            self._publish(draft)

    def _should_stop(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._last_poll > IDLE_TIMEOUT

    def _publish(self, draft: Turn) -> None:
        turn = self._turn
        turn.text, turn.note, turn.is_generated = draft.text, draft.note, draft.is_generated
