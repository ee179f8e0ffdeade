"""Fit the turn detection of a version: its network to training scans, its limits to validation scans."""

import hashlib
import json
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.stored_turns import UNKNOWN_TURN, make_upright, read_stored_turns
from braintumor.enums import Plane, Split
from braintumor.evaluation.metrics.bootstrap import REPLICATES, MetricEntry, by_subgroup, mean_with_ci, subgroup_masks
from braintumor.fileio import write_atomically
from braintumor.inference.input_check.limits import TurnLimits
from braintumor.inference.model_card import TURN_FILE, ModelCard, read_card, update_card
from braintumor.inference.registry import create_session, load_artifact
from braintumor.inference.turn.turn_detector import TurnDetector, TurnEstimate
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData

# Shares of upright validation scans that may be turned by 90 or 270 degrees, and by 180 degrees.
WRONG_TURN_RATE: Final = 0.0025
# Patients of other collections differ more than those of the validation scans, so the limits are not lower than this.
MIN_SURE: Final = 0.75
LIKELY_AT: Final = 0.5
# Counterclockwise turns at which scans are measured, by number of quarter turns.
DEGREES: Final = ("0", "90", "180", "270")


def fit_turn_detection(name: str, data: TrainingData, settings: Settings, replicates: int = REPLICATES) -> None:
    """Write `turn.onnx`, choose its limits, and write the section `turn` of the card.

    The network is trained once: other versions with the same images, cropped and fitted alike, get a copy. Nothing is
    done if the version already has its network, or if training scans are missing.
    """
    turns = read_stored_turns(data.manifest, settings)
    card = read_card(name, settings)
    fingerprint = _fingerprint(data, turns, card)
    is_fitted = card.turn is not None and card.turn.data == fingerprint
    if (is_fitted and (settings.outputs / name / TURN_FILE).is_file()) or not len(data.split_rows(Split.TRAIN)):
        return
    upright, is_known = make_upright(data.model_inputs, turns), turns != UNKNOWN_TURN
    training, validation, test = ([row for row in data.split_rows(split) if is_known[row]] for split in Split)
    network = read_shared_network(fingerprint, settings)
    if network is None:
        from braintumor.evaluation.calibration.turn_network import train_turn_network  # takes seconds to import

        network = train_turn_network(upright[training])
    write_atomically(settings.outputs / name / TURN_FILE, network)
    update_card(name, settings)  # with the hash of the network
    session = create_session(load_artifact(name, settings), TURN_FILE, threads=1)
    detector = TurnDetector(session, TurnLimits(sideways_at=1.0, upside_down_at=1.0, likely_at=LIKELY_AT))
    limits = choose_limits(detector.probabilities(upright[validation]))
    metrics = measure_turn_network(detector, limits, data.select(np.array(test)), upright[test], replicates)
    chosen = (
        f"On {len(validation)} validation images: at most {WRONG_TURN_RATE:.2%} of the upright scans reach "
        f"`sideways_at`, and as many `upside_down_at`; neither is below {MIN_SURE}."
    )
    entry = limits.model_dump(mode="json", exclude_unset=True) | {"chosen": chosen, "data": fingerprint}
    update_card(name, settings, turn=entry | {"test": metrics})


def _fingerprint(data: TrainingData, turns: NDArray[np.int64], card: ModelCard) -> str:
    # The network reduces every input to its own size, so the size of the model input makes no difference.
    spec = card.input_spec
    content = json.dumps([data.fingerprint(), spec.crop_margin, spec.fit, turns.tolist()])
    return hashlib.sha256(content.encode()).hexdigest()


def read_shared_network(fingerprint: str, settings: Settings) -> bytes | None:
    """Return the turn network of another version that was trained on the same images; None if there is none."""
    for path in sorted(settings.outputs.glob(f"*/{TURN_FILE}")):
        turn = read_card(path.parent.name, settings).turn
        if turn is not None and turn.data == fingerprint:
            return path.read_bytes()
    return None


def choose_limits(probabilities: NDArray[np.float64]) -> TurnLimits:
    """Choose the lowest limits that leave nearly all upright scans as they are.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n, 4)
        Probability of each turn for upright validation scans.
    """
    count = int(WRONG_TURN_RATE * len(probabilities))
    sideways = np.sort(probabilities[:, 1] + probabilities[:, 3])[::-1]
    upside_down = np.sort(probabilities[:, 2])[::-1]
    above = (float(np.nextafter(values[count], 1.0)) for values in (sideways, upside_down))
    sideways_at, upside_down_at = (min(1.0, max(MIN_SURE, limit)) for limit in above)
    return TurnLimits(sideways_at=sideways_at, upside_down_at=upside_down_at, likely_at=LIKELY_AT)


def measure_turn_network(
    detector: TurnDetector,
    limits: TurnLimits,
    data: TrainingData,
    upright: NDArray[np.uint8],
    replicates: int = REPLICATES,
) -> dict[str, MetricEntry]:
    """Measure the turn detection on scans turned by 0, 90, 180 and 270 degrees counterclockwise.

    Metrics, each also `@turn:<degrees>`: `error` is the share of scans whose most likely turn is wrong, `corrected` the
    share that are turned back to upright, `wrongly_turned` the share that are turned but not upright then. `error` is
    also given `@plane:<plane>`.
    """
    columns: dict[str, list[NDArray[np.float64]]] = {"error": [], "corrected": [], "wrongly_turned": []}
    for turn in range(4):
        turned = np.ascontiguousarray(np.rot90(upright, turn, axes=(1, 2)))
        estimates = [TurnEstimate(each, limits) for each in detector.probabilities(turned)]
        corrections = np.array([estimate.correction for estimate in estimates])
        columns["error"].append(np.array([estimate.most_likely != turn for estimate in estimates], float))
        columns["corrected"].append((corrections == turn).astype(float) if turn else np.full(len(upright), np.nan))
        columns["wrongly_turned"].append(((corrections != 0) & (corrections != turn)).astype(float))
    joined = {name: np.concatenate(values) for name, values in columns.items()}
    degrees = np.repeat(np.array(DEGREES, object), len(upright))
    planes = np.tile(data.manifest["plane"].to_numpy(object), 4)
    groups, strata = np.tile(data.manifest["group"].to_numpy(object), 4), np.tile(data.labels, 4)
    by_turn = by_subgroup(joined, subgroup_masks("turn", degrees, DEGREES))
    by_plane = by_subgroup({"error": joined["error"]}, subgroup_masks("plane", planes, [str(plane) for plane in Plane]))
    return mean_with_ci(joined | by_turn | by_plane, groups, strata, replicates)
