"""Sections of a model card about the input checks: their classifiers and limits."""

from typing import Self

from pydantic import Field, model_validator

from braintumor.inference.card_sections import CardSection, MetricEntry


class OODLimits(CardSection):
    """Scale and limits of the out-of-distribution distance."""

    residual: float
    unusual_at: float
    reject_at: float
    chosen: str = ""


class TurnLimits(CardSection):
    """Limits of the turn detection, how they were chosen, and its measured errors.

    Attributes
    ----------
    sideways_at, upside_down_at : float
        Probability of a turn by 90 or 270 degrees together, and by 180 degrees, from which a picture is turned back.
    likely_at : float
        Probability of the same turns from which no tumour is ruled out.
    data : str
        Fingerprint of the images that the network was fitted to.
    test : dict of str to MetricEntry
        Measured on the test split, such as `error` and `error@turn:90`.
    """

    sideways_at: float
    upside_down_at: float
    likely_at: float
    chosen: str = ""
    data: str = ""
    test: dict[str, MetricEntry] = Field(default_factory=dict)


class CTClassifier(CardSection):
    """Logistic regression that recognizes head CT by the rim of the head, how it was fitted, and its measured errors.

    Attributes
    ----------
    weights : tuple of float
        One per feature of `braintumor.inference.input_check.skull_ring`.
    reject_at : float
        Log-odds from which a picture is rejected as CT.
    test : dict of str to MetricEntry
        `ct_rejected` and `mr_rejected` on the test split.
    """

    weights: tuple[float, ...]
    bias: float
    reject_at: float
    chosen: str = ""
    test: dict[str, MetricEntry] = Field(default_factory=dict)


class FieldClassifier(CardSection):
    """Logistic regression that recognizes slices outside the brain, how it was fitted, and its measured errors.

    Attributes
    ----------
    features : tuple of int
        Indices of the network's features that it uses.
    weights : tuple of float
        One per feature used.
    outside_at : float
        Log-odds from which a slice is outside the model's field.
    test : dict of str to MetricEntry
        `outside_recognized`, `brain_outside` and `tumor_outside` on the test split, also by plane.
    """

    features: tuple[int, ...]
    weights: tuple[float, ...]
    bias: float
    outside_at: float
    chosen: str = ""
    test: dict[str, MetricEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if len(self.features) != len(self.weights):
            raise ValueError(f"{len(self.features)} features, but {len(self.weights)} weights")
        return self
