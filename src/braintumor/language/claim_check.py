"""Check that the words of a sentence do not contradict the verdict, class, plane, side or region of a reading."""

import re
from typing import Final, Literal

from braintumor.enums import TumorClass, Verdict
from braintumor.explanation.facts import ReadingFacts
from braintumor.language.lexicon import Lexicon

Contradiction = Literal["verdict", "class", "place", "certainty", "number"]

_CLASSES: Final = {
    "glioma": TumorClass.GLIOMA, "meningioma": TumorClass.MENINGIOMA, "pituitary": TumorClass.PITUITARY,
}  # fmt: skip
_PHRASES: Final = ("hedge", "uncertain", "whether", "doubt", "neutral")
_NEGATION: Final = " @negation "


def find_contradiction(text: str, lexicon: Lexicon, facts: ReadingFacts) -> Contradiction | None:
    """Return what a normalized sentence contradicts or claims too much of, or None."""
    negation = lexicon.terms["negation"]
    text = lexicon.single_negations.sub(lambda match: _NEGATION + negation.sub(" ", match.group()), text)
    names_prediction_set = _names_prediction_set(text, lexicon, facts)
    for clause in lexicon.clauses(text):
        claim = _Claim(clause, lexicon, facts)
        if claim.is_too_certain():
            return "certainty"
        if claim.contradicts_verdict():
            return "verdict"
        if not names_prediction_set and claim.contradicts_class():
            return "class"
        if claim.contradicts_place():
            return "place"
    return "number" if _contradicts_neighbors(text, lexicon, facts) else None


def _names_prediction_set(text: str, lexicon: Lexicon, facts: ReadingFacts) -> bool:
    """Return whether a sentence says only that its classes cannot be ruled out, and this is true."""
    rest, count = lexicon.terms["hedge"].subn(" ", text)
    classes = {_CLASSES[name] for name in lexicon.members("class", text)}
    says_more = _NEGATION in rest or lexicon.has("negation", rest) or lexicon.has("most_likely", rest)
    return bool(count) and not says_more and classes <= set(facts.prediction_set)


def _contradicts_neighbors(text: str, lexicon: Lexicon, facts: ReadingFacts) -> bool:
    """Return whether a sentence says of the most similar scans anything but how many show a tumour, or the class."""
    classes = lexicon.members("class", text)
    if not lexicon.has("topic.neighbors", text) or not (classes or lexicon.has("tumor", text)):
        return False
    if facts.neighbors is None:
        return True
    count = facts.neighbors.same_class if classes else facts.neighbors.tumors
    is_other_class = bool(classes) and {_CLASSES[name] for name in classes} != {facts.tumor_class}
    return is_other_class or str(count) not in re.findall(r"\d+", text)


