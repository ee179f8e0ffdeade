"""One answer for a series or volume, made of the results of its slices; numpy only."""

from braintumor.inference.study.reading import PlaneReading, StudyReading
from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import StudySlice

__all__ = ["PlaneReading", "StudyReading", "StudyRule", "StudySlice"]
