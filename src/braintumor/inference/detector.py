"""Detector: a trained version, loaded once, that reads scans. ONNX Runtime and numpy only."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from braintumor.errors import ArtifactError
from braintumor.imaging import Scan, read_scan, standardize, to_batch
from braintumor.inference.artifact import MODEL, Artifact, load_artifact
from braintumor.inference.detection import Detection
from braintumor.inference.verdict import decide, prediction_set, softmax, tumor_probability
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES

LOGITS = "logits"
MAPS = "maps"


class Detector:
    """Reads scans with one trained version.

    Examples
    --------
    >>> detector = Detector.load("v1")                      # doctest: +SKIP
    >>> detector.detect("scan.jpg").verdict                 # doctest: +SKIP
    <Verdict.TUMOR_SUSPECTED: 'tumor suspected'>
    """

    def __init__(self, artifact: Artifact, settings: Settings | None = None) -> None:
        self.artifact = artifact
        self.settings = settings or get_settings()
        self._session = self._start(artifact.verified(MODEL))
        self._outputs = [o.name for o in self._session.get_outputs() if o.name in (LOGITS, MAPS)]
        self._input = self._session.get_inputs()[0].name
        self._check_fit()

    def _check_fit(self) -> None:
        """Refuse a model that takes or gives something else than the card says."""
        contract, shape = self.artifact.card.contract, self._session.get_inputs()[0].shape
        wanted = [None, contract.height, contract.width, contract.channels]
        fits = len(shape) == 4 and all(
            size in (found, None) or not isinstance(found, int) for found, size in zip(shape, wanted, strict=True)
        )
        if not fits or LOGITS not in self._outputs:
            raise ArtifactError(
                f"{self.version}: {MODEL} does not fit its card (it takes {shape} and gives {self._outputs}). "
                f"Export it again with: braintumor export {self.version}"
            )

    def _start(self, model: bytes) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.settings.threads
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no other base
            raise ArtifactError(
                f"{self.version}: {MODEL} cannot be loaded by ONNX Runtime {onnxruntime.__version__}. "
                f"Export it again with: braintumor export {self.version}"
            ) from error

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
        frame, geometry = standardize(scan, card.contract)
        was_standardized = time.perf_counter()
        logits, maps = self.infer(frame[None])
        done = time.perf_counter()
        probabilities = softmax(logits[0], card.temperature)
        tumor = float(tumor_probability(probabilities))
        verdict, reason = decide(tumor, card.thresholds)
        return Detection(
            name=name or scan.name,
            sha256=scan.sha256,
            timestamp=datetime.now(UTC),
            probabilities={c: float(p) for c, p in zip(CLASSES, probabilities, strict=True)},
            tumor_probability=tumor,
            verdict=verdict,
            reason=reason,
            prediction_set=prediction_set(probabilities, card.conformal_quantile),
            novelty=None,
            model_version=card.version,
            milliseconds={
                "read": 1e3 * (was_read - started),
                "standardize": 1e3 * (was_standardized - was_read),
                "infer": 1e3 * (done - was_standardized),
                "total": 1e3 * (done - started),
            },
            _map=None if maps is None else maps[0, int(np.argmax(probabilities))],
            _geometry=geometry,
            _extent=card.map_extent,
        )

    def infer(self, frames: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Run the network on standardized frames.

        Parameters
        ----------
        frames : ndarray of uint8, shape (n, height, width)

        Returns
        -------
        logits : ndarray of float32, shape (n, 4)
        maps : ndarray of float32, shape (n, 4, rows, columns), or None
            Evidence for each class over the model's frame.
        """
        batch = to_batch(frames, self.artifact.card.contract)
        found = dict(zip(self._outputs, self._session.run(self._outputs, {self._input: batch}), strict=True))
        return found[LOGITS], found.get(MAPS)

    def logits(self, frames: Iterable[NDArray[np.uint8]], batch_size: int = 32) -> NDArray[np.float32]:
        """Logits (n, 4) of many standardized frames, in batches."""
        found, batch = [], []
        for frame in frames:
            batch.append(frame)
            if len(batch) == batch_size:
                found.append(self.infer(np.stack(batch))[0])
                batch = []
        if batch:
            found.append(self.infer(np.stack(batch))[0])
        return np.concatenate(found) if found else np.empty((0, len(CLASSES)), np.float32)
