"""Loading the files of an artifact: each verified against its card, and refused in words where it cannot be used."""

import zipfile

import onnxruntime

from braintumor.errors import ArtifactError
from braintumor.inference.ood import OODReference
from braintumor.inference.registry import OOD_REFERENCE_FILE, SALIENCY_FILE, SIMILAR_SCANS_FILE, Artifact
from braintumor.inference.retrieval import SimilarScanIndex


def create_session(artifact: Artifact, name: str, threads: int) -> onnxruntime.InferenceSession:
    """Load an ONNX file of an artifact into ONNX Runtime.

    Raises
    ------
    ArtifactError
        It is not what the card promises, or cannot be loaded.
    """
    content = artifact.read_verified(name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no other base
        raise ArtifactError(
            f"{artifact.card.version}: {name} cannot be loaded by ONNX Runtime {onnxruntime.__version__}. "
            f"Export it again with: braintumor export {artifact.card.version}"
        ) from error


def load_gradient(artifact: Artifact, threads: int) -> onnxruntime.InferenceSession | None:
    """The gradient graph of a version; None where it has none.

    The card is asked and not the folder: export writes the entry with the file, and a file without one is of an
    earlier model.
    """
    return create_session(artifact, SALIENCY_FILE, threads) if artifact.card.raw.get("saliency") else None


def load_similar_scan_index(artifact: Artifact) -> SimilarScanIndex | None:
    """The known scans of a version; None where it keeps none, which the card says, as of the gradient graph."""
    if not artifact.card.raw.get("retrieval"):
        return None
    content = artifact.read_verified(SIMILAR_SCANS_FILE)
    try:
        return SimilarScanIndex.from_bytes(content)
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unusable_file_error(artifact, SIMILAR_SCANS_FILE, error) from error


def load_ood_reference(artifact: Artifact) -> OODReference | None:
    """What the training scans of a version look like; None where it does not measure novelty."""
    limits = artifact.card.raw.get("novelty")
    if not limits:
        return None
    try:
        return OODReference.from_csv(artifact.read_verified(OOD_REFERENCE_FILE), limits)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _unusable_file_error(artifact, OOD_REFERENCE_FILE, error) from error


def _unusable_file_error(artifact: Artifact, name: str, error: Exception) -> ArtifactError:
    version = artifact.card.version
    return ArtifactError(
        f"{version}: {name} cannot be used ({error}). Write it anew with: braintumor evaluate {version}"
    )
