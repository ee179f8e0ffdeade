"""Typed sections of a model card."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from braintumor.enums import CLASS_NAMES, CLASSES, Task, TumorClass
from braintumor.imaging.geometry import MapExtent
from braintumor.imaging.preprocessing import InputSpec
from braintumor.inference.decision import MaskFusion, Thresholds
from braintumor.inference.study.rule import StudyRule


class CardSection(BaseModel):
    """Base of all sections: unknown keys are kept, and names in JSON may differ from the attributes."""

    model_config = ConfigDict(extra="allow", frozen=True, validate_by_name=True, validate_by_alias=True)


class MetricEntry(CardSection):
    """One metric with its 95% confidence interval, number of scans and number of patient groups."""

    value: float
    low: float
    high: float
    n: int
    groups: int


class Conformal(CardSection):
    """Quantiles of the prediction sets: one per class, or one for all in cards of early versions."""

    level: float | None = None
    quantile: float | None = None
    quantiles: dict[TumorClass, float] | None = None

    @model_validator(mode="after")
    def _require_all_classes(self) -> "Conformal":
        if self.quantile is None and set(self.quantiles or {}) != set(CLASSES):
            raise ValueError("needs `quantile`, or `quantiles` with one value per class")
        return self

    def by_class(self) -> dict[TumorClass, float]:
        """Return the quantile of each class."""
        if self.quantile is not None:
            return dict.fromkeys(CLASSES, self.quantile)
        return dict(self.quantiles or {})


class BinaryDecision(CardSection):
    """Tumour probability from which a binary model answers tumour, and how it was chosen."""

    threshold: float
    chosen: str = ""


class TTAViews(CardSection):
    """Number of views averaged per scan: 2 adds the mirrored scan. Validation loss is by number of views."""

    count: Literal[1, 2] = 1
    validation_loss: dict[str, float] = {}
    n: int | None = None


class DataSummary(CardSection):
    """Fingerprint of the training data, images and patient groups per split, and licence of each external source."""

    fingerprint: str = ""
    counts: dict[str, dict[str, int]] = {}
    groups: dict[str, int] = {}
    licences: dict[str, str] = {}

    @property
    def is_non_commercial(self) -> bool:
        """Whether the licence of a set forbids commercial use of what was learned from it."""
        return any("NC" in licence.split("-") for licence in self.licences.values())


class TrainingSummary(CardSection):
    """Duration and epochs of the training run. Ensembles have `of` instead of epochs."""

    seconds: float | None = None
    of: str = ""
    epochs_run: int | None = None
    best_epoch: int | None = None
    images_per_second: float | None = None


class WeightsOrigin(CardSection):
    """Initial weights: `none` or `imagenet`, and the file they were read from."""

    initial: str
    file: str | None = None
    sha256: str | None = None


class NumericalDifference(CardSection):
    """Difference between the numbers of two forms of a model on `n` scans."""

    median_difference: float | None = None
    largest_difference: float | None = None
    n: int | None = None


class Variant(CardSection):
    """A smaller variant of the model, with its agreement with the model and its metrics on the test split."""

    bytes: int
    sha256: str = ""
    model: str = ""
    agreement: NumericalDifference = NumericalDifference()
    test: dict[str, MetricEntry] = {}
    bounds: dict[str, float] = {}
    calibrated_on: int | None = None


class ExportCheck(CardSection):
    """Difference between the ONNX and the Keras probabilities on `n` scans: the largest, and the median over scans."""

    max_abs_difference: float
    n: int
    median_difference: float | None = None


class Retrieval(CardSection):
    """Size of the similar-scan index. Further keys are its retrieval metrics."""

    __pydantic_extra__: dict[str, MetricEntry] = Field(init=False)

    scans: int
    groups: int | None = None

    @property
    def metrics(self) -> dict[str, MetricEntry]:
        """Retrieval metrics by name, such as `nearest` and `nearest/glioma`."""
        return dict(self.__pydantic_extra__)


class Member(CardSection):
    """One model of an ensemble: its weight, the temperature that divides its logits, and the hash of its file."""

    version: str
    task: Task = Task.FOUR_CLASS
    weight: float = Field(gt=0)
    temperature: float = Field(gt=0)
    validation_loss: float | None = None
    sha256: str
    parameters: int | None = None
    created: str | None = None


class EnsembleSummary(CardSection):
    """What an ensemble averages, and validation loss with equal and with fitted weights."""

    averaged: str = ""
    weighted: bool = False
    validation_loss: dict[str, float] = {}
    chosen: str = ""


def _only_keys_of(kind: type) -> BeforeValidator:
    """Refuse keys that a dataclass lacks: ignoring one would change predictions without notice."""
    names = {field.name for field in fields(kind)}

    def check(value: Any) -> Any:
        if isinstance(value, Mapping) and (unknown := value.keys() - names):
            raise ValueError(f"has unknown keys: {', '.join(sorted(unknown))}")
        return value

    return BeforeValidator(check)


def _parse_thresholds(value: Any) -> Any:
    """Build thresholds from their entry in a card."""
    if not isinstance(value, Mapping):
        return value
    if not {"rule_out", "rule_in"} <= value.keys():
        raise ValueError("needs `rule_out` and `rule_in`")
    return Thresholds(float(value["rule_out"]), float(value["rule_in"]), str(value.get("chosen", "")))


def _dump_thresholds(thresholds: Thresholds) -> dict[str, Any]:
    """Return the entry of thresholds in a card."""
    return {"rule_out": thresholds.fitted_rule_out, "rule_in": thresholds.rule_in, "chosen": thresholds.chosen}


CardInput = Annotated[InputSpec, _only_keys_of(InputSpec)]
CardFusion = Annotated[MaskFusion, _only_keys_of(MaskFusion)]
CardStudyRule = Annotated[StudyRule, _only_keys_of(StudyRule)]
CardThresholds = Annotated[Thresholds, BeforeValidator(_parse_thresholds), PlainSerializer(_dump_thresholds)]


def _check_classes(classes: tuple[str, ...]) -> tuple[str, ...]:
    if classes != CLASS_NAMES:
        raise ValueError(f"lists {list(classes)}, not {list(CLASS_NAMES)}")
    return classes


def _check_extent(extent: MapExtent) -> MapExtent:
    left, top, right, bottom = extent
    if not (left < right and top < bottom):
        raise ValueError(f"{extent} is empty")
    return extent


CardClasses = Annotated[tuple[str, ...], AfterValidator(_check_classes)]
CardMapExtent = Annotated[MapExtent, AfterValidator(_check_extent)]
