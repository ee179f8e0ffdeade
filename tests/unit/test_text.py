"""Words: said alike by pages and reports, from one place that loads nothing."""

import subprocess
import sys

from app_pages.components.shared import formatting as of_pages
from braintumor import text
from braintumor.enums import TumorClass, Verdict
from braintumor.reporting import labels as of_reports
from braintumor.text import class_text, join_words, pluralize


def test_things_are_counted_and_listed_as_people_do() -> None:
    assert (pluralize(1, "scan"), pluralize(1200, "scan")) == ("1 scan", "1,200 scans")
    assert (pluralize(1, "study", "studies"), pluralize(2, "study", "studies")) == ("1 study", "2 studies")
    assert (join_words("a"), join_words("ab"), join_words("abc"), join_words("")) == ("a", "a and b", "a, b and c", "")


def test_a_class_is_a_word_in_a_sentence_and_anything_else_is_said_as_it_is() -> None:
    assert [class_text(label) for label in (TumorClass.NOTUMOR, "glioma", "unsaid")] == [
        "no tumour",
        "glioma",
        "unsaid",
    ]


def test_every_verdict_is_said_by_pages_and_reports_in_the_same_words() -> None:
    assert set(text.VERDICT_TITLES) == set(Verdict)
    assert of_pages.VERDICT_TITLES is of_reports.VERDICTS is text.VERDICT_TITLES
    assert of_pages.join_words is of_reports.join_words is join_words


def test_a_page_that_says_a_word_does_not_load_what_sets_reports() -> None:
    code = "import sys, app_pages.components.shared.formatting; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"typst", "braintumor.reporting"} & set(run.stdout.split())
