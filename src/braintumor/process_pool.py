"""Pools of processes that read many files."""

import gc
import os
from concurrent.futures import ProcessPoolExecutor

from braintumor.settings import Settings


def process_pool(settings: Settings) -> ProcessPoolExecutor:
    """Create a pool of `settings.workers` processes, by default one per processor.

    Processes inherit objects but not threads. An ONNX Runtime session waits for its threads when it is freed, in a new
    process forever; therefore the garbage collector only frees what the process has made itself.
    """
    return ProcessPoolExecutor(settings.workers or os.cpu_count(), initializer=gc.freeze)
