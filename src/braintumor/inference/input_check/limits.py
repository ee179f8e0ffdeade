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


class FeatureClassifier(CardSection):
    """Logistic regression on features of the network, how it was fitted, and its measured errors.

    Attributes
    ----------
    features : tuple of int
        Indices of the network's features that it uses.
    weights : tuple of float
        One per feature used.
    test : dict of str to MetricEntry
        Measured on the test split.
    """

    features: tuple[int, ...]
    weights: tuple[float, ...]
    bias: float
    chosen: str = ""
    test: dict[str, MetricEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if len(self.features) != len(self.weights):
            raise ValueError(f"{len(self.features)} features, but {len(self.weights)} weights")
        return self


class CTClassifier(FeatureClassifier):
    """Recognizes head CT; `test` has `ct_rejected` and `mr_rejected`.

    Attributes
    ----------
    reject_at : float
        Log-odds from which a picture is rejected as CT.
    """

    reject_at: float


class FieldClassifier(FeatureClassifier):
    """Recognizes slices outside the brain; `test` has `outside_recognized`, `brain_outside` and `tumor_outside`.

    Attributes
    ----------
    outside_at : float
        Log-odds from which a slice is outside the model's field.
    """

    outside_at: float
