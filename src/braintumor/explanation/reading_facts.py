"""The facts of a reading, whether of a slice or of a study."""

from collections.abc import Sequence

from braintumor.explanation.accuracy import ModelAccuracy
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.slice_facts import slice_facts
from braintumor.explanation.study_facts import study_facts
from braintumor.inference.detection import Detection
from braintumor.inference.model_card import ModelCard
from braintumor.inference.retrieval import SimilarScan
from braintumor.inference.study import StudyReading, StudySlice


def reading_facts(
    reading: Detection | StudyReading,
    card: ModelCard,
    accuracy: ModelAccuracy | None = None,
    *,
    similar_scans: Sequence[SimilarScan] = (),
    key_detection: Detection | None = None,
    slices: Sequence[StudySlice] = (),
) -> ReadingFacts:
    """Return the facts of the reading of a slice or a study.

    Parameters
    ----------
    reading : Detection or StudyReading
    card : ModelCard
        Of the version that read it.
    accuracy : ModelAccuracy, optional
        From `read_accuracy`; without it the facts have no measured figures.
    similar_scans : sequence of SimilarScan, optional
        From `Detector.most_similar`, for a slice.
    key_detection : Detection, optional
        Result of the first key slice of a study whose reading holds no results of its slices; without it the position
        is unknown.
    slices : sequence of StudySlice, optional
        Slices of such a study, which say at which height the key slice lies.
    """
    if isinstance(reading, StudyReading):
        return study_facts(reading, card, accuracy, key_detection, slices)
    return slice_facts(reading, card, accuracy, similar_scans)
