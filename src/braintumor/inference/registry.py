"""Trained versions on disk: list them, load them, and check that no file was altered."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from braintumor.errors import ArtifactError
from braintumor.inference.artifact_files import CARD_FILE, MODEL_FILE
from braintumor.inference.model_card import ModelCard, parse_card, read_card_for_display
from braintumor.inference.runs import is_run_name
from braintumor.settings import Settings, get_settings


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
