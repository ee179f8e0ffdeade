"""Conversation with a language model about one result: answers appear sentence by sentence as they are checked."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import streamlit as st

from braintumor.errors import LanguageModelError
from braintumor.explanation import LANGUAGES
from braintumor.language.answer_job import AnswerJob
from braintumor.language.client import ChatClient
from braintumor.language.conversation import ReadingContext, Turn
from braintumor.language.lexicon import load_lexicon
from braintumor.language.question_guard import MAX_QUESTION
from braintumor.settings import get_settings

CONVERSATIONS_KEY: Final = "conversations"
_STYLE: Final = Path(__file__).parent / "assets" / "conversation.css"
# Seconds between updates while an answer arrives.
_POLL_SECONDS: Final = 0.4
_MAX_TURNS: Final = 30


@dataclass
class Conversation:
    """Questions about one result and their answers, for the length of the visit."""

    turns: list[Turn] = field(default_factory=list)
    job: AnswerJob | None = None

    @property
    def is_answering(self) -> bool:
        """Whether an answer is on its way."""
        return self.job is not None and self.job.is_running

    def ask(self, client: ChatClient, context: ReadingContext, question: str, *, is_suggested: bool = False) -> None:
        """Ask a question; its answer arrives in the background."""
        earlier, turn = self.turns[-_MAX_TURNS:], Turn(question)
        self.turns = [*earlier, turn]
        self.job = AnswerJob(client, context, turn, earlier, is_suggested=is_suggested)

    def stop(self) -> None:
        """Stop the answer; its checked sentences stay."""
        if self.job is not None and self.is_answering:
            self.job.stop()
            self.turns[-1].note = "Stopped."


def show_conversation(context: ReadingContext, key: str) -> None:
    """Draw the conversation about a result."""
    settings = get_settings()
    try:
        client = _client(settings.language_url, settings.language_model)
    except LanguageModelError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    # A conversation belongs to the facts, so that another scan or version in the same place has its own.
    conversations: dict[str, Conversation] = st.session_state.setdefault(CONVERSATIONS_KEY, {})
    conversation = conversations.setdefault(repr(context.facts), Conversation())
    is_polling = conversation.is_answering
    with st.expander("Ask about this result", icon=":material/forum:", key=f"chat-{key}"):
        draw = st.fragment(_draw, run_every=_POLL_SECONDS if is_polling else None)
        draw(conversation, client, context, key, is_polling)


@st.cache_resource(max_entries=1, show_spinner=False)
def _client(url: str | None, model: str | None) -> ChatClient:
    """Return the client of the settings, shared by all sessions; another address or model makes another client."""
    client = ChatClient.from_settings(get_settings())
    if client is None:
        raise LanguageModelError("No language model is set. Set BRAINTUMOR_LANGUAGE_URL and BRAINTUMOR_LANGUAGE_MODEL.")
    return client


def _draw(conversation: Conversation, client: ChatClient, context: ReadingContext, key: str, is_polling: bool) -> None:
    is_answering = conversation.is_answering
    if is_polling and not is_answering:
        st.rerun()  # the last update, which also stops the updates
    st.html(_STYLE)
    st.html(conversation_html(conversation, context.language))
    if is_answering:
        st.button("Stop the answer", on_click=conversation.stop, icon=":material/stop_circle:", key=f"chat-stop-{key}")
        return
    question, is_suggested = _ask(context, key)
    if question:
        conversation.ask(client, context, question, is_suggested=is_suggested)
        st.rerun()


def _ask(context: ReadingContext, key: str) -> tuple[str, bool]:
    """Draw the field for a question, and return what was asked and whether the page suggested it."""
    host = urlsplit(get_settings().language_url or "").hostname
    with st.form(f"chat-form-{key}", clear_on_submit=True, border=False):
        question = st.text_input("Your question", max_chars=MAX_QUESTION, key=f"chat-question-{key}")
        is_asked = st.form_submit_button("Ask", icon=":material/send:")
    st.caption(
        f"The language model at {host} receives your question and the figures of this result: no images, names or "
        "comments. Do not enter names."
    )
    if st.button("Explain in simple words", icon=":material/notes:", key=f"chat-simple-{key}"):
        return load_lexicon(context.language).messages["rephrase"], True
    return (question.strip() if is_asked else ""), False


def conversation_html(conversation: Conversation, language: str) -> str:
    """Return all turns; screen readers announce what is added."""
    turns = "".join(_turn_html(turn, language) for turn in conversation.turns)
    waiting = ""
    if conversation.is_answering:
        waiting = '<p class="note">The language model is answering.</p>'
    elif conversation.turns and not (conversation.turns[-1].text or conversation.turns[-1].note):
        waiting = '<p class="note">The answer stopped because this page was left. Ask again.</p>'
    direction = LANGUAGES[language].direction
    return (
        f'<div class="conversation" role="log" aria-label="Conversation" lang="{language}" dir="{direction}">'
        f"{turns}{waiting}</div>"
    )


def _turn_html(turn: Turn, language: str) -> str:
    mark = load_lexicon(language).messages["generated"] if turn.is_generated else ""
    # A note about a replaced answer introduces the text that follows it.
    before, after = (turn.note, "") if turn.note and turn.text and not turn.is_generated else ("", turn.note)
    parts = (("question", turn.question), ("note", before), ("answer", turn.text), ("note", after), ("note", mark))
    return "".join(f'<p class="{name}" dir="auto">{_to_html(text)}</p>' for name, text in parts if text)


def _to_html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
