"""Read scans with a trained version, using ONNX Runtime and numpy only."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES
from braintumor.imaging import Scan, preprocess, read_scan, to_batch
from braintumor.inference.decision import OODScore, softmax, tumor_probability
from braintumor.inference.detection import Detection
from braintumor.inference.input_check.ood import feature_vector
from braintumor.inference.onnx_model import ModelRunner, OnnxModel, iter_batches, run_with_mirrored
from braintumor.inference.outputs import Outputs
from braintumor.inference.pipeline.judge import judge_pictures, judge_scan
from braintumor.inference.pipeline.prepare import PreparedScan, iter_prepared, prepare_scan
from braintumor.inference.registry import (
    Artifact,
    load_artifact,
    load_gradient,
    load_ood_reference,
    load_similar_scan_index,
)
from braintumor.inference.turn.turn_detector import TurnDetector
from braintumor.settings import Settings, get_settings

if TYPE_CHECKING:  # imported on use, so that a first detection starts fast
    from braintumor.inference.retrieval import SimilarScan, SimilarScanIndex
    from braintumor.inference.saliency import GradientFunction
    from braintumor.inference.study import StudyReading
    from braintumor.inference.study.detect_study import StudySource


class Detector:
    """A trained version, loaded once, that reads scans.

    Examples
    --------
    A phantom serves as the scan here; a path or the bytes of a file work as well.

    >>> from braintumor import Detector
    >>> from braintumor.datasets.phantoms import make_phantom
    >>> detector = Detector.load("v4")
    >>> detection = detector.detect(make_phantom("meningioma", seed=7).pixels, name="phantom")
    >>> detection.name, detection.verdict
    ('phantom', <Verdict.UNCERTAIN: 'uncertain'>)
    >>> detection.result in detection.prediction_set
    True
    """

    def __init__(self, artifact: Artifact, settings: Settings | None = None) -> None:
        self.artifact = artifact
        self.settings = settings or get_settings()
        self._model: ModelRunner
        if artifact.card.members:
            from braintumor.inference.ensemble import Ensemble

            self._model = Ensemble.load(artifact, self.settings)
        else:
            self._model = OnnxModel.load(artifact, self.settings.threads)
        self._ood_reference = load_ood_reference(artifact)
        self._turn_detector = TurnDetector.load(artifact)

    @classmethod
    def load(cls, version: str | None = None, settings: Settings | None = None) -> Self:
        """Load a version from `outputs/`; the one named in the settings by default.

        Raises
        ------
        ArtifactError
            There is no such version, or its files differ from its card.
        """
        settings = settings or get_settings()
        return cls(load_artifact(version or settings.version, settings), settings)

    @property
    def version(self) -> str:
        """Name of the loaded version."""
        return self.artifact.card.version

    def detect(self, source: bytes | str | Path | NDArray | Scan, name: str | None = None) -> Detection:
        """Read one scan.

        Parameters
        ----------
        source : bytes, path, ndarray or Scan
            See `braintumor.imaging.read_scan`.
        name : str, optional
            Name to show; the file name by default.

        Raises
        ------
        ScanError
            The source cannot be read as a scan.
        """
        start = time.perf_counter()
        scan = source if isinstance(source, Scan) else read_scan(source, name, self.settings)
        prepared = prepare_scan(scan, self.artifact.card.input_spec, self._turn_detector, start)
        detection = self._judge([prepared])[0]
        return replace(detection, name=name) if name else detection

    def detect_batch(self, scans: Sequence[Scan]) -> list[Detection]:
        """Read scans together; the same results as `detect` for each of them, up to rounding in the network."""
        spec = self.artifact.card.input_spec
        return self._judge([prepare_scan(scan, spec, self._turn_detector) for scan in scans]) if scans else []

    def detect_all(self, scans: Iterable[Scan], batch_size: int = 8) -> Iterator[Detection]:
        """Read scans in batches, and yield the results in order; scans are decoded one batch ahead."""
        for batch in iter_prepared(scans, self.artifact.card.input_spec, self._turn_detector, batch_size):
            yield from self._judge(batch)

    def detect_study(self, source: "StudySource", name: str | None = None) -> "StudyReading":
        """Read a series or volume, as far as its verdict needs; see `braintumor.inference.study`.

        Parameters
        ----------
        source : bytes, path or sequence of Scan
            A file, a folder, an archive, or slices in their order.
        name : str, optional
            Name of the bytes; the file name by default.

        Returns
        -------
        StudyReading
            With the results of the slices that were read.

        Raises
        ------
        ScanError
            No slice can be read.
        """
        from braintumor.inference.study.detect_study import detect_study

        return detect_study(self, source, name)

    def _judge(self, prepared: list[PreparedScan]) -> list[Detection]:
        """Run the network on prepared scans and return their results."""
        start = time.perf_counter()
        model_inputs = np.stack([each.model_input for each in prepared])
        outputs = self.infer(model_inputs)
        seconds = (time.perf_counter() - start) / len(prepared)
        probabilities, scores = self.probabilities(outputs), self.ood_scores(outputs, model_inputs)
        detections = []
        for index, each in enumerate(prepared):
            own = outputs.select(np.array([index]))
            detection = judge_scan(each, self.artifact.card, own, probabilities[index], scores[index], seconds)
            detections.append(detection or self.detect(replace(each.unturned, is_oriented=True)))
        return detections

    def saliency(self, scan: Scan, gradient: "GradientFunction | None" = None) -> NDArray[np.float32] | None:
        """Return how much each pixel changes the tumour log-odds; see `braintumor.inference.saliency`.

        Parameters
        ----------
        scan : Scan
        gradient : callable, optional
            Used if the version has no gradient graph of its own.

        Returns
        -------
        ndarray of float32, shape (height, width) of the scan, 0 to 1, or None
            None without a gradient.

        Raises
        ------
        ArtifactError
            The gradient graph differs from its hash in the card.
        """
        from braintumor.inference.saliency import saliency_map

        gradient = self._gradient or gradient
        if gradient is None:
            return None
        card = self.artifact.card
        model_input, geometry = preprocess(scan, card.input_spec)
        values = saliency_map(gradient, to_batch(model_input[None], card.input_spec), card.tta_views)
        return np.clip(geometry.resample_to_scan(values), 0.0, 1.0)

    def most_similar(self, scan: Scan, count: int = 5) -> "tuple[SimilarScan, ...]":
        """Return the most similar training scans, at most one per patient group; none without an index.

        Raises
        ------
        ArtifactError
            The index differs from its hash in the card.
        """
        from braintumor.inference.retrieval import retrieval_features

        index = self._similar_scan_index
        if index is None:
            return ()
        model_inputs = preprocess(scan, self.artifact.card.input_spec)[0][None]
        views = 1 if "features" in self._model.outputs else None  # the mirrored view does not change the features
        features = retrieval_features(self.infer(model_inputs, views), model_inputs)
        return () if features is None else index.most_similar(features[0], count)

    @cached_property
    def _gradient(self) -> "GradientFunction | None":
        from braintumor.inference.saliency import onnx_gradient

        session = load_gradient(self.artifact, self.settings.threads)
        return None if session is None else onnx_gradient(session)

    @cached_property
    def _similar_scan_index(self) -> "SimilarScanIndex | None":
        return load_similar_scan_index(self.artifact)

    def infer(self, model_inputs: NDArray[np.uint8], tta_views: int | None = None) -> Outputs:
        """Run the network on preprocessed scans (n, height, width).

        `tta_views` is 1, or 2 to average with the mirrored scans; by default as in the card.
        """
        batch = to_batch(model_inputs, self.artifact.card.input_spec)
        if (tta_views or self.artifact.card.tta_views) == 1:
            return self._model.run(batch)
        return run_with_mirrored(self._model, batch)

    def infer_all(
        self, model_inputs: Iterable[NDArray[np.uint8]], batch_size: int = 32, tta_views: int | None = None
    ) -> Outputs:
        """Run the network on many preprocessed scans, in batches; `tta_views` as in `infer`."""
        batches = [self.infer(np.stack(batch), tta_views) for batch in iter_batches(model_inputs, batch_size)]
        return Outputs.concat(batches) if batches else Outputs(np.empty((0, len(CLASSES)), np.float32))

    def probabilities(self, outputs: Outputs) -> NDArray[np.float64]:
        """Return calibrated class probabilities (n, 4)."""
        return softmax(self.artifact.card.mask_fusion.fuse_logits(outputs), self.artifact.card.temperature)

    def ood_scores(self, outputs: Outputs, model_inputs: NDArray[np.uint8]) -> list[OODScore | None]:
        """Return the out-of-distribution score of each scan; None if the version does not have one."""
        reference = self._ood_reference
        if reference is None or outputs.features is None:
            return [None] * len(model_inputs)
        distances = reference.distances(feature_vector(outputs.features, model_inputs))
        return [OODScore(float(d), reference.unusual_at, reference.reject_at) for d in distances]

    def verdicts(
        self, outputs: Outputs, probabilities: NDArray[np.float64], model_inputs: NDArray[np.uint8]
    ) -> NDArray[np.object_]:
        """Return the verdict on each scan, for its outputs and calibrated probabilities (n, 4)."""
        scores = self.ood_scores(outputs, model_inputs)
        return judge_pictures(self.artifact.card, outputs, tumor_probability(probabilities), scores)
