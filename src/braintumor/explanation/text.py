"""The explanation of a reading: deterministic sentences made of its facts, in one of six languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from braintumor.explanation.accuracy import read_accuracy
from braintumor.explanation.certainty import describe_certainty, describe_objections
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.finding import describe_result, describe_size
from braintumor.explanation.languages import DEFAULT_LANGUAGE, LANGUAGES, Language, Translator, mark, translator
from braintumor.explanation.limits import describe_limits, describe_next_steps
from braintumor.explanation.reading_facts import reading_facts
from braintumor.inference.detection import Detection
from braintumor.inference.registry import Artifact, load_artifact
from braintumor.inference.retrieval import SimilarScan
from braintumor.inference.study import StudyReading, StudySlice

Topic = Literal["finding", "size", "certainty", "objections", "limits", "next steps"]
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)
_TITLES: Final[dict[Topic, str]] = {
    "finding": mark("What the model sees"),
    "size": mark("Size"),
    "certainty": mark("How certain it is"),
    "objections": mark("What speaks against it"),
    "limits": mark("What it cannot know"),
    "next steps": mark("What to check next"),
}
_WRITERS: Final = {
    "finding": describe_result,
    "size": describe_size,
    "certainty": describe_certainty,
    "objections": describe_objections,
    "limits": describe_limits,
    "next steps": describe_next_steps,
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences on one topic, with its title in the language of the explanation."""

    topic: Topic
    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation of a reading.

    Attributes
    ----------
    language : Language
    title : str
    paragraphs : tuple of Paragraph
        Topics without a sentence are left out.
    notice : str
        That it is for research and education only.
    """

    language: Language
    title: str
    paragraphs: tuple[Paragraph, ...]
    notice: str

    def __str__(self) -> str:
        """Return the explanation as plain text, with a line for each paragraph."""
        colon = self.language.colon
        return "\n".join([*(f"{each.title}{colon}{each.text}" for each in self.paragraphs), self.notice])

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain JSON values."""
        return {
            "language": self.language.code,
            "direction": self.language.direction,
            "title": self.title,
            "paragraphs": [{"topic": p.topic, "title": p.title, "text": p.text} for p in self.paragraphs],
            "notice": self.notice,
        }


def write_explanation(facts: ReadingFacts, language: str = DEFAULT_LANGUAGE) -> Explanation:
    """Write the explanation of a reading.

    Parameters
    ----------
    facts : ReadingFacts
    language : str
        `en`, `de`, `fr`, `es`, `ar` or `ur`.

    Raises
    ------
    ValueError
        There are no explanations in this language.
    """
    t = translator(language)
    return Explanation(
        LANGUAGES[language],
        t.gettext("In words"),
        tuple(paragraph for topic in TOPICS if (paragraph := _paragraph(topic, facts, t)).sentences),
        t.gettext("For research and education only. This text does not replace a reading by a radiologist."),
    )


def _paragraph(topic: Topic, facts: ReadingFacts, t: Translator) -> Paragraph:
    return Paragraph(topic, t.gettext(_TITLES[topic]), tuple(_WRITERS[topic](facts, t)))


def explain_in_words(
    reading: Detection | StudyReading,
    language: str = DEFAULT_LANGUAGE,
    *,
    artifact: Artifact | None = None,
    similar_scans: Sequence[SimilarScan] = (),
    key_detection: Detection | None = None,
    slices: Sequence[StudySlice] = (),
) -> Explanation:
    """Explain a reading in words: what, where, how large, how certain, what speaks against it, and what to check.

    Parameters
    ----------
    reading : Detection or StudyReading
    language : str
        `en`, `de`, `fr`, `es`, `ar` or `ur`.
    artifact : Artifact, optional
        The version that read it; by default the one that the results name, from `outputs/`.
    similar_scans, key_detection, slices
        See `reading_facts`.

    Raises
    ------
    ValueError
        There are no explanations in this language, or a study without results of its slices has no `artifact`.
    ArtifactError
        The version is not in `outputs/`.

    Examples
    --------
    >>> from braintumor import Detector
    >>> from braintumor.datasets.phantoms import make_phantom
    >>> detection = Detector.load("v4").detect(make_phantom("meningioma", seed=7).pixels)
    >>> explain_in_words(detection, "de").paragraphs[0].sentences[0]
    'Auf dieser Schicht kann das Modell nicht entscheiden, ob ein Tumor vorliegt.'
    """
    artifact = artifact or load_artifact(_version_of(reading))
    facts = reading_facts(
        reading, artifact.card, read_accuracy(artifact), similar_scans=similar_scans, key_detection=key_detection,
        slices=slices,
    )  # fmt: skip
    return write_explanation(facts, language)


def _version_of(reading: Detection | StudyReading) -> str:
    if isinstance(reading, Detection):
        return reading.model_version
    if not reading.detections:
        raise ValueError("This study holds no results of its slices; give the artifact of the model that read it.")
    return reading.detections[0].model_version
