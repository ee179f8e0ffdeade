"""Score of a practice round: the first answers count, survive a page switch and are logged."""

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.practice.round import SEED_KEY
from braintumor.enums import TumorClass
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case
from braintumor.reader_study.scoring import PairedReading, compare_reader, summarize_reader_comparison
from braintumor.settings import Settings
from tests.app.conftest import words
from tests.helpers.apptest.practice import ROUND, guess, image_url, next_scan, wrong_class

pytestmark = pytest.mark.slow


def test_only_the_first_answer_counts(practice: AppTest, cases: tuple[Case, ...]) -> None:
    guess(practice, wrong_class(cases[0]))
    assert not [button for button in practice.button if str(button.key).startswith("guess-")]
    practice.run()
    assert "You: 0 of 1" in practice.get("plotly_chart")[-1].proto.alt


def test_score_is_computed_from_the_answers(practice: AppTest, cases: tuple[Case, ...], artifacts: Settings) -> None:
    detector, readings = Detector.load("v1"), []
    for number, case in enumerate(cases[:5]):
        answer = case.label if number % 2 == 0 else wrong_class(case)
        guess(practice, answer)
        result = detector.detect(artifacts.dataset / case.path).result
        readings.append(PairedReading(answer is case.label, result is case.label, case.group))
        next_scan(practice)
    comparison, text = compare_reader(readings), words(practice)
    assert f"You: {comparison.reader.describe()}. Model v1: {comparison.model.describe()}." in text
    assert "5 images, " in text
    assert summarize_reader_comparison(comparison, "Model v1") in text
    assert practice.dataframe[0].value["Truth"].tolist() == [case.label.title for case in reversed(cases[:5])]


def test_score_survives_a_page_switch(practice: AppTest) -> None:
    guess(practice, TumorClass.GLIOMA)
    before = image_url(practice), practice.get("plotly_chart")[-1].proto.alt
    practice.switch_page("app_pages/summary.py").run()
    practice.switch_page("app_pages/practice.py").run()
    assert not practice.exception
    assert (image_url(practice), practice.get("plotly_chart")[-1].proto.alt) == before


def test_another_round_starts_another_score(practice: AppTest) -> None:
    first = image_url(practice)
    guess(practice, TumorClass.GLIOMA)
    practice.number_input(SEED_KEY).set_value(ROUND + 1).run()
    assert "Score" not in [heading.value for heading in practice.header]
    assert image_url(practice) != first


def test_answers_are_logged(practice: AppTest, cases: tuple[Case, ...]) -> None:
    guess(practice, TumorClass.PITUITARY)
    practice.switch_page("app_pages/session_log.py").run()
    row = practice.dataframe[0].value.iloc[0]
    assert (row["File"], row["Your finding"]) == (cases[0].name, "Pituitary tumour")
    assert f"true class {cases[0].label.title.lower()}" in row["Comment"]
