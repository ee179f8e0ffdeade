"""Sections of a model card with the limits of the input checks."""

from pydantic import Field

from braintumor.inference.card_sections import CardSection, MetricEntry


class OODLimits(CardSection):
    """Scale and limits of the out-of-distribution distance."""

    residual: float
    unusual_at: float = Field(alias="odd")
    reject_at: float = Field(alias="foreign")
    chosen: str = ""


class CTLimits(CardSection):
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
