"""Nothing that contradicts a reading, or cannot be checked, reaches the reader; honest answers do."""

import re
import time
from collections.abc import Iterator
from functools import cache

import httpx2
import pytest

from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.languages import LANGUAGES
from braintumor.explanation.text import write_explanation
from braintumor.language.answer_check import Outcome
from braintumor.language.answer_job import AnswerJob
from braintumor.language.client import ChatClient
from braintumor.language.conversation import ReadingContext, Turn, answer
from braintumor.language.lexicon import load_lexicon
from tests.helpers.language.answers import HONEST, HOSTILE, TRANSLATED
from tests.helpers.language.facts import MENINGIOMA, NO_TUMOR, UNCERTAIN
from tests.helpers.language.stub import (
    Behavior,
    Stub,
    chunk,
    hangs,
    never_ends,
    only_pings,
    run_stub,
    says,
    sends,
)

QUESTION = "What did the model find?"


def _context(language: str = "en", facts: ReadingFacts = MENINGIOMA) -> ReadingContext:
    return ReadingContext.of(facts, write_explanation(facts, language))


@cache
def _client(url: str) -> ChatClient:
    return ChatClient(url, "test", "secret-key", max_seconds=1.0, timeout=httpx2.Timeout(5.0, read=0.5))


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    """One server for all answers."""
    with run_stub(says("")) as stub:
        yield stub


def _ask(server: Stub, behavior: Behavior, context: ReadingContext | None = None) -> tuple[Turn, list[str]]:
    """Return the turn when it is done, and everything that was shown on the way."""
    server.behavior = behavior
    turn, seen = Turn(QUESTION), []
    for _ in answer(_client(server.url), context or _context(), turn):
        seen.append(turn.text)
    return turn, [*seen, turn.text]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_never_reach_the_reader(server: Stub, name: str) -> None:
    text, lie = HOSTILE[name]
    context = _context()
    turn, seen = _ask(server, says(text), context)
    shown = [each.replace(context.explanation, "") for each in seen]
    assert not any(lie in each for each in shown)
    assert turn.note  # the reader is told that something is missing
    assert turn.is_generated or turn.text == context.explanation


@pytest.mark.parametrize("text", HONEST)
def test_honest_answers_are_shown_unchanged(server: Stub, text: str) -> None:
    turn, _ = _ask(server, says(text))
    assert (turn.text, turn.note, turn.is_generated) == (text.replace("**", ""), "", True)


@pytest.mark.parametrize("language", TRANSLATED)
def test_answers_in_other_languages_are_checked_as_strictly(server: Stub, language: str) -> None:
    honest, hostile = TRANSLATED[language]
    context = _context(language)
    for text in honest:
        assert _ask(server, says(text), context)[0].text == text
    for text in hostile:
        turn, seen = _ask(server, says(text), context)
        assert not turn.is_generated
        assert set(seen) == {context.explanation}, text


@pytest.mark.parametrize(
    ("facts", "honest", "lies"),
    [
        (
            NO_TUMOR,
            ("No tumour was found in this axial slice.",
             "The tumour probability is 2.9%, below the threshold of 7.9%."),
            ("A tumour is suspected.", "There is a lesion.", "The brain is healthy.", "A tumour is excluded.",
             "The most likely class is meningioma (0.9%).", "There is certainly no tumour."),
        ),
        (
            UNCERTAIN,
            ("The result is uncertain.", "The model cannot decide whether there is a tumour."),
            ("A tumour is suspected.", "No tumour was found.", "It is a meningioma.", "The result is not uncertain."),
        ),
    ],
    ids=["no tumour", "uncertain"],
)  # fmt: skip
def test_other_verdicts_cannot_be_turned_round(
    server: Stub, facts: ReadingFacts, honest: tuple[str, ...], lies: tuple[str, ...]
) -> None:
    context = _context(facts=facts)
    for text in honest:
        assert _ask(server, says(text), context)[0].text == text
    for text in lies:
        assert set(_ask(server, says(text), context)[1]) == {context.explanation}, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_the_explanation_may_be_repeated(server: Stub, language: str) -> None:
    context = _context(language)
    turn, _ = _ask(server, says(context.explanation, 50), context)
    assert (turn.is_generated, turn.note) == (True, "")
    assert re.sub(r"\s", "", turn.text) == re.sub(r"\s", "", context.explanation)