class _Claim:
    """One clause of an answer."""

    def __init__(self, clause: str, lexicon: Lexicon, facts: ReadingFacts) -> None:
        self._facts = facts
        self._lexicon = lexicon
        self._phrases: set[str] = set()
        for phrase in _PHRASES:  # their negations say nothing about the rest
            clause, count = lexicon.terms[phrase].subn(f" @{phrase} ", clause)
            self._phrases |= {phrase} if count else set()
        self._text = clause
        self._is_hedged = "hedge" in self._phrases
        self._negations = self._text.count(_NEGATION) + len(lexicon.terms["negation"].findall(self._text))

    def _has(self, *concepts: str) -> bool:
        return any(concept in self._phrases or self._lexicon.has(concept, self._text) for concept in concepts)

    def is_too_certain(self) -> bool:
        """Whether the clause is more certain than a reading can be, or negates something that cannot be compared."""
        if self._negations > 1:
            return True
        if self._has("rule_out") and not self._has("topic.threshold") and not self._negations:
            return True
        if self._has("certainty") and (not self._negations or self._has("tumor", "suspected")):
            return True
        if self._has("topic.ood", "topic.false_alarm") and not any(map(str.isdigit, self._text)):
            return True
        if self._has("reader") and self._negations and not self._has("proof"):
            return True
        if self._has("proof") and not (self._negations or self._has("reader")):
            return True
        comparable = ("tumor", "suspected", "disclaimer", "uncertain", "mri", "rule_out", "topic.threshold")
        classes = self._lexicon.members("class", self._text)
        return bool(self._negations) and not (self._is_hedged or classes or self._has(*comparable))

    def contradicts_verdict(self) -> bool:
        """Whether the clause states or denies a tumour, doubt or the kind of image against the verdict."""
        verdict, is_negated = self._facts.verdict, bool(self._negations)
        if verdict.has_result and (self._has("other_modality") or (self._has("mri") and is_negated)):
            return True
        if self._has("uncertain") and self._contradicts_doubt(is_negated):
            return True
        if self._has("topic.threshold") and self._contradicts_comparison(is_negated):
            return True
        if self._has("neutral") and is_negated and verdict.has_result:
            return True
        # A pituitary tumour is compared as a class.
        others = self._lexicon.terms["class.pituitary"].sub(" ", self._text)
        if not (self._lexicon.has("tumor", others) or self._has("suspected", "not_tumor")):
            return False
        if self._has("frame.patient") and not self._lexicon.members("side", self._text):
            return True  # a statement about the patient rather than the image
        if self._has("not_tumor"):
            return verdict is not Verdict.NO_TUMOR_FOUND or is_negated
        return self._contradicts_finding(is_negated)

    def _contradicts_doubt(self, is_negated: bool) -> bool:
        if self._facts.verdict is Verdict.UNCERTAIN:
            return is_negated
        return is_negated or not self._has("aspect")

    def _contradicts_comparison(self, is_negated: bool) -> bool:
        facts = self._facts
        is_above, is_below = self._has("above", "reach"), self._has("below")
        if is_negated or (is_above and is_below):
            return facts.verdict.has_result
        if facts.rule_in is None or facts.rule_out is None or not (is_above or is_below):
            return False
        reached = facts.rule_in if is_below else facts.rule_out
        return facts.tumor_probability < reached if is_above else facts.tumor_probability >= reached

    def _contradicts_finding(self, is_negated: bool) -> bool:
        if self._has("whether"):
            return self._facts.verdict is not Verdict.UNCERTAIN
        is_neutral = self._is_hedged or self._is_measured()
        if is_negated and (self._has("proof") or (is_neutral and not self._facts.verdict.has_result)):
            return False
        if self._facts.verdict is Verdict.TUMOR_SUSPECTED:
            return is_negated
        if self._facts.verdict is Verdict.NO_TUMOR_FOUND:
            return not is_negated and not is_neutral
        return is_negated or not is_neutral

    def _is_measured(self) -> bool:
        """Whether the clause gives a rate of the model on test data, which is about other tumours."""
        return self._has("topic.sensitivity", "topic.false_alarm") and any(map(str.isdigit, self._text))

    def contradicts_class(self) -> bool:
        """Whether the clause denies the class of the reading, or states another one."""
        facts = self._facts
        for name in self._lexicon.members("class", self._text):
            tumor_class = _CLASSES[name]
            if self._is_hedged:
                is_contradicted = tumor_class not in {*facts.prediction_set, facts.tumor_class}
            elif tumor_class is facts.tumor_class and facts.verdict is Verdict.TUMOR_SUSPECTED:
                is_contradicted = bool(self._negations) or self._has("next_likely")
            else:
                is_contradicted = not self._is_other_class(tumor_class)
            if is_contradicted:
                return True
        return False

    def _is_other_class(self, tumor_class: TumorClass) -> bool:
        """Whether the clause says of a class that is not the answer only what is true of it."""
        facts = self._facts
        if self._negations:
            return tumor_class not in facts.prediction_set or facts.verdict is Verdict.NO_TUMOR_FOUND
        if self._has("topic.prediction_set"):
            return tumor_class in facts.prediction_set
        has_number = any(character.isdigit() for character in self._text)
        is_ranked = self._has("most_likely") and not self._has("next_likely")
        return (has_number or self._has("topic.training")) and not is_ranked

    def contradicts_place(self) -> bool:
        """Whether the clause names another plane, side, position or region than the reading."""
        members = self._lexicon.members
        planes = members("plane", self._text)
        is_denied = bool(self._negations) and not self._has("tumor")
        if planes and (is_denied or planes != {str(self._facts.plane)}):
            return True
        regions = members("region", self._text)
        if regions and (self._negations or not self._is_region(regions)):
            return True
        if regions:  # such as "near the midline"
            self._text = self._lexicon.terms["region.central"].sub(" ", self._text)
        return self._contradicts_side(members("side", self._text), members("vertical", self._text))

    def _is_region(self, regions: set[str]) -> bool:
        name = str(self._facts.region or "")
        return all(region.replace("_", " ") in name for region in regions)

    def _contradicts_side(self, sides: set[str], heights: set[str]) -> bool:
        facts = self._facts
        if not sides and not heights:
            return False
        side, position = str(facts.side or ""), str(facts.position or "")
        if self._negations or (self._has("frame.image") and self._has("frame.patient")):
            return True
        if heights or self._has("frame.image"):
            is_elsewhere = not all(word in position.split() for word in {*sides - {"midline"}, *heights})
            return is_elsewhere or ("midline" in sides and side != "midline")
        return not all(word in side.split() for word in sides)
