"""Robustness: what is left of the scores when scans are disturbed on their way to the model."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from tqdm import tqdm

from braintumor.datasets.masks import load_mask
from braintumor.evaluation.metrics.bootstrap import MetricEntry, mean_with_ci
from braintumor.evaluation.metrics.classification import correctness
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.stress_test.context import CheckResult, StressTestContext
from braintumor.imaging import preprocess, read_scan
from braintumor.imaging.scan import Scan

Pixels = NDArray[np.uint8]
CorruptionFunction = Callable[[Pixels, float, np.random.Generator], Pixels]

# Widths are in pixels of a frame this wide, whatever the size of the scan.
_REFERENCE_WIDTH: Final = 160


@dataclass(frozen=True, slots=True)
class Corruption:
    """A kind of disturbance.

    Attributes
    ----------
    unit : str
        What `strengths` are, in words.
    strengths : tuple of float
        From weak to strong.
    change : callable
        Takes pixels (height, width), a strength and a generator, and gives pixels of the same shape.
    moves : bool
        Whether what is where in the picture changes, so that an outline has to be changed alike.
    """

    unit: str
    strengths: tuple[float, ...]
    apply: CorruptionFunction
    is_geometric: bool = False

    def corrupt_mask(self, mask: NDArray[np.bool_], strength: float) -> NDArray[np.bool_]:
        """The outline of a disturbed scan."""
        if not self.is_geometric:
            return mask
        drawn = self.apply(mask.astype(np.uint8) * np.uint8(255), strength, np.random.default_rng(0))
        return np.asarray(drawn > 127)


def _add_noise(pixels: Pixels, strength: float, generator: np.random.Generator) -> Pixels:
    """Noise as magnitude MRI has it: of two channels, so that black turns grey (Gudbjartsson and Patz 1995)."""
    real, imaginary = 255 * strength * generator.standard_normal((2, *pixels.shape), np.float32)
    return _to_uint8(np.hypot(pixels + real, imaginary))


def _blur(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    radius = strength * max(pixels.shape) / _REFERENCE_WIDTH
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _compress_jpeg(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(strength))
    return np.asarray(Image.open(stream))


def _reduce_contrast(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    middle = float(pixels.mean())
    return _to_uint8(middle + strength * (pixels.astype(np.float32) - middle))


def _rotate(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    """Turned about its middle, always the same way."""
    return np.asarray(Image.fromarray(pixels).rotate(strength, Image.Resampling.BILINEAR))


def _enlarge(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    """Enlarged about its middle; what no longer fits is lost."""
    height, width = pixels.shape
    across, down = width * (1 - 1 / strength) / 2, height * (1 - 1 / strength) / 2
    box = (across, down, width - across, height - down)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box=box))


def _to_uint8(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


CORRUPTIONS: Final[dict[str, Corruption]] = {
    "noise": Corruption("standard deviation, share of the grey range", (0.02, 0.05, 0.1, 0.15, 0.2), _add_noise),
    "blur": Corruption("standard deviation in pixels of a 160-pixel frame", (0.5, 1.0, 1.5, 2.0, 3.0), _blur),
    "jpeg": Corruption("JPEG quality", (50, 30, 20, 10, 5), _compress_jpeg),
    "contrast": Corruption("share of the contrast left", (0.8, 0.6, 0.4, 0.3, 0.2), _reduce_contrast),
    "rotation": Corruption("degrees", (5, 10, 15, 20, 30), _rotate, is_geometric=True),
    "scaling": Corruption("times as large, edges lost", (1.05, 1.1, 1.2, 1.35, 1.5), _enlarge, is_geometric=True),
}


SCANS: Final = 300
SEED: Final = 0
_REPORTED_METRICS: Final = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")


def measure_robustness(context: StressTestContext, scans: int = SCANS) -> CheckResult:
    """Accuracy, tumour sensitivity, tumour specificity and Dice under every disturbance at every strength.

    Scans are disturbed as files are, on their own pixels, and standardized as any upload. Metrics are named
    `accuracy@noise:3` for the third strength; `accuracy` alone is of the same scans left as they are. A curve per
    disturbance has the strengths and the values.
    """
    rows = context.test_rows[sample_across_groups(context.test_predictions.groups, scans, SEED)]
    pictures = [_ScanWithMask.read(context, int(row)) for row in tqdm(rows, desc="robustness: read", disable=None)]
    groups = context.data.manifest["group"].to_numpy(object)[rows]
    labels = context.data.labels[rows]

    def measured(kind: Corruption | None, strength: float) -> dict[str, MetricEntry]:
        frames, masks = zip(*(picture.corrupt(context, kind, strength) for picture in pictures), strict=True)
        outputs, probabilities, _ = context.predict(np.stack(frames))
        columns = correctness(labels, probabilities, context.card.binary_threshold)
        columns |= localization_metrics(replace(outputs, maps=None), np.stack(masks), labels)
        return mean_with_ci(
            {n: columns[n] for n in _REPORTED_METRICS if n in columns}, groups, labels, context.replicates
        )

    plain = measured(None, 0.0)
    metrics, curves = dict(plain), {}
    for name, kind in tqdm(CORRUPTIONS.items(), desc="robustness", disable=None):
        steps = [measured(kind, strength) for strength in kind.strengths]
        for number, step in enumerate(steps, start=1):
            metrics |= {f"{metric}@{name}:{number}": entry for metric, entry in step.items()}
        curves[name] = {"strength": [None, *kind.strengths], **_curve_columns([plain, *steps])}
    facts = {"units": {name: kind.unit for name, kind in CORRUPTIONS.items()}, "scans": len(rows), "seed": SEED}
    return CheckResult(metrics, curves, facts)


def sample_across_groups(groups: NDArray[np.object_], count: int, seed: int) -> NDArray[np.int64]:
    """At most `count` scans, one of each group in turn until there are enough; sorted row numbers."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(groups))
    seen: dict[object, int] = {}
    turn = np.zeros(len(groups), int)
    for row in order:
        turn[row] = seen[groups[row]] = seen.get(groups[row], -1) + 1
    return np.sort(order[np.argsort(turn[order], kind="stable")][:count])


