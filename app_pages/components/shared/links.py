"""Choices that the address of the page holds, so that a link restores the view."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import streamlit as st

Option = TypeVar("Option", bound=str)
_REPORTED_KEY: Final = "reported-address"


def choose_segment(
    title: str,
    options: Sequence[Option],
    key: str,
    *,
    default: Option | None = None,
    format_func: Callable[[Any], str] = str,
    **layout: Any,
) -> Option:
    """Let the user choose one of a few options.

    Parameters
    ----------
    key : str
        Key of the choice in the session state and in the address.
    default : str, optional
        The choice that an address without `key` stands for; the first option if it is not one of them.
    layout
        Options of `st.segmented_control`.
    """
    check_url_value(title, key, {format_func(option) for option in options})
    first = default if default in options and default is not None else options[0]
    if st.session_state.get(key, first) not in options:  # options depend on other choices
        st.session_state[key] = first
    choice = st.segmented_control(
        title, options, default=first, format_func=format_func, key=key, required=True, bind="query-params", **layout
    )
    return next((option for option in options if option == choice), first)


def choose_from_list(
    title: str, options: Sequence[Any], key: str, *, index: int | None = 0, format_func: Callable[[Any], str] = str,
    **layout: Any,
) -> Any:  # fmt: skip
    """Let the user choose one option of a list; like `st.selectbox`, with the choice in the address."""
    check_url_value(title, key, {format_func(option) for option in options})
    if key in st.session_state and st.session_state[key] not in (None, *options):
        del st.session_state[key]
    return st.selectbox(title, options, index, format_func=format_func, key=key, bind="query-params", **layout)


def switch(title: str, key: str, value: bool = False, help_: str | None = None) -> bool:
    """Let the user switch something on or off; like `st.toggle`, with the state in the address."""
    check_url_value(title, key, ("true", "false"))
    return st.toggle(title, value, key=key, help=help_, bind="query-params")


def check_url_value(title: str, key: str, valid: Collection[str] | Callable[[str], bool]) -> None:
    """Say once which values of the address do not exist; Streamlit ignores and removes them.

    Parameters
    ----------
    title : str
        What the value chooses, as on the page.
    key : str
        Name of the query parameter.
    valid : collection of str or callable
        The values that exist, or a function that recognizes them.
    """
    is_valid = valid if callable(valid) else valid.__contains__
    reported = st.session_state.setdefault(_REPORTED_KEY, set())
    for value in st.query_params.get_all(key):
        if value and not is_valid(value) and (key, value) not in reported:
            reported.add((key, value))
            st.toast(f'The link asks for {title.lower()} "{value[:60]}", which does not exist here. It was ignored.',
                     icon=":material/link_off:", duration="long")  # fmt: skip


def is_day(text: str) -> bool:
    """Return whether a value of the address is a date such as 2026-11-30."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
