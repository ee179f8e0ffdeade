"""Pages of versions that tell tumour from none: all of them are drawn, and none says a kind the version cannot know."""

import csv
import io
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.detection.downloads import make_csv, make_zip
from app_pages.components.practice.round import SEED_KEY
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, use, words
from tests.helpers.detection_apptest import choose, shown, upload
from tests.helpers.versions.binary import write_binary_version

KINDS = [c for c in CLASSES if c.is_tumor]
PARTS = ("Scores", "Curves", "Certainty", "Where", "Subgroups", "Outside", "Training", "Model card")
# Parts that say nothing of a version but what its card, evaluation and curves hold.
MEASURED = ("Scores", "Curves", "Certainty", "Subgroups", "Training")


@pytest.fixture(scope="session")
def blunt(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two such versions and no other: of the main set, and of the yes/no set."""
    folder = tmp_path_factory.mktemp("two-way")
    shutil.copytree(built.inputs, folder / "inputs")
    shutil.copytree(built.outputs / "dataset", folder / "outputs" / "dataset")
    settings = built.model_copy(update={"inputs": folder / "inputs", "outputs": folder / "outputs"})
    write_binary_version(settings, "four-block")
    write_binary_version(settings, "binary-vgg16", binary_set=True)
    return settings


@pytest.fixture(params=["four-block", "binary-vgg16"])
def version(request: pytest.FixtureRequest, blunt: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The version that the pages speak of."""
    monkeypatch.setenv("BRAINTUMOR_VERSION", request.param)
    use(blunt.inputs, blunt.outputs, monkeypatch)
    return str(request.param)


def _said(app: AppTest) -> str:
    """All a page says, charts and tables with it."""
    charts = [chart.proto.alt for chart in app.get("plotly_chart")]
    tables = [str(table.value) for table in (*app.table, *app.dataframe)]
    return "\n".join([words(app), *charts, *tables]).lower()


def _kinds_in(text: str) -> list[str]:
    return [c for c in KINDS if c in text]


def test_the_reading_room_says_tumour_or_none_and_no_kind(version: str, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [(f"scan-{i}.png", content, kind) for i, (_, content, kind) in enumerate(scans)])
    answers = set()
    for number in range(len(scans)):
        choose(app, number)
        assert _kinds_in(_said(app)) == []
        pane = shown(app)["scan"]["panes"][0]
        assert _kinds_in(pane["said"].lower()) == []
        answers |= {word for word in ("it says tumour", "it says no tumour") if word in _said(app)}
        assert app.get("plotly_chart")[0].proto.alt.endswith("No kind of tumour is told.")
    assert answers == {"it says tumour", "it says no tumour"}


def test_what_is_taken_along_says_no_kind(version: str, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    readings = app.session_state["reading-room"].readings()
    rows = list(csv.DictReader(io.StringIO(make_csv(readings, {}).decode("utf-8"))))
    assert {row["result"] for row in rows} == {"tumor", "notumor"}
    assert all(row[f"p_{kind}"] == "" for row in rows for kind in KINDS)
    assert make_zip(readings, {}, Detector.load(version), "").startswith(b"PK")
    app.switch_page("app_pages/session_log.py").run()
    assert not app.exception
    assert set(app.dataframe[0].value["Likeliest"]) == {"Tumour", "No tumour"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_its_performance_is_drawn(part: str, version: str, open_page: Open) -> None:
    app = open_page("performance", part=part)
    assert not app.exception
    assert "None" not in [line.strip("` ") for line in words(app).splitlines()]
    if part in MEASURED:
        assert app.get("plotly_chart") or app.table
        assert f"braintumor evaluate {version}" not in words(app)
    if part in ("Scores", "Curves", "Certainty"):
        assert _kinds_in(_said(app)) == []


def test_scores_are_of_two_answers(version: str, open_page: Open) -> None:
    app = open_page("performance", part="Scores")
    matrix = app.get("plotly_chart")[0].proto.alt
    assert matrix.startswith("Confusion matrix, rows the truth. Tumour: ")
    assert "no tumour: " in matrix.lower()
    recalls = next(table.value for table in app.table if "Recall" in table.value)
    assert list(recalls.index) == ["Tumour", "No tumour"]


def test_a_cell_of_the_matrix_lists_tumours_of_any_kind(version: str, open_page: Open) -> None:
    app = open_page("performance", part="Scores")
    for key in ("cell-truth", "cell-called"):
        app.selectbox(key).set_value("tumor")
    app.run()
    assert not app.exception
    assert "of tumour called tumour, surest first" in words(app)


def test_where_nothing_was_outlined_no_place_is_spoken_of(version: str, open_page: Open) -> None:
    said = words(open_page("performance", part="Where"))
    assert ("Nobody outlined the tumours" in said) == version.startswith("yesno")


def test_the_card_says_what_it_tells_and_what_it_learnt_from(version: str, open_page: Open) -> None:
    facts = open_page("performance", part="Model card").table[0].value["Value"]
    assert facts["Tells"] == "tumour or none, and no kind of tumour"
    assert ("yes/no" in facts["Learnt from"]) == version.startswith("yesno")
    assert facts["Says tumour from"] == "40.0%"


def test_practice_counts_tumour_or_none(version: str, open_page: Open) -> None:
    app = open_page("practice")
    app.number_input(SEED_KEY).set_value(7).run()
    for _ in range(3):
        app.button("guess-1").click().run()
        assert not app.exception
        truth = next(h.value for h in app.header if h.value.startswith("The truth")).removeprefix("The truth: ")
        yours = next(str(b.value) for b in app.get("markdown") if "You said glioma" in str(b.value))
        assert ("right" in yours) == (truth != "no tumour")
        assert "You said glioma, a tumour:" in yours
        assert "of each class" not in app.get("plotly_chart")[0].proto.alt
        assert app.get("plotly_chart")[0].proto.alt.count("%") == 1
        app.button("practice-next").click().run()
    assert "tumour or none" in words(app)
    assert ("near copies of some of them" in words(app)) == version.startswith("yesno")
    assert set(app.dataframe[0].value[version]) <= {"Tumour", "No tumour"}


def test_whether_four_classes_are_told_apart_it_cannot_say(version: str, open_page: Open) -> None:
    said = words(open_page("hypotheses"))
    assert f"Version {version} tells tumour from none and no kinds, so it cannot say." in said
    assert "needed at least 95%" not in said


def test_it_is_compared_with_its_like_alone_unless_asked(version: str, open_page: Open) -> None:
    app = open_page("performance", part="Compare")
    box = next(box for box in app.multiselect if box.label == "Versions")
    assert box.value == [version]
    box.set_value(["four-block", "binary-vgg16"]).run()
    other = ({"four-block", "binary-vgg16"} - {version}).pop()
    assert f"so that numbers do not compare: {other}." in words(app)


def test_the_gallery_calls_tumour_or_none(version: str, open_page: Open) -> None:
    app = open_page("practice", practice="Gallery")
    assert not app.exception
    said = words(app)
    if version.startswith("yesno"):
        assert "learnt from another image set" in said
    else:
        assert "Called tumour" in said or "Called no tumour" in said
        assert "Called glioma" not in said


def test_the_summary_promises_no_kind(version: str, open_page: Open) -> None:
    said = words(open_page("summary"))
    assert "which kind" not in said
    assert "probability of each class" not in said
    assert "no kind of tumour" in said
    assert ("learnt from the yes/no set" in said) == version.startswith("yesno")
