"""Questions to a language model about one result; drawn only where a language model is set."""

from collections.abc import Sequence

from app_pages.components.explanation.language import current_language
from app_pages.components.shared import cache
from braintumor.explanation import read_accuracy, reading_facts, write_explanation
from braintumor.inference import Detection
from braintumor.inference.retrieval import SimilarScan
from braintumor.inference.study import StudyReading, StudySlice
from braintumor.settings import get_settings


def show_chat(
    reading: Detection | StudyReading,
    version: str,
    key: str,
    *,
    similar_scans: Sequence[SimilarScan] = (),
    key_detection: Detection | None = None,
    slices: Sequence[StudySlice] = (),
) -> None:
    """Draw the conversation about a result, and a field for the next question.

    Parameters
    ----------
    version : str
        The model that read it.
    key : str
        Unique on the page.
    similar_scans, key_detection, slices
        See `reading_facts`.
    """
    settings = get_settings()
    if not settings.language_url or not settings.language_model:
        return
    # Imported here, since most servers have no language model.
    from app_pages.components.explanation.conversation import show_conversation
    from braintumor.language.conversation import ReadingContext

    detector = cache.find_detector(version)
    if detector is None:
        return
    card = detector.artifact.card
    facts = reading_facts(
        reading, card, read_accuracy(detector.artifact), similar_scans=similar_scans, key_detection=key_detection,
        slices=slices,
    )  # fmt: skip
    show_conversation(ReadingContext.of(facts, write_explanation(facts, current_language()), card), key)
