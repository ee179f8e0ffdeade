"""From a scan to the model input: examined, turned back where it was saved turned, cropped and resized."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging import Scan, preprocess
from braintumor.imaging.geometry import Geometry
from braintumor.imaging.picture.scan_examination import examine_scan
from braintumor.imaging.preprocessing import InputSpec
from braintumor.inference.turn.turn_detector import TurnDetector, TurnEstimate


@dataclass(frozen=True, slots=True)
class PreparedScan:
    """A scan that the network can read.

    Attributes
    ----------
    scan, unturned : Scan
        The scan as it is read, and before it was turned back.
    model_input : ndarray of uint8, shape (height, width)
    geometry : Geometry
    turn : TurnEstimate, optional
        None if the turn was not estimated.
    seconds : dict of str to float
        Wall time by step.
    """

    scan: Scan
    unturned: Scan
    model_input: NDArray[np.uint8]
    geometry: Geometry
    turn: TurnEstimate | None
    seconds: dict[str, float] = field(default_factory=dict)


def prepare_scan(
    source: Scan, input_spec: InputSpec, turn_detector: TurnDetector | None, start: float | None = None
) -> PreparedScan:
    """Prepare a scan for the network.

    Parameters
    ----------
    start : float, optional
        When reading of the scan began, by `time.perf_counter`; now by default.
    """
    start = time.perf_counter() if start is None else start
    scan = unturned = examine_scan(source)
    read = time.perf_counter()
    model_input, geometry = preprocess(scan, input_spec)
    turn = turn_detector.estimate(scan, model_input) if turn_detector else None
    if turn is not None and turn.correction:
        scan = examine_scan(turn.correct(scan))
        model_input, geometry = preprocess(scan, input_spec)
    seconds = {"read": read - start, "standardize": time.perf_counter() - read}
    return PreparedScan(scan, unturned, model_input, geometry, turn, seconds)


def iter_prepared(
    scans: Iterable[Scan], input_spec: InputSpec, turn_detector: TurnDetector | None, batch_size: int
) -> Iterator[list[PreparedScan]]:
    """Yield batches of prepared scans; a thread decodes and prepares the next one while the network reads one.

    The scans are iterated in that thread, one batch ahead.
    """
    from concurrent.futures import ThreadPoolExecutor  # not needed for a single slice

    prepared = (prepare_scan(scan, input_spec, turn_detector) for scan in scans)

    def next_batch() -> list[PreparedScan]:
        return list(islice(prepared, batch_size))

    with ThreadPoolExecutor(1, "braintumor-prepare") as pool:
        upcoming = pool.submit(next_batch)
        while batch := upcoming.result():
            upcoming = pool.submit(next_batch)
            yield batch
