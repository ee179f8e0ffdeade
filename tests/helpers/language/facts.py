"""Facts of readings for tests of the language model."""

from dataclasses import replace
from typing import Final

from braintumor.enums import Plane, TumorClass, Verdict
from braintumor.explanation.facts import Figure, Neighbors, ReadingFacts
from braintumor.explanation.terms import Doubt, ImagePosition, LocatedBy, Region, Side

MENINGIOMA: Final = ReadingFacts(
    kind="slice",
    verdict=Verdict.TUMOR_SUSPECTED,
    tumor_class=TumorClass.MENINGIOMA,
    is_multiclass=True,
    tumor_probability=0.9712,
    model_version="v5",
    class_probabilities={
        TumorClass.GLIOMA: 0.0421, TumorClass.MENINGIOMA: 0.9183,
        TumorClass.NOTUMOR: 0.0288, TumorClass.PITUITARY: 0.0108,
    },
    rule_out=0.0788,
    rule_in=0.4992,
    prediction_set=(TumorClass.MENINGIOMA, TumorClass.GLIOMA),
    plane=Plane.AXIAL,
    is_oriented=True,
    position=ImagePosition.UPPER_RIGHT,
    side=Side.PATIENT_LEFT,
    region=Region.FRONTAL,
    located_by=LocatedBy.OUTLINE,
    has_outline=True,
    diameter_mm=34.2,
    area_mm2=612.0,
    slice_share=0.034,
    ood_score=0.31,
    ood_rejected_at=0.5,
    neighbors=Neighbors(6, 6, 5),
    sensitivity=Figure(0.925, 0.869, 0.964, 1404, Plane.AXIAL),
    false_alarm_rate=Figure(0.051, 0.02, 0.09, 893, Plane.AXIAL),
)  # fmt: skip
NO_TUMOR: Final = replace(
    MENINGIOMA, verdict=Verdict.NO_TUMOR_FOUND, tumor_class=TumorClass.NOTUMOR, tumor_probability=0.0288,
    class_probabilities={TumorClass.GLIOMA: 0.01, TumorClass.MENINGIOMA: 0.0088, TumorClass.NOTUMOR: 0.9712,
                         TumorClass.PITUITARY: 0.01},
    prediction_set=(TumorClass.NOTUMOR,), position=None, side=None, region=None, located_by=None, has_outline=False,
    diameter_mm=None, area_mm2=None, slice_share=None, neighbors=Neighbors(6, 0, 6),
)  # fmt: skip
UNCERTAIN: Final = replace(
    MENINGIOMA, verdict=Verdict.UNCERTAIN, tumor_probability=0.31, doubt=Doubt.BETWEEN_THRESHOLDS,
    class_probabilities={TumorClass.GLIOMA: 0.06, TumorClass.MENINGIOMA: 0.2, TumorClass.NOTUMOR: 0.69,
                         TumorClass.PITUITARY: 0.05},
)  # fmt: skip
