"""Smaller variants of a version, each kept only where it was measured to say the same of the test scans."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.evaluation.data import load_evaluation_data
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.sampling import sample_across_groups
from braintumor.evaluation.variants.acceptance import BOUNDS, measure_variant, require_within_bounds
from braintumor.evaluation.variants.runner import Runner, make_litert_runner, make_onnx_runner
from braintumor.fileio import sha256_file, write_atomically
from braintumor.imaging import to_batch
from braintumor.inference.artifact_files import INT8_FILE, LITERT_FILE, MODEL_FILE
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import read_card, update_card
from braintumor.inference.outputs import LOGITS
from braintumor.settings import Settings, get_settings
from braintumor.training.data import TrainingData

KERAS_FILE: Final = "model.keras"
# Variants are for small machines; a network beyond this is none for them.
MAX_PARAMETERS: Final = 10_000_000
# Training frames by which the ranges of whole numbers are chosen.
CALIBRATION_IMAGES: Final = 128
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
    _require_exportable(detector, litert=litert)
    data = load_evaluation_data(name, settings)
    for file, wanted in ((LITERT_FILE, litert), (INT8_FILE, int8)):
        if wanted:
            yield _export_variant(name, file, detector, data, settings, replicates)


def _require_exportable(detector: Detector, *, litert: bool) -> None:
    """Say at once what would fail later."""
    version, parameters = detector.version, detector.artifact.card.parameters or 0
    if members := detector.artifact.card.members:
        names = ", ".join(member.version for member in members)
        raise ArtifactError(
            f"{version} is an ensemble and has no {MODEL_FILE} to make variants of. Its members: {names}."
        )
    if parameters > MAX_PARAMETERS:
        raise ArtifactError(
            f"{version} has {parameters:,} parameters, more than the {MAX_PARAMETERS:,} up to which variants for "
            "small machines are made. Take model.onnx, or export a smaller version."
        )
    if litert and not detector.artifact.path(KERAS_FILE).is_file():
        raise ArtifactError(
            f"{version} keeps no {KERAS_FILE} here, which LiteRT is made from. Train it with: braintumor train {version}, "
            "or export with --int8, which is made from model.onnx."
        )


def _export_variant(
    name: str, file: str, detector: Detector, data: TrainingData, settings: Settings, replicates: int
) -> str:
    content, run, how = _MAKERS[file](detector, data)
    measured = measure_variant(detector, run, data, replicates)
    require_within_bounds(name, file, measured)
    folder = settings.outputs / name
    write_atomically(folder / file, content)
    entry = {
        "bytes": len(content),
        "sha256": sha256_file(folder / file),
        "model": detector.artifact.card.fingerprint,
        **measured,
        "bounds": asdict(BOUNDS[file]),
        **how,
    }
    earlier = read_card(name, settings).variants
    update_card(name, settings, variants=earlier | {file: entry})
    return _summarize_variant(name, file, entry, len(detector.artifact.read_verified(MODEL_FILE)))


def _summarize_variant(name: str, file: str, entry: dict[str, Any], served_bytes: int) -> str:
    found, apart = entry["test"]["accuracy"], entry["agreement"]
    return (
        f"{name}: {file}, {entry['bytes'] / 2**20:.1f} MB ({entry['bytes'] / served_bytes:.0%} of model.onnx). Its "
        f"probabilities differ from those of model.onnx by {apart['median_difference']:.2g} in the median and "
        f"{apart['largest_difference']:.2g} at most ({apart['n']} test scans); accuracy {found['value']:.1%} (95% "
        f"interval {found['low']:.1%} to {found['high']:.1%}), with model.onnx "
        f"{found['value'] + entry['test']['lost/accuracy']['value']:.1%}."
    )


def _make_litert(detector: Detector, data: TrainingData) -> tuple[bytes, Runner, dict[str, Any]]:
    from braintumor.evaluation.variants.litert import to_litert
    from braintumor.models.builder import load_keras_model

    detector.artifact.read_verified(KERAS_FILE)
    content = to_litert(load_keras_model(detector.artifact.path(KERAS_FILE)), _required_outputs(detector, data))
    return content, make_litert_runner(content), {}


def _make_int8(detector: Detector, data: TrainingData) -> tuple[bytes, Runner, dict[str, Any]]:
    from braintumor.evaluation.variants.int8 import quantize

    rows = data.split_rows(Split.TRAIN)
    rows = rows[sample_across_groups(data.manifest["group"].to_numpy(object)[rows], CALIBRATION_IMAGES, _SEED)]
    wanted = _required_outputs(detector, data)
    images = to_batch(data.model_inputs[rows], detector.artifact.card.input_spec)
    content = quantize(detector.artifact.read_verified(MODEL_FILE), wanted, images)
    return content, make_onnx_runner(content, wanted, detector.settings.threads), {"calibrated_on": len(rows)}


def _required_outputs(detector: Detector, data: TrainingData) -> list[str]:
    """The outputs an answer is made of."""
    return [LOGITS] if detector.infer(data.model_inputs[:1]).mask is None else [LOGITS, "mask"]


_MAKERS: Final[dict[str, Callable[[Detector, TrainingData], tuple[bytes, Runner, dict[str, Any]]]]] = {
    LITERT_FILE: _make_litert,
    INT8_FILE: _make_int8,
}
