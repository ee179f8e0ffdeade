"""Sentences about what the model cannot know, and what to check next."""

from collections.abc import Iterator
from typing import Final

from braintumor.enums import Verdict
from braintumor.explanation.facts import ReadingFacts, SliceNumbers
from braintumor.explanation.finding import name_slice
from braintumor.explanation.languages import Translator
from braintumor.explanation.terms import Doubt, Rejection

# Slices of a study to look at first, in texts and reports.
MAX_KEY_SLICES: Final = 3


def describe_limits(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say what the model cannot know."""
    if facts.slices is not None:
        yield from _slice_counts(facts.slices, t)
    if facts.rejection is not None:
        yield t.gettext("This says nothing about whether there is a tumour.")
        return
    yield t.gettext(
        "The model sees only grey values. It does not know symptoms, history, earlier examinations or other sequences."
    )
    if facts.kind == "slice":
        yield t.gettext("It judges this slice alone; what lies outside it is not judged.")
    yield t.gettext(
        "It distinguishes only gliomas, meningiomas and pituitary tumours, and may misread other lesions such as "
        "metastases, infarcts, haemorrhages and inflammation."
    )
    if facts.kind == "slice" and facts.sensitivity is not None:
        yield t.gettext(
            "Its test figures come from images of the same sources as its training; on others it may be wrong more "
            "often."
        )
    if facts.has_outline:
        yield t.gettext("The outline is an estimate and includes neither oedema nor infiltration.")


def describe_next_steps(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say what to check next: images and files only, never treatment."""
    if facts.rejection is not None:
        yield _after_rejection(facts.rejection, t)
        return
    if facts.doubt is Doubt.PICTURE:
        yield t.gettext("Export the slice itself as an image, or crop it, and read it again.")
    if facts.doubt is Doubt.TURNED:
        yield t.gettext("Turn the image upright and read it again.")
    if facts.doubt is Doubt.TEXT_ON_HEAD:
        yield t.gettext("Read the slice again from a file without text on the image.")
    if facts.key_slices and facts.verdict is not Verdict.NO_TUMOR_FOUND:
        slices = t.join(name_slice(each.plane, each.number, t) for each in facts.key_slices[:MAX_KEY_SLICES])
        yield t.gettext("Look first at: {slices}.", slices=slices)
    if facts.verdict is Verdict.NO_TUMOR_FOUND:
        yield t.gettext("Have the images read as usual; this result does not exclude a tumour.")
    else:
        yield t.gettext("Compare with the neighbouring slices, the other planes and the other sequences.")
        yield t.gettext("A radiologist should read the images.")
    if facts.kind == "slice":
        yield t.gettext("If the whole series is at hand, read it as a study.")


def _after_rejection(rejection: Rejection, t: Translator) -> str:
    if rejection is Rejection.OUTSIDE_FIELD:
        return t.gettext("Choose slices that show the brain.")
    return t.gettext("Check that the right file was chosen. The model reads MR images of the brain only.")


def _slice_counts(slices: SliceNumbers, t: Translator) -> Iterator[str]:
    """Say how many slices the verdict rests on, and which were left out."""
    yield t.ngettext("{count} slice was judged.", "{count} slices were judged.", slices.judged)
    if slices.outside:
        yield t.ngettext(
            "{count} slice shows no brain and was left out.", "{count} slices show no brain and were left out.",
            slices.outside,
        )  # fmt: skip
    unsuitable = slices.rejected + slices.reformatted
    if unsuitable:
        yield t.ngettext(
            "{count} slice was not suitable for the model.", "{count} slices were not suitable for the model.",
            unsuitable,
        )  # fmt: skip
    if slices.unreadable:
        yield t.ngettext("{count} slice could not be read.", "{count} slices could not be read.", slices.unreadable)
    if slices.unread:
        yield t.ngettext(
            "{count} slice was not needed for the verdict.", "{count} slices were not needed for the verdict.",
            slices.unread,
        )  # fmt: skip
