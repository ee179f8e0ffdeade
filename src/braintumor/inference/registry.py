"""Trained versions on disk: list them, and load their files after checking that none was altered."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import onnxruntime

from braintumor.errors import ArtifactError
from braintumor.inference.input_check.ood import OODReference
from braintumor.inference.model_card import (
    CARD_FILE,
    MODEL_FILE,
    OOD_REFERENCE_FILE,
    SALIENCY_FILE,
    SIMILAR_SCANS_FILE,
    ModelCard,
    parse_card,
    read_card_for_display,
)
from braintumor.inference.runs import is_run_name
from braintumor.settings import Settings, get_settings

if TYPE_CHECKING:
    from braintumor.inference.retrieval import SimilarScanIndex


@dataclass(frozen=True, slots=True)
class Artifact:
    """The folder of one trained version and its card."""

    folder: Path
    card: ModelCard

    def path(self, name: str) -> Path:
        """Return the path of a file of this version."""
        return self.folder / name

    def model_paths(self) -> list[Path]:
        """Return the path of the model file, or of each member's."""
        if not self.card.members:
            return [self.path(MODEL_FILE)]
        outputs = self.folder.parents[self.card.version.count("/")]  # names of runs have slashes
        return [outputs / member.version / MODEL_FILE for member in self.card.members]

    def has_file(self, name: str) -> bool:
        """Whether the card lists a file."""
        return name in self.card.files

    def read_verified(self, name: str) -> bytes:
        """Read a file and check it against the hash in the card.

        Raises
        ------
        ArtifactError
            The card does not list the file, it is missing, or its hash differs.
        """
        expected = self.card.files.get(name)
        if expected is None:
            raise ArtifactError(
                f"{self.card.version}: the card does not list {name}. Write it with: "
                f"braintumor export {self.card.version}"
            )
        path = self.path(name)
        if not path.is_file():
            raise ArtifactError(
                f"{self.card.version}: {name} is missing from {self.folder.name}/. Restore it with: "
                f"git checkout -- outputs, or train again with: braintumor train {self.card.version}"
            )
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ArtifactError(
                f"{self.card.version}: {name} was altered or truncated (its hash differs from the card). "
                "Restore it with: git checkout -- outputs"
            )
        return content


def list_models(settings: Settings | None = None) -> list[str]:
    """List the versions that can be loaded, by name: those with a card and a model, and ensembles of such versions."""
    outputs = (settings or get_settings()).outputs
    return sorted(card.parent.name for card in outputs.glob(f"*/{CARD_FILE}") if _has_model(card))


def _has_model(path: Path) -> bool:
    if (path.parent / MODEL_FILE).is_file():
        return True
    card, outputs = read_card_for_display(path), path.parent.parent
    members = () if card is None else card.members
    return bool(members) and all((outputs / member.version / MODEL_FILE).is_file() for member in members)


def load_artifact(version: str, settings: Settings | None = None) -> Artifact:
    """Read the card of a version. Model files are checked when they are read.

    Raises
    ------
    ArtifactError
        There is no such version, or its card is not valid.
    """
    settings = settings or get_settings()
    folder = settings.outputs / version
    try:
        if not is_run_name(version):  # a name from outside must not lead out of the outputs
            raise FileNotFoundError(version)
        text = (folder / CARD_FILE).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        available = ", ".join(list_models(settings)) or "none"
        raise ArtifactError(
            f"There is no model {version!r} (available: {available}). Train it with: braintumor train {version}"
        ) from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{version}: card.json cannot be read. Restore it with: git checkout -- outputs") from error
    return Artifact(folder, parse_card(text, version))


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
