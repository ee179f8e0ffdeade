"""Numbers of the rule that turns the results of slices into the verdict for a study."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from braintumor.inference.decision import MAX_RULE_OUT


@dataclass(frozen=True, slots=True)
class StudyRule:
    """Numbers of the rule, as in the section `study` of a model card.

    Attributes
    ----------
    smoothing_mm : float
        Length over which the tumour log-odds of neighbouring slices are averaged.
    min_slices : int
        Smallest number of slices in such an average, and so the only length where positions are unknown.
    max_log_odds : float
        Log-odds of a slice are clipped to this in both directions, so that no slice outweighs its neighbours.
    rule_out, rule_in : float
        Study scores up to which a tumour is ruled out, and from which it is suspected; uncertain in between. As for
        single slices, a `rule_out` above `MAX_RULE_OUT` is lowered to it.
    plane_rule_in : float
        Score of a single plane from which no tumour is ruled out, whatever the other planes say; nor is it with a
        plane above `MAX_RULE_OUT`.
    min_clear_share : float
        Smallest share of judged slices with which a tumour is ruled out; slices outside the brain do not count.
    min_brain_share : float
        Share of judged slices, counted likewise, below which the study is not a brain MRI.
    sparse_below : int
        Number of judged slices below which a study is sparse, such as some slices of a head; 0 if none is. The highest
        of few scores is lower than that of many, so that sparse studies have thresholds of their own.
    sparse_rule_out, sparse_rule_in : float
        The thresholds of sparse studies.
    chosen : str
        How the numbers were chosen.
    """

    smoothing_mm: float = 10.0
    min_slices: int = 3
    max_log_odds: float = 4.0
    rule_out: float = 0.35
    rule_in: float = 0.65
    plane_rule_in: float = 0.95
    min_clear_share: float = 0.3
    min_brain_share: float = 0.1
    sparse_below: int = 0
    sparse_rule_out: float = 0.35
    sparse_rule_in: float = 0.65
    chosen: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        thresholds = self.rule_out, self.rule_in, self.plane_rule_in
        if list(thresholds) != sorted(thresholds) or thresholds[0] < 0.0 or thresholds[-1] > 1.0:
            raise ValueError(
                "The thresholds of a study must satisfy 0 <= rule_out <= rule_in <= plane_rule_in <= 1, not "
                f"{self.rule_out}, {self.rule_in} and {self.plane_rule_in}."
            )
        if not 0.0 <= self.sparse_rule_out <= self.sparse_rule_in <= 1.0:
            raise ValueError(
                "The thresholds of a sparse study must satisfy 0 <= sparse_rule_out <= sparse_rule_in <= 1, not "
                f"{self.sparse_rule_out} and {self.sparse_rule_in}."
            )
        for name in ("rule_out", "sparse_rule_out"):
            object.__setattr__(self, name, min(getattr(self, name), MAX_RULE_OUT))
        if self.smoothing_mm < 0 or self.min_slices < 1 or self.max_log_odds <= 0:
            raise ValueError("A study rule needs smoothing_mm >= 0, min_slices >= 1 and max_log_odds > 0.")

    def for_judged(self, count: int) -> Self:
        """Return the rule for a study with this number of judged slices: its thresholds are those that apply."""
        if count >= self.sparse_below:
            return self
        plane_rule_in = max(self.plane_rule_in, self.sparse_rule_in)
        return replace(self, rule_out=self.sparse_rule_out, rule_in=self.sparse_rule_in, plane_rule_in=plane_rule_in)

    def to_dict(self) -> dict[str, Any]:
        """Return the section of a model card."""
        return asdict(self)
