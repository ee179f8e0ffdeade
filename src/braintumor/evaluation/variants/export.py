"""Export smaller variants of a model, each stored only if it agrees with the served model."""

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
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import INT8_FILE, LITERT_FILE, MODEL_FILE, read_card, update_card
from braintumor.inference.outputs import LOGITS
from braintumor.results.metric import parse_metric
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.data import TrainingData

KERAS_FILE: Final = "model.keras"
# Variants are for small devices; larger networks are out of their reach.
MAX_PARAMETERS: Final = 10_000_000
# Number of training images that the 8-bit ranges are fitted to.
CALIBRATION_IMAGES: Final = 128
_SEED: Final = 0


def export_variants(
    name: str, settings: Settings | None = None, *, litert: bool = False, int8: bool = False,
    replicates: int = REPLICATES,
) -> Iterator[str]:  # fmt: skip
    """Write `model.tflite` and `model.int8.onnx` of a model, and their measured differences to its card.

    `model.onnx` does not change. A variant outputs `logits`, and `mask` if the model's prediction uses it; input,
    views, fusion, temperature and thresholds come from the card.

    Yields
    ------
    str
        One line per variant with its measured differences, after it was written.

    Raises
    ------
    ArtifactError
        The model is too large or not exported, or a variant exceeds `BOUNDS` and is not written.
    """
    settings = settings or get_settings()
    detector = Detector.load(name, settings)
    _require_exportable(detector, litert=litert)
    data = load_evaluation_data(name, settings)
    for file, is_requested in ((LITERT_FILE, litert), (INT8_FILE, int8)):
        if is_requested:
            yield _export_variant(name, file, detector, data, settings, replicates)


def _require_exportable(detector: Detector, *, litert: bool) -> None:
    """Reject early what would fail later."""
    version, parameters = detector.version, detector.artifact.card.parameters or 0
    if members := detector.artifact.card.members:
        names = ", ".join(member.version for member in members)
        raise ArtifactError(f"{version} is an ensemble without a {MODEL_FILE}. Export its members instead: {names}.")
    if parameters > MAX_PARAMETERS:
        raise ArtifactError(
            f"{version} has {parameters:,} parameters; variants are limited to {MAX_PARAMETERS:,}. Use model.onnx, or "
            "export a smaller model."
        )
    if litert and not detector.artifact.path(KERAS_FILE).is_file():
        raise ArtifactError(
            f"LiteRT export of {version} needs {KERAS_FILE}, which is missing. Run braintumor train {version}, or use "
            "--int8, which needs only model.onnx."
        )


def _export_variant(
    name: str, file: str, detector: Detector, data: TrainingData, settings: Settings, replicates: int
) -> str:
    content, runner, details = _MAKERS[file](detector, data)
    result = measure_variant(detector, runner, data, replicates)
    require_within_bounds(name, file, result)
    folder = settings.outputs / name
    write_atomically(folder / file, content)
    entry = {
        "bytes": len(content),
        "sha256": sha256_file(folder / file),
        "model": detector.artifact.card.fingerprint,
        **result,
        "bounds": asdict(BOUNDS[file]),
        **details,
    }
    update_card(name, settings, variants=read_card(name, settings).variants | {file: entry})
    return _summarize_variant(name, file, entry, len(detector.artifact.read_verified(MODEL_FILE)))


def _summarize_variant(name: str, file: str, entry: dict[str, Any], served_bytes: int) -> str:
    accuracy, lost = (parse_metric(entry["test"][key]) for key in ("accuracy", "lost/accuracy"))
    assert accuracy is not None  # test scans always have an accuracy
    assert lost is not None
    agreement = entry["agreement"]
    return (
        f"{name}: {file}, {entry['bytes'] / 2**20:.1f} MB ({entry['bytes'] / served_bytes:.0%} of {MODEL_FILE}). "
        f"Probabilities differ from those of {MODEL_FILE} by {agreement['median_difference']:.2g} (median) and at most "
        f"{agreement['largest_difference']:.2g} on {agreement['n']:,} test scans. Accuracy {accuracy.describe()}, with "
        f"{MODEL_FILE} {accuracy.value + lost.value:.1%}."
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
    output_names = _required_outputs(detector, data)
    images = to_batch(data.model_inputs[rows], detector.artifact.card.input_spec)
    content = quantize(detector.artifact.read_verified(MODEL_FILE), output_names, images)
    return content, make_onnx_runner(content, output_names, detector.settings.threads), {"calibrated_on": len(rows)}


def _required_outputs(detector: Detector, data: TrainingData) -> list[str]:
    """List the outputs that the prediction uses."""
    return [LOGITS] if detector.infer(data.model_inputs[:1]).mask is None else [LOGITS, "mask"]


_MAKERS: Final[dict[str, Callable[[Detector, TrainingData], tuple[bytes, Runner, dict[str, Any]]]]] = {
    LITERT_FILE: _make_litert,
    INT8_FILE: _make_int8,
}
