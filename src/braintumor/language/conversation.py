"""Ask a language model about a reading and release only what was checked, sentence by sentence."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Self

from braintumor.errors import LanguageModelError
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.text import Explanation
from braintumor.inference.model_card import ModelCard
from braintumor.language.allowed_numbers import collect_allowed_numbers
from braintumor.language.answer_check import MAX_SENTENCE, AnswerCheck, Outcome, remove_markdown
from braintumor.language.client import ChatClient
from braintumor.language.lexicon import load_lexicon
from braintumor.language.prompt import build_messages
from braintumor.language.question_guard import decline, decline_message
from braintumor.language.sentences import split_sentences

MAX_ANSWER: Final = 2000  # characters


@dataclass
class Turn:
    """A question and what a reader sees of its answer.

    Attributes
    ----------
    question : str
    text : str
        Checked sentences so far, or the explanation that replaces them.
    note : str
        What the reader should know about the text, such as why it was replaced.
    is_generated : bool
        Whether the text was written by the language model.
    """

    question: str
    text: str = ""
    note: str = ""
    is_generated: bool = False


@dataclass(frozen=True)
class ReadingContext:
    """A reading that is asked about, and the language of the answers.

    Attributes
    ----------
    explanation : str
        The explanation in words in that language, which replaces answers that contradict the facts.
    """

    facts: ReadingFacts
    explanation: str
    language: str
    card: ModelCard | None = field(default=None, repr=False)

    @classmethod
    def of(cls, facts: ReadingFacts, explanation: Explanation, card: ModelCard | None = None) -> Self:
        """Return the context of a reading from its explanation, without the titles of the paragraphs."""
        text = "\n".join(paragraph.text for paragraph in explanation.paragraphs)
        return cls(facts, text, explanation.language.code, card)


def answer(
    client: ChatClient, context: ReadingContext, turn: Turn, earlier: Iterable[Turn] = (), *, is_suggested: bool = False
) -> Generator[None, None, None]:
    """Fill in a turn, and yield after each sentence that was added; a question that is declined is not sent.

    Parameters
    ----------
    earlier : iterable of Turn
        About the same reading. Only what was generated and checked is sent again.
    is_suggested : bool
        Whether the page suggested the question, which then needs no guard.
    """
    reason = None if is_suggested else decline(turn.question, context.language)
    if reason is not None:
        turn.text = decline_message(reason, context.language)
        return
    history = [(each.question, each.text) for each in earlier if each.is_generated and each.text]
    messages = build_messages(
        turn.question, context.language, context.facts, context.explanation, context.card, history
    )
    try:
        with closing(client.stream(messages)) as pieces:
            yield from _release(pieces, context, turn)
    except LanguageModelError as error:
        turn.note = str(error)


def _release(pieces: Iterable[str], context: ReadingContext, turn: Turn) -> Iterator[None]:
    lexicon = load_lexicon(context.language)
    check = AnswerCheck(
        context.facts, collect_allowed_numbers(context.facts, context.card), lexicon, context.explanation
    )
    for sentence in map(remove_markdown, split_sentences(pieces, MAX_SENTENCE)):
        outcome = check.check(sentence) if sentence else Outcome.SHOWN
        if len(turn.text) + len(sentence) > MAX_ANSWER:
            outcome = Outcome.LENGTH
        if outcome is Outcome.LEFT_OUT:
            turn.note = lexicon.messages["left_out"]
        elif outcome is Outcome.SHOWN:
            turn.text, turn.is_generated = f"{turn.text} {sentence}".strip(), True
            yield
        else:
            _replace(turn, context, outcome)
            return
    if not turn.text:
        _replace(turn, context, Outcome.UNCHECKED)


def _replace(turn: Turn, context: ReadingContext, outcome: Outcome) -> None:
    messages = load_lexicon(context.language).messages
    turn.text, turn.is_generated = context.explanation, False
    turn.note = messages["replaced"].format(reason=messages[f"reason_{outcome}"])
