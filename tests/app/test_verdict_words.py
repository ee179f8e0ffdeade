"""The words of the five verdicts, collected from every place that shows one."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app_pages.components.dashboard import charts as dashboard_charts
from app_pages.components.detection.result_card import result_title
from app_pages.components.detection.study_card import study_title
from app_pages.components.detection.toolbar import show_summary_bar
from app_pages.components.detection.worklist import ReadingStatus, count_by_status
from app_pages.components.history.records_list import verdict_text
from app_pages.session_log import format_row
from braintumor.api.schemas.predictions import PredictionRow
from braintumor.enums import PictureKind, Verdict
from braintumor.reporting.report_context import _verdict_counts
from braintumor.text import UNREADABLE_TITLE, VERDICT_TITLES
from tests.helpers.readings import make_failed_reading, make_reading

TITLES = set(VERDICT_TITLES.values())
# Words for a verdict that some pages used before.
OTHER_WORDS = {"Suspected", "Unclear", "Refused", "Rejected", "Cleared", "Outside field", "Not a single slice"}


def result(verdict: Verdict) -> Any:
    return SimpleNamespace(
        verdict=verdict, tumor_probability=0.3, picture=PictureKind.SHEET, reading=SimpleNamespace(verdict=verdict)
    )


def without_score(title: str) -> str:
    return title.split(" (", maxsplit=1)[0]


def test_pages_and_reports_name_verdicts_with_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("streamlit.html", lambda body, **_: drawn.append(body))
    show_summary_bar(count_by_status([make_failed_reading("broken")]))
    studies = [SimpleNamespace(verdict=each, tumor_probability=0.3) for each in Verdict]
    places: dict[str, set[str]] = {
        "worklist": set(map(str, ReadingStatus)) - {UNREADABLE_TITLE},
        "toolbar": {part.split("</dt>")[0] for part in drawn[0].replace("&#x27;", "'").split("<dt>")[1:]}
        - {UNREADABLE_TITLE},
        "card": {without_score(result_title(result(each))) for each in Verdict},
        "study card": {without_score(study_title(each)) for each in studies},  # type: ignore[arg-type]
        "PDF": {str(count["label"]) for count in _verdict_counts([], [])} - {UNREADABLE_TITLE},
        "history": {verdict_text(result(each)).split("**")[1] for each in Verdict},
        "session log": {str(format_row(make_reading("a", each, 0.3).row)["Verdict"]) for each in Verdict},
        "dashboard": set(dashboard_charts.VERDICT_TITLES.values()),
    }
    assert {place: words ^ TITLES for place, words in places.items()} == {place: set() for place in places}


def test_files_and_the_api_have_the_same_words_in_lower_case(root: Path) -> None:
    for verdict, title in VERDICT_TITLES.items():
        assert str(verdict).replace("tumor", "tumour").lower() == title.lower()
        assert make_reading("a", verdict, 0.3).row["verdict"] == str(verdict)
        for document in ("docs/glossary.md", "docs/how-to/predict.md"):
            assert f"`{verdict}`" in (root / document).read_text(encoding="utf-8")
    schema = PredictionRow.model_json_schema()["$defs"]["Verdict"]
    assert set(schema["enum"]) == set(map(str, Verdict))


def test_no_page_or_report_has_another_word_for_a_verdict(root: Path) -> None:
    sources = [*(root / "app_pages").rglob("*.py"), *(root / "src/braintumor/reporting").rglob("*.py")]
    others = {
        (path.name, node.value)
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in OTHER_WORDS
    }
    # Metrics of the out-of-distribution score, which are no verdicts.
    assert {(name, word) for name, word in others if name != "external.py"} == set()