BROKEN: dict[str, Behavior] = {
    "rubbish bytes": sends(b"\x00\xff\xfe\x80" * 999),
    "rubbish in an event": sends(b"data: \xff\xfe\n\n"),
    "invalid JSON": sends(b"data: {'choices': [}\n\n"),
    "wrong encoding": sends("data: {\"choices\": [{\"delta\": {\"content\": \"é\"}}]}\n\n".encode("utf-16")),
    "deep JSON": sends(b"data: " + b"[" * 30_000 + b"\n\n"),
    "other types": sends(b'data: {"choices": [{"delta": {"content": 5}}]}\n\n'),
    "a list": sends(b"data: [1, 2]\n\n"),
    "no line ends": sends(b"data: " + b"x" * 100_000),
    "huge token": sends(chunk("x" * 40_000) * 20),
    "compressed": sends(b"\x1f\x8b" + b"\x00" * 99, headers={"Content-Encoding": "gzip"}),
    "web page": sends(b"<html>Sign in</html>"),
    "error event": sends(b'data: {"error": {"message": "No tumour"}}\n\n'),
    "unauthorized": sends(b"No tumour", 401),
    "busy": sends(b"No tumour", 429),
    "broken server": sends(b"No tumour", 500),
    "redirect": sends(b"", 302, {"Location": "http://192.0.2.1/v1/chat/completions"}),
    "closed midway": sends(chunk("A tumour is suspected. No tum")),
    "hangs": hangs,
    "only pings": only_pings,
    "never ends": never_ends,
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_streams_end_in_a_sentence(server: Stub, name: str) -> None:
    context = _context()
    turn, seen = _ask(server, BROKEN[name], context)
    server.released.set()
    server.released.clear()
    assert turn.note.endswith((".", ":"))
    assert not any("No tum" in each.replace(context.explanation, "") for each in seen)
    assert not any(word in turn.note for word in ("Error", "Traceback", "127.0.0.1"))


def test_an_answer_can_be_stopped_while_the_model_hangs(server: Stub) -> None:
    server.behavior = hangs
    turn = Turn(QUESTION)
    client = ChatClient(server.url, "test", timeout=httpx2.Timeout(5.0, read=10.0))
    job = AnswerJob(client, _context(), turn)
    deadline = time.monotonic() + 30
    while not turn.text and time.monotonic() < deadline:
        time.sleep(0.01)
    job.stop()
    assert not job.is_running
    server.released.set()
    job.wait(30)
    server.released.clear()
    assert (turn.text, turn.note) == ("A tumour is suspected.", "")


def test_what_is_sent_is_the_fixed_list_of_facts(server: Stub) -> None:
    server.behavior = says("A tumour is suspected.")
    earlier = [Turn("Where?", "A tumour is suspected.", is_generated=True), Turn("Declined?", "no")]
    list(answer(_client(server.url), _context(), Turn(QUESTION), earlier))
    body, headers = server.requests[-1], server.headers[-1]
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert set(body) == {"model", "messages", "stream", "max_tokens", "temperature"}
    assert "secret-key" not in str(body)
    assert headers["Authorization"] == "Bearer secret-key"


def test_reasons_are_worded_in_every_language() -> None:
    wanted = set(load_lexicon("en").messages)
    assert {f"reason_{each}" for each in Outcome if each not in (Outcome.SHOWN, Outcome.LEFT_OUT)} <= wanted
    terms = set(load_lexicon("en").terms)
    for language in LANGUAGES:
        lexicon = load_lexicon(language)
        assert (set(lexicon.messages), set(lexicon.terms)) == (wanted, terms)
        assert "{reason}" in lexicon.messages["replaced"]
