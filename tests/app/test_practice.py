"""The Practice page: a scan tells nothing before the guess, a rerun changes nothing, the score is earned."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.practice import images
from app_pages.components.practice.round import SEED_KEY
from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import ScanError
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case, phantom_cases, sample_cases
from braintumor.reader_study.scoring import PairedReading, compare_reader, summarize_reader_comparison
from braintumor.settings import Settings, get_settings
from tests.app.conftest import Open, words

ROUND = 7
DRAWN = "Drawn phantom, not a scan"


@pytest.fixture
def practice(artifacts: Settings, open_page: Open) -> AppTest:
    """The page on round 7 of the image set."""
    return _begin(open_page)


@pytest.fixture
def order(artifacts: Settings) -> tuple[Case, ...]:
    return sample_cases(read_manifest(artifacts), ROUND)


@pytest.fixture
def absent(artifacts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A model, but no image set."""
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "nothing"))
    get_settings.cache_clear()
    return get_settings()


def _begin(open_page: Open) -> AppTest:
    app = open_page("practice")
    app.number_input(SEED_KEY).set_value(ROUND).run()
    assert not app.exception
    return app


def _guess(app: AppTest, label: TumorClass) -> None:
    app.button(f"guess-{CLASSES.index(label) + 1}").click().run()
    assert not app.exception


def _next(app: AppTest) -> None:
    app.button("practice-next").click().run()
    assert not app.exception


