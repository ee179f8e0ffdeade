"""Opinion: what a reader may say of a scan, and what is refused before it could reach a row."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from braintumor.enums import TumorClass
from braintumor.reporting.findings import AGREE, ReaderFinding


@pytest.mark.parametrize("opinion", [AGREE, "", "glioma", TumorClass.NOTUMOR])
def test_agreement_a_class_or_nothing_is_an_opinion(opinion):
    assert ReaderFinding(opinion).opinion == str(opinion)


@pytest.mark.parametrize("opinion", ["Agree", "tumor", "=1+1"])
def test_anything_else_is_refused(opinion):
    with pytest.raises(ValueError, match="is no opinion"):
        ReaderFinding(opinion)


def test_a_finding_without_words_counts_as_none():
    assert not ReaderFinding()
    assert not ReaderFinding(comment=" \n ")
    assert ReaderFinding(comment="Dural tail.")
    assert ReaderFinding(AGREE)


def test_its_time_is_in_utc_and_never_without_a_zone():
    said = datetime(2025, 1, 31, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert ReaderFinding(AGREE, timestamp=said).timestamp == datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="timezone"):
        ReaderFinding(AGREE, timestamp=said.replace(tzinfo=None))


def test_a_report_says_it_in_words():
    assert ReaderFinding(AGREE).title == "Agrees with the model"
    assert ReaderFinding("notumor").title == "Reads it as: no tumour"
    assert ReaderFinding(comment="x").title == ""
