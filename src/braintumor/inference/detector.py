"""Detector: a trained version, loaded once, that reads scans. ONNX Runtime and numpy only."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES
from braintumor.imaging import Scan, preprocess, read_scan, to_batch
from braintumor.inference.decision import (
    OODScore,
    decide_verdict,
    predicted_class,
    prediction_set,
    softmax,
    tumor_probability,
)
from braintumor.inference.detection import Detection
from braintumor.inference.ensemble import Ensemble
from braintumor.inference.loading import load_gradient, load_ood_reference, load_similar_scan_index
from braintumor.inference.onnx_model import ModelRunner, OnnxModel
from braintumor.inference.ood import feature_vector
from braintumor.inference.outputs import Outputs
from braintumor.inference.registry import Artifact, load_artifact
from braintumor.inference.retrieval import SimilarScan, SimilarScanIndex, retrieval_features
from braintumor.inference.saliency import GradientFunction, onnx_gradient, saliency_map
from braintumor.settings import Settings, get_settings


class Detector:
    """Reads scans with one trained version.

    Examples
    --------
    A drawing stands in for a scan; a path or the bytes of a file do as well.

    >>> from braintumor import Detector
    >>> from braintumor.datasets.phantom_sets import draw
    >>> detector = Detector.load("v4")
    >>> detection = detector.detect(draw("meningioma", seed=7).pixels, name="drawing")
    >>> detection.name, detection.verdict
    ('drawing', <Verdict.UNCERTAIN: 'uncertain'>)
    >>> detection.result in detection.prediction_set
    True
    """

    def __init__(self, artifact: Artifact, settings: Settings | None = None) -> None:
        self.artifact = artifact
        self.settings = settings or get_settings()
        self._model: ModelRunner
        if artifact.card.members:
            self._model = Ensemble.load(artifact, self.settings)
        else:
            self._model = OnnxModel.load(artifact, self.settings.threads)
        self._ood_reference = load_ood_reference(artifact)

    @classmethod
    def load(cls, version: str | None = None, settings: Settings | None = None) -> Self:
        """Load a version from `outputs/`; the one named in the settings by default.

        Raises
        ------
        ArtifactError
            There is no such version, or its files are not what its card promises.
        """
        settings = settings or get_settings()
        return cls(load_artifact(version or settings.version, settings), settings)

    @property
    def version(self) -> str:
        """Version name of the loaded model."""
        return self.artifact.card.version

    def detect(self, source: bytes | str | Path | NDArray | Scan, name: str | None = None) -> Detection:
        """Read one scan and say what is seen.

        Parameters
        ----------
        source : bytes, path, ndarray or Scan
            See `braintumor.imaging.read_scan`.
        name : str, optional
            Name to show; the file's own by default.

        Raises
        ------
        ScanError
            The source cannot be read as a scan.
        """
        card = self.artifact.card
        started = time.perf_counter()
        scan = source if isinstance(source, Scan) else read_scan(source, name, self.settings)
        was_read = time.perf_counter()
        frame, geometry = preprocess(scan, card.input_spec)
        was_standardized = time.perf_counter()
        outputs = self.infer(frame[None])
        was_inferred = time.perf_counter()
        probabilities = self.probabilities(outputs)[0]
        tumor = float(tumor_probability(probabilities))
        strangeness = self.ood_scores(outputs, frame[None])[0]
        verdict, reason = decide_verdict(tumor, card.thresholds, strangeness, scan.modality)
        done = time.perf_counter()
        return Detection(
            name=name or scan.name,
            sha256=scan.sha256,
            timestamp=datetime.now(UTC),
            probabilities={c: float(p) for c, p in zip(CLASSES, probabilities, strict=True)},
            tumor_probability=tumor,
            verdict=verdict,
            reason=reason,
            prediction_set=prediction_set(probabilities, card.conformal_quantiles, card.binary_threshold),
            ood_score=None if strangeness is None else strangeness.score,
            model_version=card.version,
            milliseconds={
                "read": 1e3 * (was_read - started),
                "standardize": 1e3 * (was_standardized - was_read),
                "infer": 1e3 * (was_inferred - was_standardized),
                "judge": 1e3 * (done - was_inferred),
                "total": 1e3 * (done - started),
            },
            series=scan.series,
            spacing=scan.spacing,
            warnings=scan.warnings,
            binary_threshold=card.binary_threshold,
            _evidence_map=None
            if outputs.maps is None
            else outputs.maps[0, int(predicted_class(probabilities, card.binary_threshold))],
            _mask=None if outputs.mask is None else outputs.mask[0],
            _geometry=geometry,
            _map_extent=card.map_extent,
        )

    def saliency(self, scan: Scan, gradient: GradientFunction | None = None) -> NDArray[np.float32] | None:
        """How much each pixel moves the log-odds of tumour of the class head; see `braintumor.inference.saliency`.

        Parameters
        ----------
        scan : Scan
        gradient : Gradient, optional
            Used where the version has no gradient graph of its own.

        Returns
        -------
        ndarray of float32, shape (height, width) of the scan, 0 to 1, or None
            None where there is no gradient.

        Raises
        ------
        ArtifactError
            The graph is not what the card promises.
        """
        known = self._gradient or gradient
        if known is None:
            return None
        card = self.artifact.card
        frame, geometry = preprocess(scan, card.input_spec)
        values = saliency_map(known, to_batch(frame[None], card.input_spec), card.tta_views)
        return np.clip(geometry.resample_to_scan(values), 0.0, 1.0)

    def most_similar(self, scan: Scan, count: int = 5) -> tuple[SimilarScan, ...]:
        """The training scans most like a scan, likest first, at most one of each group; none where none are kept.

        Raises
        ------
        ArtifactError
            The index is not what the card promises.
        """
        index = self._similar_scan_index
        if index is None:
            return ()
        frames = preprocess(scan, self.artifact.card.input_spec)[0][None]
        views = 1 if "features" in self._model.outputs else None  # features are those of the frame as it is
        seen = retrieval_features(self.infer(frames, views), frames)
        return () if seen is None else index.most_similar(seen[0], count)

    @cached_property
    def _gradient(self) -> GradientFunction | None:
        session = load_gradient(self.artifact, self.settings.threads)
        return None if session is None else onnx_gradient(session)

    @cached_property
    def _similar_scan_index(self) -> SimilarScanIndex | None:
        return load_similar_scan_index(self.artifact)

    def infer(self, model_inputs: NDArray[np.uint8], tta_views: int | None = None) -> Outputs:
        """Run the network on standardized frames (n, height, width).

        `views` is 1, or 2 to average with what is seen in a mirror; the card says which by default.
        """
        batch = to_batch(model_inputs, self.artifact.card.input_spec)
        if (tta_views or self.artifact.card.tta_views) == 1:
            return self._run_session(batch)
        return self._run_session(batch).average_with(self._run_session(np.ascontiguousarray(batch[:, :, ::-1])))

    def _run_session(self, batch: NDArray[np.float32]) -> Outputs:
        return self._model.run(batch)

    def probabilities(self, outputs: Outputs) -> NDArray[np.float64]:
        """Calibrated class probabilities (n, 4) of what `infer` gave."""
        return softmax(self.artifact.card.mask_fusion.fuse_logits(outputs), self.artifact.card.temperature)

    def ood_scores(self, outputs: Outputs, model_inputs: NDArray[np.uint8]) -> list[OODScore | None]:
        """How unlike the training scans each frame is; None where the version does not measure it."""
        if self._ood_reference is None or outputs.features is None:
            return [None] * len(model_inputs)
        reference = self._ood_reference
        distances = reference.distances(feature_vector(outputs.features, model_inputs))
        return [OODScore(float(d), reference.unusual_at, reference.reject_at) for d in distances]

    def infer_all(
        self, model_inputs: Iterable[NDArray[np.uint8]], batch_size: int = 32, tta_views: int | None = None
    ) -> Outputs:
        """Outputs of many standardized frames, in batches; `views` as in `infer`."""
        parts = [self.infer(np.stack(batch), tta_views) for batch in _batches(model_inputs, batch_size)]
        return Outputs.concat(parts) if parts else Outputs(np.empty((0, len(CLASSES)), np.float32))


def _batches(model_inputs: Iterable[NDArray[np.uint8]], size: int) -> Iterator[tuple[NDArray[np.uint8], ...]]:
    """`itertools.batched`, which Python 3.11 lacks."""
    model_inputs = iter(model_inputs)
    while batch := tuple(islice(model_inputs, size)):
        yield batch
