"""Display texts shared by pages and reports."""

import subprocess
import sys

from hypothesis import example, given
from hypothesis import strategies as st

from app_pages.components.shared import formatting
from braintumor import text
from braintumor.enums import VERDICTS_BY_SUSPICION, TumorClass, Verdict
from braintumor.reporting import report_context
from braintumor.text import class_text, format_score, join_words, pluralize


def test_counts_are_formatted_with_their_noun() -> None:
    assert (pluralize(1, "scan"), pluralize(1200, "scan")) == ("1 scan", "1,200 scans")
    assert (pluralize(1, "study", "studies"), pluralize(2, "study", "studies")) == ("1 study", "2 studies")


@given(st.floats(0, 1))
@example(0.005)
@example(0.995)
def test_a_score_is_never_rounded_to_0_or_100_percent(score: float) -> None:
    written = format_score(score)
    if written == "less than 1%":
        assert score <= 0.005
    elif written == "more than 99%":
        assert score >= 0.995
    else:
        assert 1 <= int(written.removesuffix("%")) <= 99
        assert abs(int(written.removesuffix("%")) / 100 - score) <= 0.0051


def test_items_are_listed_with_and() -> None:
    assert (join_words("a"), join_words("ab"), join_words("abc"), join_words("")) == ("a", "a and b", "a, b and c", "")


def test_class_names_are_lower_case_and_other_labels_unchanged() -> None:
    labels_and_texts = {TumorClass.NOTUMOR: "no tumour", "glioma": "glioma", "tumor": "tumour", "other": "other"}
    assert {label: class_text(label) for label in labels_and_texts} == labels_and_texts


def test_pages_and_reports_use_the_same_verdict_titles() -> None:
    assert set(VERDICTS_BY_SUSPICION) == set(Verdict)
    assert tuple(text.VERDICT_TITLES) == VERDICTS_BY_SUSPICION
    assert formatting.VERDICT_TITLES is report_context.VERDICT_TITLES is text.VERDICT_TITLES
    assert formatting.join_words is report_context.join_words is join_words


def test_page_texts_do_not_import_reporting() -> None:
    code = "import sys, app_pages.components.shared.formatting; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1800)
    assert not {"typst", "braintumor.reporting"} & set(run.stdout.split())
