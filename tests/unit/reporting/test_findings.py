"""Reader's finding: valid opinions, time in UTC, and its title in a report."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from braintumor.enums import TumorClass
from braintumor.reporting.findings import AGREE, ReaderFinding


@pytest.mark.parametrize("opinion", [AGREE, "", "glioma", TumorClass.NOTUMOR])
def test_agreement_class_or_nothing_is_a_valid_opinion(opinion: str) -> None:
    assert ReaderFinding(opinion).opinion == str(opinion)


@pytest.mark.parametrize("opinion", ["Agree", "tumor", "=1+1"])
def test_other_opinions_raise_an_error(opinion: str) -> None:
    with pytest.raises(ValueError, match="Unknown opinion"):
        ReaderFinding(opinion)


def test_finding_without_opinion_and_comment_is_false() -> None:
    assert not ReaderFinding()
    assert not ReaderFinding(comment=" \n ")
    assert ReaderFinding(comment="Dural tail.")
    assert ReaderFinding(AGREE)


def test_time_is_converted_to_utc_and_needs_a_timezone() -> None:
    time = datetime(2025, 1, 31, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert ReaderFinding(AGREE, timestamp=time).timestamp == datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="timezone"):
        ReaderFinding(AGREE, timestamp=time.replace(tzinfo=None))


def test_title_names_agreement_or_class() -> None:
    assert ReaderFinding(AGREE).title == "Agrees with the model"
    assert ReaderFinding("notumor").title == "Read as no tumour"
    assert ReaderFinding(comment="x").title == ""
