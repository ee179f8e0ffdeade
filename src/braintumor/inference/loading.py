"""Load the files of a trained version, each verified against the hash in its card."""

from typing import TYPE_CHECKING

import onnxruntime

from braintumor.errors import ArtifactError
from braintumor.inference.artifact_files import OOD_REFERENCE_FILE, SALIENCY_FILE, SIMILAR_SCANS_FILE
from braintumor.inference.ood import OODReference
from braintumor.inference.registry import Artifact

if TYPE_CHECKING:
    from braintumor.inference.retrieval import SimilarScanIndex


def create_session(artifact: Artifact, name: str, threads: int) -> onnxruntime.InferenceSession:
    """Load an ONNX file into ONNX Runtime.

    Raises
    ------
    ArtifactError
        The file differs from its hash in the card, or ONNX Runtime cannot load it.
    """
    content = artifact.read_verified(name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of ONNX Runtime have no other common base
        raise ArtifactError(
            f"{artifact.card.version}: {name} cannot be loaded by ONNX Runtime {onnxruntime.__version__}. "
            f"Export it again with: braintumor export {artifact.card.version}"
        ) from error


def load_gradient(artifact: Artifact, threads: int) -> onnxruntime.InferenceSession | None:
    """Load the gradient graph of a version; None if the card has no entry for it.

    The card decides: export writes the entry with the file, so a file without an entry belongs to an earlier model.
    """
    return create_session(artifact, SALIENCY_FILE, threads) if artifact.card.saliency else None


def load_similar_scan_index(artifact: Artifact) -> "SimilarScanIndex | None":
    """Load the index of similar scans of a version; None if the card has no entry for it."""
    if artifact.card.retrieval is None:
        return None
    import zipfile

    from braintumor.inference.retrieval import SimilarScanIndex

    content = artifact.read_verified(SIMILAR_SCANS_FILE)
    try:
        return SimilarScanIndex.from_bytes(content)
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unusable_file_error(artifact, SIMILAR_SCANS_FILE, error) from error


def load_ood_reference(artifact: Artifact) -> OODReference | None:
    """Load the out-of-distribution reference of a version; None if it has none."""
    limits = artifact.card.ood
    if limits is None:
        return None
    try:
        return OODReference.from_csv(artifact.read_verified(OOD_REFERENCE_FILE), limits)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _unusable_file_error(artifact, OOD_REFERENCE_FILE, error) from error


def _unusable_file_error(artifact: Artifact, name: str, error: Exception) -> ArtifactError:
    version = artifact.card.version
    return ArtifactError(
        f"{version}: {name} cannot be used ({error}). Write it again with: braintumor evaluate {version}"
    )
