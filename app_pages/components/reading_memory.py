"""Memory: what was freed goes back to the machine, where the C library would keep it for later."""

import ctypes
import sys


def trim_memory() -> None:
    """Ask the C library to return what is free. Only glibc hoards and can be asked; elsewhere nothing happens.

    Scans are read in threads, and glibc keeps a store of freed memory for each: visit by visit they fill.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return
