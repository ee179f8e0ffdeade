"""Blind reading: the class of a scan is not sent before the answer, and truth and result come after it."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.practice import images
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import ScanError
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case, preview_cases
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.practice import (
    PHANTOM_BADGE,
    ROUND,
    guess,
    image_url,
    next_scan,
    open_round,
    sent_text,
    wrong_class,
)


def test_class_is_not_sent_before_the_answer(practice: AppTest, cases: tuple[Case, ...]) -> None:
    alts = set()
    for number, case in enumerate(cases[:6], start=1):
        sent = sent_text(practice)
        assert case.name.lower() not in sent
        assert Path(case.name).stem.lower() not in sent
        assert case.sha256 not in sent
        # From the second scan on, the scans so far are listed below with their classes.
        assert number > 1 or not any(str(label) in sent or label.title.lower() in sent for label in CLASSES)
        alts.add(practice.get("image")[0].proto.imgs[0].alt.replace(str(number), ""))
        guess(practice, case.label)
        next_scan(practice)
    assert len(alts) == 1


def test_every_image_has_one_size(cases: tuple[Case, ...], artifacts: Settings) -> None:
    assert {images.render_scan(case).shape for case in cases[:8]} == {(640, 640, 3)}


def test_answer_reveals_truth_result_and_verdict(
    practice: AppTest, cases: tuple[Case, ...], artifacts: Settings
) -> None:
    case, detection = cases[0], Detector.load("v1").detect(artifacts.dataset / cases[0].path)
    guess(practice, wrong_class(case))
    text = words(practice)
    assert f"True class: {case.label.title.lower()}" in text
    assert detection.reason in text
    assert case.name in text
    sent = sent_text(practice)
    assert f"you answered {wrong_class(case).title.lower()}: wrong" in sent
    outcome = "right" if detection.result is case.label else "wrong"
    assert f"v1 answered {detection.result.title.lower()}: {outcome}" in sent
    assert f"{detection.probabilities[case.label]:.1%}" in practice.get("plotly_chart")[0].proto.alt


def test_rerun_does_not_change_the_scan(practice: AppTest) -> None:
    first = image_url(practice)
    practice.run()
    practice.run()
    assert image_url(practice) == first


def test_next_scan_is_another_without_its_class(practice: AppTest) -> None:
    urls = {image_url(practice)}
    for _ in range(4):
        guess(practice, TumorClass.GLIOMA)
        next_scan(practice)
        assert "True class:" not in words(practice)
        urls.add(image_url(practice))
    assert len(urls) == 5


def test_model_is_not_run_before_the_answer(
    artifacts: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    detect = Detector.detect

    def record_call(self, source, name=None):  # type: ignore[no-untyped-def]
        names.append(str(name))
        return detect(self, source, name)

    monkeypatch.setattr(Detector, "detect", record_call)
    app = open_round(open_page)
    assert names == []
    guess(app, TumorClass.GLIOMA)
    app.run()
    assert len(names) == 1


def test_unreadable_scan_is_skipped_without_its_name(
    practice: AppTest, cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_case = images.load_case
    first = cases[0]

    def fail_on_first(case: Case, settings: Settings | None = None) -> Any:
        if case == first:
            raise ScanError(f"{case.name}: the file is damaged.")
        return load_case(case, settings)

    monkeypatch.setattr(images, "load_case", fail_on_first)
    practice.run()
    assert not practice.exception
    assert "cannot be read" in words(practice)
    assert first.name.lower() not in sent_text(practice)
    next_scan(practice)
    assert practice.get("image")


def test_previews_replace_a_missing_image_set(without_images: Settings, open_page: Open) -> None:
    app = open_round(open_page)
    assert "Small previews" in words(app)
    assert "braintumor data fetch" in words(app)
    assert "phantom" not in sent_text(app)
    case = app.session_state["practice-round"].cases[0]
    assert case in preview_cases(ROUND)
    assert case.name.lower() not in sent_text(app)
    guess(app, case.label)
    assert f"True class: {case.label.title.lower()}" in words(app)
    app.switch_page("app_pages/session_log.py").run()
    assert "small preview" in app.dataframe[0].value.iloc[0]["Comment"]


def test_image_set_of_phantoms_is_marked(practice: AppTest) -> None:
    assert PHANTOM_BADGE.lower() in sent_text(practice)