def _nodes(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from _nodes(child)


def _sent(app: AppTest) -> str:
    """All that the browser is told of the page, but for the labels of the four answers."""
    told = []
    for node in _nodes(app.main):
        proto = node.proto
        if getattr(node, "key", None) and str(node.key).startswith("guess-"):
            continue
        told.append(str(proto))
    return "\n".join(told).lower()


def _picture(app: AppTest) -> str:
    return str(app.get("image")[0].proto.imgs[0].url)


def _wrong(case: Case) -> TumorClass:
    return next(label for label in CLASSES if label is not case.label)


def test_nothing_sent_before_the_guess_tells_the_class(practice: AppTest, order: tuple[Case, ...]) -> None:
    alts = set()
    for number, case in enumerate(order[:6], start=1):
        told = _sent(practice)
        assert case.name.lower() not in told
        assert Path(case.name).stem.lower() not in told
        assert case.sha256 not in told
        # Later on, the scans read so far stand below with their classes.
        assert number > 1 or not any(str(label) in told or label.title.lower() in told for label in CLASSES)
        alts.add(practice.get("image")[0].proto.imgs[0].alt.replace(str(number), ""))
        _guess(practice, case.label)
        _next(practice)
    assert len(alts) == 1


def test_every_blind_picture_has_one_size(order: tuple[Case, ...], artifacts: Settings) -> None:
    assert {images.render_scan(case).shape for case in order[:8]} == {(640, 640, 3)}


def test_the_guess_brings_truth_answer_and_verdict(
    practice: AppTest, order: tuple[Case, ...], artifacts: Settings
) -> None:
    case, found = order[0], Detector.load("v1").detect(artifacts.dataset / order[0].path)
    _guess(practice, _wrong(case))
    said = words(practice)
    assert f"The truth: {case.label.title.lower()}" in said
    assert found.reason in said
    assert case.name in said
    told = _sent(practice)
    assert f"you said {_wrong(case).title.lower()}: wrong" in told
    right = "right" if found.result is case.label else "wrong"
    assert f"v1 said {found.result.title.lower()}: {right}" in told
    assert f"{found.probabilities[case.label]:.1%}" in practice.get("plotly_chart")[0].proto.alt


def test_a_rerun_never_changes_the_scan(practice: AppTest) -> None:
    first = _picture(practice)
    practice.run()
    practice.run()
    assert _picture(practice) == first


def test_the_next_scan_is_another_and_hidden_again(practice: AppTest) -> None:
    seen = {_picture(practice)}
    for _ in range(4):
        _guess(practice, TumorClass.GLIOMA)
        _next(practice)
        assert "The truth:" not in words(practice)
        seen.add(_picture(practice))
    assert len(seen) == 5


def test_the_first_guess_counts(practice: AppTest, order: tuple[Case, ...]) -> None:
    _guess(practice, _wrong(order[0]))
    assert not [button for button in practice.button if str(button.key).startswith("guess-")]
    practice.run()
    assert "You: 0 of 1" in practice.get("plotly_chart")[-1].proto.alt


def test_the_score_is_the_one_earned(practice: AppTest, order: tuple[Case, ...], artifacts: Settings) -> None:
    detector, bouts = Detector.load("v1"), []
    for number, case in enumerate(order[:5]):
        guess = case.label if number % 2 == 0 else _wrong(case)
        _guess(practice, guess)
        its = detector.detect(artifacts.dataset / case.path).result
        bouts.append(PairedReading(guess is case.label, its is case.label, case.group))
        _next(practice)
    match, said = compare_reader(bouts), words(practice)
    assert f"You {match.reader.percent()}, Model v1 {match.model.percent()}" in said
    assert "n = 5 images in" in said
    assert summarize_reader_comparison(match, "Model v1") in said
    assert practice.dataframe[0].value["Truth"].tolist() == [case.label.title for case in reversed(order[:5])]


def test_the_score_survives_a_page_switch(practice: AppTest) -> None:
    _guess(practice, TumorClass.GLIOMA)
    before = _picture(practice), practice.get("plotly_chart")[-1].proto.alt
    practice.switch_page("app_pages/summary.py").run()
    practice.switch_page("app_pages/practice.py").run()
    assert not practice.exception
    assert (_picture(practice), practice.get("plotly_chart")[-1].proto.alt) == before


def test_another_round_begins_another_score(practice: AppTest) -> None:
    first = _picture(practice)
    _guess(practice, TumorClass.GLIOMA)
    practice.number_input(SEED_KEY).set_value(ROUND + 1).run()
    assert "Score" not in [heading.value for heading in practice.header]
    assert _picture(practice) != first


def test_answers_go_to_the_session_log(practice: AppTest, order: tuple[Case, ...]) -> None:
    _guess(practice, TumorClass.PITUITARY)
    practice.switch_page("app_pages/session_log.py").run()
    row = practice.dataframe[0].value.iloc[0]
    assert (row["File"], row["Your finding"]) == (order[0].name, "Pituitary")
    assert f"truth {order[0].label.title.lower()}" in row["Comment"]


def test_a_scan_that_cannot_be_read_is_passed_over_without_a_name(
    practice: AppTest, order: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = images.load_case
    first = order[0]

    def fails(case: Case, settings: Settings | None = None) -> Any:
        if case == first:
            raise ScanError(f"{case.name}: the file is damaged.")
        return read(case, settings)

    monkeypatch.setattr(images, "load_case", fails)
    practice.run()
    assert not practice.exception
    assert "cannot be read" in words(practice)
    assert first.name.lower() not in _sent(practice)
    _next(practice)
    assert practice.get("image")


def test_without_the_images_phantoms_are_marked_on_every_view(absent: Settings, open_page: Open) -> None:
    app = _begin(open_page)
    assert "drawn phantoms" in words(app)
    assert "braintumor data fetch" in words(app)
    assert DRAWN.lower() in _sent(app)
    case = phantom_cases(ROUND)[0]
    assert case.name not in _sent(app)
    _guess(app, case.label)
    assert DRAWN.lower() in _sent(app)
    assert f"The truth: {case.label.title.lower()}" in words(app)
    app.switch_page("app_pages/session_log.py").run()
    assert "drawn phantom, no scan" in app.dataframe[0].value.iloc[0]["Comment"]


def test_a_set_of_drawings_is_marked_too(practice: AppTest) -> None:
    assert DRAWN.lower() in _sent(practice)


def test_nothing_is_asked_of_the_model_before_the_guess(
    artifacts: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    detect = Detector.detect

    def listens(self, source, name=None):  # type: ignore[no-untyped-def]
        asked.append(str(name))
        return detect(self, source, name)

    monkeypatch.setattr(Detector, "detect", listens)
    app = _begin(open_page)
    assert asked == []
    _guess(app, TumorClass.GLIOMA)
    app.run()
    assert len(asked) == 1


@pytest.fixture
def gallery(artifacts: Settings, open_page: Open) -> Callable[..., AppTest]:
    def open_(**query: str) -> AppTest:
        app = open_page("practice", practice="Gallery", **query)
        assert not app.exception
        return app

    return open_


def _test_scans(settings: Settings, label: TumorClass) -> pd.DataFrame:
    said = pd.read_csv(settings.outputs / "v1" / "predictions.csv")
    return said[(said["split"] == "test") & (said["label"] == label)]


def test_the_gallery_shows_the_test_scans_of_a_class_worst_first(
    gallery: Callable[..., AppTest], artifacts: Settings
) -> None:
    rows = _test_scans(artifacts, TumorClass.GLIOMA).sort_values("p_glioma", kind="stable")
    alts = [image.alt for element in gallery().get("image") for image in element.proto.imgs]
    assert [alt.split(",")[0] for alt in alts] == [path.rsplit("/", 1)[-1] for path in rows["path"][:12]]
    assert all(f"{p:.1%} for glioma" in alt for alt, p in zip(alts, rows["p_glioma"], strict=False))
    assert all("drawn" in alt for alt in alts)


def test_the_gallery_sorts_by_tumour_probability(gallery: Callable[..., AppTest], artifacts: Settings) -> None:
    app = gallery()
    app.selectbox("practice-order").set_value("Tumour probability, high first").run()
    rows = _test_scans(artifacts, TumorClass.GLIOMA).sort_values("tumor_probability", ascending=False, kind="stable")
    first = app.get("image")[0].proto.imgs[0].alt
    assert first.startswith(rows.iloc[0]["path"].rsplit("/", 1)[-1])


def test_the_gallery_works_on_phantoms(absent: Settings, open_page: Open) -> None:
    app = open_page("practice", practice="Gallery")
    assert not app.exception
    alts = [image.alt for element in app.get("image") for image in element.proto.imgs]
    assert len(alts) == 12
    assert all("drawn" in alt for alt in alts)
    assert "24 phantoms of glioma" in words(app)


def test_without_predictions_the_gallery_says_what_to_do(gallery: Callable[..., AppTest], artifacts: Settings) -> None:
    (artifacts.outputs / "v1" / "predictions.csv").unlink()
    assert "braintumor evaluate v1" in words(gallery())
