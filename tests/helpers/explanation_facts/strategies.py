"""Facts of readings for tests of explanations: any that a reading can have, by Hypothesis."""

from typing import Any

from hypothesis import strategies as st

from braintumor.enums import CLASSES, Plane, TumorClass, Verdict
from braintumor.explanation.facts import Figure, KeySlice, Neighbors, ReadingFacts, SliceNumbers
from braintumor.explanation.terms import Doubt, ImagePosition, InputWarning, LocatedBy, Region, Rejection, Side

SHARES = st.floats(0, 1)
_SIZES = st.none() | st.floats(0.5, 200)
_COUNTS = st.integers(0, 500)
_FIGURES = st.none() | st.builds(Figure, SHARES, SHARES, SHARES, st.integers(1, 5000), st.sampled_from(list(Plane)))


def make_facts(verdict: Verdict = Verdict.TUMOR_SUSPECTED, **changes: Any) -> ReadingFacts:
    """Return the facts of a slice, with changes."""
    values: dict[str, Any] = {
        "kind": "slice",
        "verdict": verdict,
        "tumor_class": TumorClass.GLIOMA,
        "is_multiclass": True,
        "tumor_probability": 0.93,
        "model_version": "v5",
        "class_probabilities": dict(zip(CLASSES, (0.8, 0.1, 0.07, 0.03), strict=True)),
        "rule_out": 0.08,
        "rule_in": 0.5,
        "prediction_set": (TumorClass.GLIOMA,),
    }
    return ReadingFacts(**{**values, **changes})


@st.composite
def readings(draw: st.DrawFn) -> ReadingFacts:
    """Draw the facts of a slice or a study with any verdict."""
    verdict, kind = draw(st.sampled_from(list(Verdict))), draw(st.sampled_from(["slice", "study"]))
    is_multiclass, located = draw(st.booleans()), draw(st.none() | st.sampled_from(list(LocatedBy)))
    is_outlined = located is LocatedBy.OUTLINE
    rejections = [Rejection.OUTSIDE_FIELD] if verdict is Verdict.OUTSIDE_FIELD else list(Rejection)[:3]
    probabilities = draw(st.tuples(SHARES, SHARES, SHARES, SHARES))
    return make_facts(
        verdict,
        kind=kind,
        is_multiclass=is_multiclass,
        class_probabilities=dict(zip(CLASSES, probabilities, strict=True)) if is_multiclass else {},
        tumor_probability=draw(SHARES),
        rule_out=draw(st.none() | SHARES),
        rule_in=draw(st.none() | SHARES),
        prediction_set=tuple(draw(st.lists(st.sampled_from(CLASSES), unique=True))),
        rejection=None if verdict.has_result else draw(st.sampled_from(rejections)),
        doubt=draw(st.sampled_from(list(Doubt))) if verdict is Verdict.UNCERTAIN else None,
        plane=draw(st.sampled_from(list(Plane))),
        position=draw(st.sampled_from(list(ImagePosition))) if located else None,
        side=draw(st.none() | st.sampled_from(list(Side))) if located else None,
        region=draw(st.none() | st.sampled_from(list(Region))) if located else None,
        located_by=located,
        has_outline=is_outlined or draw(st.sampled_from([False, None])),
        diameter_mm=draw(_SIZES) if is_outlined else None,
        area_mm2=draw(_SIZES) if is_outlined else None,
        volume_ml=draw(_SIZES) if is_outlined and kind == "study" else None,
        slice_share=draw(st.none() | SHARES) if is_outlined and kind == "slice" else None,
        map_agrees=draw(st.none() | st.booleans()) if is_outlined else None,
        warnings=tuple(draw(st.lists(st.sampled_from(list(InputWarning)), unique=True, max_size=4))),
        slices=draw(st.builds(SliceNumbers, *[_COUNTS] * 6)) if kind == "study" else None,
        key_slices=(draw(st.builds(KeySlice, st.sampled_from(list(Plane)), _COUNTS, SHARES)),) * (kind == "study"),
        lesion_first=draw(_COUNTS) if is_outlined and kind == "study" else None,
        lesion_last=draw(_COUNTS) if is_outlined and kind == "study" else None,
        planes_agree=draw(st.none() | st.booleans()) if kind == "study" else None,
        neighbors=draw(st.none() | st.builds(Neighbors, st.integers(1, 12), st.integers(0, 12), st.integers(0, 12))),
        sensitivity=draw(_FIGURES),
        false_alarm_rate=draw(_FIGURES),
    )
