"""The browser session on the server: whether it is still connected, and its freed memory."""

import ctypes
import sys
from collections.abc import Callable
from functools import partial

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def check_connection() -> Callable[[], bool]:
    """Return a function that says whether the visitor's browser is still connected, whatever page it shows."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: False
    return partial(runtime.get_instance().is_active_session, context.session_id)


def trim_memory() -> None:
    """Return freed memory to the operating system, where the C library is glibc.

    Scans are read in threads, and glibc keeps a pool of freed memory for each thread, which would grow from session to
    session.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return