class _ScanWithMask:
    """A scan's own pixels and outline, to be disturbed again and again."""

    def __init__(self, scan: Scan, mask: NDArray[np.bool_] | None, row: int) -> None:
        self.scan, self.mask, self.row = scan, mask, row

    @classmethod
    def read(cls, context: StressTestContext, row: int) -> "_ScanWithMask":
        entry = {str(name): value for name, value in context.data.manifest.iloc[row].items()}
        scan = read_scan(context.image_path(row), settings=context.settings)
        return cls(scan, load_mask(entry, context.settings), row)

    def corrupt(
        self, context: StressTestContext, corruption: Corruption | None, strength: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Frame and outline on it."""
        generator = np.random.default_rng([SEED, self.row])
        pixels = self.scan.to_uint8()
        changed = pixels if corruption is None else corruption.apply(pixels, strength, generator)
        frame, geometry = preprocess(replace(self.scan, values=changed), context.card.input_spec)
        if self.mask is None:
            return frame, np.zeros(frame.shape, np.uint8)
        mask = self.mask if corruption is None else corruption.corrupt_mask(self.mask, strength)
        return frame, geometry.mask_to_input(mask).astype(np.uint8)


def _curve_columns(steps: list[dict[str, MetricEntry]]) -> dict[str, list[Any]]:
    """Value, low and high of each metric as columns over the steps."""
    return {
        name if part == "value" else f"{name}_{part}": [step[name][part] for step in steps if name in step]
        for name in _REPORTED_METRICS
        if all(name in step for step in steps)
        for part in ("value", "low", "high")
    }
