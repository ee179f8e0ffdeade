"""Artifact: one trained version on disk, its card, and the check that nothing was altered."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braintumor.errors import ArtifactError
from braintumor.imaging.geometry import Extent
from braintumor.imaging.standardize import InputContract
from braintumor.inference.fusion import Fusion
from braintumor.inference.verdict import Thresholds
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASS_NAMES, CLASSES, Task, TumorClass

CARD = "card.json"
MODEL = "model.onnx"
SALIENCY = "saliency.onnx"  # of some versions
NEIGHBOURS = "neighbours.npz"  # of some versions
NOVELTY = "novelty.csv"  # of some versions
LITERT, INT8 = "model.tflite", "model.int8.onnx"  # smaller variants of some versions; nothing here reads them


@dataclass(frozen=True, slots=True)
class Member:
    """One model of an ensemble: its weight, the temperature that divides its logits, and the hash of its file."""

    version: str
    weight: float
    temperature: float
    sha256: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a stranger needs to use a model right, read from `card.json`.

    `raw` holds the whole file, for pages that show it; the other fields are what the detector needs. `map_extent` is
    the part of the frame the cells of an evidence map lie over (left, top, right, bottom in pixels); None for all of
    it, also where the card does not say. `views` is how many views of a scan an answer is averaged over: 2 adds the
    mirrored one. `decision`, the tumour probability from which on it says tumour, is of versions that tell no kinds of
    tumour (`task`), and None of others, which say the likeliest class. `members` are those of an ensemble, which has no
    model file of its own; empty for every other version.
    """

    version: str
    task: Task
    decision: float | None
    contract: InputContract
    temperature: float
    thresholds: Thresholds
    conformal_quantiles: dict[TumorClass, float]
    fusion: Fusion
    map_extent: Extent | None
    views: int
    files: dict[str, str]
    raw: dict[str, Any]
    members: tuple[Member, ...] = ()

    @property
    def model_hashes(self) -> dict[str, str]:
        """Hash of the model file, or of each member's, by version."""
        if self.members:
            return {member.version: member.sha256 for member in self.members}
        return {self.version: self.files[MODEL]} if MODEL in self.files else {}


@dataclass(frozen=True, slots=True)
class Artifact:
    """The folder of one trained version and its card."""

    folder: Path
    card: Card

    def path(self, name: str) -> Path:
        """Path of a file of this artifact."""
        return self.folder / name

    def model_paths(self) -> list[Path]:
        """Paths of the model file, or of each member's."""
        if not self.card.members:
            return [self.path(MODEL)]
        return [self.folder.parent / member.version / MODEL for member in self.card.members]

    def has(self, name: str) -> bool:
        """Whether the card lists a file."""
        return name in self.card.files

    def verified(self, name: str) -> bytes:
        """Content of a file, after checking it against the hash in the card.

        Raises
        ------
        ArtifactError
            The card does not list the file, it is missing, or its content is not what the card promises.
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
                f"{self.card.version}: {name} is not the file the card describes (its hash differs). It was altered "
                "or cut short; restore it with: git checkout -- outputs"
            )
        return content


def versions(settings: Settings | None = None) -> list[str]:
    """Versions that can be loaded, by name: those with a card and an ONNX model, and ensembles of such versions."""
    outputs = (settings or get_settings()).outputs
    return sorted(card.parent.name for card in outputs.glob(f"*/{CARD}") if _has_model(card))


def _has_model(card: Path) -> bool:
    if (card.parent / MODEL).is_file():
        return True
    try:
        members = _members(json.loads(card.read_text(encoding="utf-8")).get("members"))
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return False
    outputs = card.parent.parent
    return bool(members) and all((outputs / member.version / MODEL).is_file() for member in members)


def load_artifact(version: str, settings: Settings | None = None) -> Artifact:
    """Read the card of a version. Model bytes are checked when they are read.

    Raises
    ------
    ArtifactError
        There is no such version, or its card cannot be used.
    """
    settings = settings or get_settings()
    folder = settings.outputs / version
    try:
        if Path(version).name != version:  # a name from outside must not lead out of the outputs
            raise FileNotFoundError(version)
        raw = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        have = ", ".join(versions(settings)) or "none"
        raise ArtifactError(
            f"There is no model {version!r} (available: {have}). Train it with: braintumor train {version}"
        ) from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{version}: card.json cannot be read. Restore it with: git checkout -- outputs") from error
    return Artifact(folder, _parse(raw, version))


def _parse(raw: Any, version: str) -> Card:
    try:
        if tuple(raw["classes"]) != CLASS_NAMES:
            raise ArtifactError(
                f"{version}: the card lists classes {raw['classes']}, not {list(CLASS_NAMES)}. "
                f"Train it again with: braintumor train {version}"
            )
        temperature = float(raw["temperature"])
        if not temperature > 0:
            raise ValueError(f"temperature {temperature}")
        return Card(
            version=str(raw["version"]),
            task=Task(raw.get("task", Task.FOUR_CLASS)),
            decision=_decision(raw),
            contract=InputContract(**raw["input"]),
            temperature=temperature,
            thresholds=Thresholds(float(raw["thresholds"]["low"]), float(raw["thresholds"]["high"])),
            conformal_quantiles=_quantiles(raw["conformal"]),
            fusion=Fusion(**{key: float(value) for key, value in (raw.get("fusion") or {}).items()}),
            map_extent=_extent(raw.get("map_extent")),
            views=_views(raw.get("views")),
            files={str(k): str(v) for k, v in raw["files"].items()},
            raw=raw,
            members=_members(raw.get("members")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"{version}: card.json lacks what a detector needs ({error}). Write it anew with: braintumor evaluate "
            f"{version}"
        ) from error


def _members(entries: list[dict[str, Any]] | None) -> tuple[Member, ...]:
    members = tuple(
        Member(str(entry["version"]), float(entry["weight"]), float(entry["temperature"]), str(entry["sha256"]))
        for entry in entries or ()
    )
    for member in members:
        if not (member.weight > 0 and member.temperature > 0):
            raise ValueError(f"member {member}")
    return members


def _quantiles(given: dict[str, Any]) -> dict[TumorClass, float]:
    """One quantile per class, or the same for all where the card has one."""
    if "quantile" in given:
        return dict.fromkeys(CLASSES, float(given["quantile"]))
    return {c: float(given["quantiles"][str(c)]) for c in CLASSES}


def _views(given: dict[str, Any] | None) -> int:
    count = int((given or {}).get("count", 1))
    if count not in (1, 2):
        raise ValueError(f"views {count}")
    return count


def _decision(raw: dict[str, Any]) -> float | None:
    """Until one is chosen, the even point."""
    return float((raw.get("decision") or {}).get("threshold", 0.5)) if raw.get("task") == Task.TUMOR else None


def _extent(given: list[float] | None) -> Extent | None:
    if given is None:
        return None
    left, top, right, bottom = (float(edge) for edge in given)
    if not (left < right and top < bottom):
        raise ValueError(f"map_extent {given}")
    return left, top, right, bottom
