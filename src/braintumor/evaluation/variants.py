"""Smaller variants of a version, each kept only where it was measured to say the same of the test scans."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final

from braintumor.errors import ArtifactError
from braintumor.evaluation.bootstrap import REPLICATES
from braintumor.evaluation.robustness import dealt
from braintumor.evaluation.run import evaluation_data
from braintumor.evaluation.study_file import identity
from braintumor.evaluation.variant_detector import Runner, litert_runner, onnx_runner
from braintumor.evaluation.variant_measure import BOUNDS, measure, refuse_beyond
from braintumor.files import sha256_of, write_atomically
from braintumor.imaging import to_batch
from braintumor.inference.artifact import INT8, LITERT, MODEL
from braintumor.inference.detector import Detector
from braintumor.inference.outputs import LOGITS
from braintumor.settings import Settings, get_settings
from braintumor.training.card import update_card
from braintumor.training.data import TrainingData
from braintumor.vocabulary import Split

NETWORK: Final = "model.keras"
# Variants are for small machines; a network beyond this is none for them.
MOST_PARAMETERS: Final = 10_000_000
# Training frames by which the ranges of whole numbers are chosen.
CALIBRATED_ON: Final = 128
_SEED: Final = 0


def export_variants(
    name: str, settings: Settings | None = None, *, litert: bool = False, int8: bool = False,
    replicates: int = REPLICATES,
) -> Iterator[str]:  # fmt: skip
    """Write `model.tflite` and `model.int8.onnx` of a version, and what was measured of them into its card.

    `model.onnx` stays as it is. A variant gives `logits`, and `mask` where the version's answer takes it in; contract,
    views, fusion, temperature and thresholds are those of the card.

    Yields
    ------
    str
        For each variant, once it is written, a sentence with what was measured.

    Raises
    ------
    ArtifactError
        The version is too large or not exported, or a variant differs by more than `BOUNDS`; then it is not written.
    """
    settings = settings or get_settings()
    detector = Detector.load(name, settings)
    _check(detector, litert=litert)
    data = evaluation_data(name, settings)
    for file, wanted in ((LITERT, litert), (INT8, int8)):
        if wanted:
            yield _export(name, file, detector, data, settings, replicates)


def _check(detector: Detector, *, litert: bool) -> None:
    """Say at once what would fail later."""
    version, parameters = detector.version, int(detector.artifact.card.raw.get("parameters") or 0)
    if members := detector.artifact.card.members:
        names = ", ".join(member.version for member in members)
        raise ArtifactError(f"{version} is an ensemble and has no {MODEL} to make variants of. Its members: {names}.")
    if parameters > MOST_PARAMETERS:
        raise ArtifactError(
            f"{version} has {parameters:,} parameters, more than the {MOST_PARAMETERS:,} up to which variants for "
            "small machines are made. Take model.onnx, or export a smaller version."
        )
    if litert and not detector.artifact.path(NETWORK).is_file():
        raise ArtifactError(
            f"{version} keeps no {NETWORK} here, which LiteRT is made from. Train it with: braintumor train {version}, "
            "or export with --int8, which is made from model.onnx."
        )


def _export(name: str, file: str, detector: Detector, data: TrainingData, settings: Settings, replicates: int) -> str:
    content, run, how = _MAKERS[file](detector, data)
    measured = measure(detector, run, data, replicates)
    refuse_beyond(name, file, measured)
    folder = settings.outputs / name
    write_atomically(folder / file, content)
    card = detector.artifact.card.raw
    entry = {
        "bytes": len(content),
        "sha256": sha256_of(folder / file),
        "model": identity(card),
        **measured,
        "bounds": asdict(BOUNDS[file]),
        **how,
    }
    earlier = Detector.load(name, settings).artifact.card.raw.get("variants") or {}
    update_card(name, settings, variants=earlier | {file: entry})
    return _sentence(name, file, entry, len(detector.artifact.verified(MODEL)))


def _sentence(name: str, file: str, entry: dict[str, Any], served_bytes: int) -> str:
    found, apart = entry["test"]["accuracy"], entry["agreement"]
    return (
        f"{name}: {file}, {entry['bytes'] / 2**20:.1f} MB ({entry['bytes'] / served_bytes:.0%} of model.onnx). Its "
        f"probabilities differ from those of model.onnx by {apart['median_difference']:.2g} in the median and "
        f"{apart['largest_difference']:.2g} at most ({apart['n']} test scans); accuracy {found['value']:.1%} (95% "
        f"interval {found['low']:.1%} to {found['high']:.1%}), with model.onnx "
        f"{found['value'] + entry['test']['lost/accuracy']['value']:.1%}."
    )


def _litert(detector: Detector, data: TrainingData) -> tuple[bytes, Runner, dict[str, Any]]:
    from braintumor.models.saved import load_network
    from braintumor.training.litert import to_litert

    detector.artifact.verified(NETWORK)
    content = to_litert(load_network(detector.artifact.path(NETWORK)), _deciding(detector, data))
    return content, litert_runner(content), {}


def _int8(detector: Detector, data: TrainingData) -> tuple[bytes, Runner, dict[str, Any]]:
    from braintumor.training.quantized import quantized

    rows = data.rows(Split.TRAIN)
    rows = rows[dealt(data.manifest["group"].to_numpy(object)[rows], CALIBRATED_ON, _SEED)]
    wanted = _deciding(detector, data)
    images = to_batch(data.frames[rows], detector.artifact.card.contract)
    content = quantized(detector.artifact.verified(MODEL), wanted, images)
    return content, onnx_runner(content, wanted, detector.settings.threads), {"calibrated_on": len(rows)}


def _deciding(detector: Detector, data: TrainingData) -> list[str]:
    """The outputs an answer is made of."""
    return [LOGITS] if detector.infer(data.frames[:1]).mask is None else [LOGITS, "mask"]


_MAKERS: Final[dict[str, Callable[[Detector, TrainingData], tuple[bytes, Runner, dict[str, Any]]]]] = {
    LITERT: _litert,
    INT8: _int8,
}
