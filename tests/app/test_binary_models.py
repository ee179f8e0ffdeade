"""Pages of a binary model are complete, and never show a tumour type."""

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
from tests.helpers.apptest.detection import reading_session, select_item, upload, viewer_data
from tests.helpers.versions.binary import write_binary_version

pytestmark = pytest.mark.slow

TUMOR_TYPES = [c for c in CLASSES if c.is_tumor]
TABS = (
    "Scores", "Curves", "Uncertainty", "Localization", "Subgroups", "External", "Training", "Model card",
)  # fmt: skip
# Tabs that need only card, evaluation and curves.
EVALUATED_TABS = ("Scores", "Curves", "Uncertainty", "Subgroups", "Training")


@pytest.fixture(scope="session")
def binary_models(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Write two binary models and no other: trained on the main set, and on the binary set."""
    folder = tmp_path_factory.mktemp("binary")
    shutil.copytree(built.inputs, folder / "inputs")
    shutil.copytree(built.outputs / "dataset", folder / "outputs" / "dataset")
    settings = built.model_copy(update={"inputs": folder / "inputs", "outputs": folder / "outputs"})
    write_binary_version(settings, "four-block")
    write_binary_version(settings, "binary-vgg16", binary_set=True)
    return settings


@pytest.fixture(params=["four-block", "binary-vgg16"])
def version(request: pytest.FixtureRequest, binary_models: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a binary model the served version."""
    monkeypatch.setenv("BRAINTUMOR_VERSION", request.param)
    use(binary_models.inputs, binary_models.outputs, monkeypatch)
    return str(request.param)


def _is_trained_on_binary_set(version: str) -> bool:
    return version == "binary-vgg16"


def _all_texts(app: AppTest) -> str:
    """Return all texts of a page, including charts and tables."""
    charts = [chart.proto.alt for chart in app.get("plotly_chart")]
    tables = [str(table.value) for table in (*app.table, *app.dataframe)]
    return "\n".join([words(app), *charts, *tables]).lower()


def _tumor_types_in(text: str) -> list[str]:
    return [c for c in TUMOR_TYPES if c in text]


def test_detection_shows_no_tumor_type(version: str, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [(f"scan-{i}.png", content, kind) for i, (_, content, kind) in enumerate(scans)])
    for number in range(len(scans)):
        select_item(app, number)
        assert _tumor_types_in(_all_texts(app)) == []
        panel = viewer_data(app)["scan"]["panels"][0]
        assert _tumor_types_in(panel["alt_text"].lower()) == []
        assert app.get("plotly_chart")[0].proto.alt.endswith("This model does not predict the tumour type.")


def test_downloads_have_no_tumor_type(version: str, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    readings = reading_session(app).readings()
    rows = list(csv.DictReader(io.StringIO(make_csv(readings, {}).decode("utf-8-sig"))))
    assert {row["result"] for row in rows} == {"tumor", "notumor"}
    assert all(row[f"p_{tumor_type}"] == "" for row in rows for tumor_type in TUMOR_TYPES)
    assert make_zip(readings, {}, Detector.load(version), "").startswith(b"PK")
    app.switch_page("app_pages/session_log.py").run()
    assert not app.exception
    assert set(app.dataframe[0].value["Most likely class"]) == {"Tumour", "No tumour"}


@pytest.mark.parametrize("tab", TABS)
def test_performance_tab_renders(tab: str, version: str, open_page: Open) -> None:
    app = open_page("performance", part=tab)
    assert not app.exception
    assert "None" not in [line.strip("` ") for line in words(app).splitlines()]
    if tab in EVALUATED_TABS:
        assert app.get("plotly_chart") or app.table
        assert f"braintumor evaluate {version}" not in words(app)
    if tab in ("Scores", "Curves", "Uncertainty"):
        assert _tumor_types_in(_all_texts(app)) == []


def test_scores_are_of_two_classes(version: str, open_page: Open) -> None:
    app = open_page("performance", part="Scores")
    matrix = app.get("plotly_chart")[0].proto.alt
    assert matrix.startswith("Confusion matrix, rows are true classes. Tumour: ")
    assert "no tumour: " in matrix.lower()
    recalls = next(table.value for table in app.table if "Recall (95% CI)" in table.value)
    assert list(recalls.index) == ["Tumour", "No tumour"]


def test_cell_of_the_confusion_matrix_lists_tumors_of_any_type(version: str, open_page: Open) -> None:
    app = open_page("performance", part="Scores")
    for key in ("cell-truth", "cell-called"):
        app.selectbox(key).set_value("tumor")
    app.run()
    assert not app.exception
    assert "tumour predicted as tumour, most certain first" in words(app)


def test_localization_needs_reference_outlines(version: str, open_page: Open) -> None:
    text = words(open_page("performance", part="Localization"))
    assert ("have no reference outlines" in text) == _is_trained_on_binary_set(version)


def test_card_shows_task_and_training_set(version: str, open_page: Open) -> None:
    rows = open_page("performance", part="Model card").table[0].value["Value"]
    assert rows["Predicts"] == "tumour or no tumour, without tumour type"
    assert ("binary" in rows["Trained on"]) == _is_trained_on_binary_set(version)
    assert rows["Predicts tumour at or above"] == "40.0%"


def test_practice_scores_tumor_or_no_tumor(version: str, open_page: Open) -> None:
    app = open_page("practice")
    app.number_input(SEED_KEY).set_value(7).run()
    for _ in range(3):
        app.button("guess-1").click().run()
        assert not app.exception
        truth = next(h.value for h in app.header if h.value.startswith("True class: ")).removeprefix("True class: ")
        badge = next(str(m.value) for m in app.get("markdown") if "You answered glioma" in str(m.value))
        assert ("right" in badge) == (truth != "no tumour")
        assert "You answered glioma, scored as tumour:" in badge
        assert "Class probabilities" not in app.get("plotly_chart")[0].proto.alt
        assert app.get("plotly_chart")[0].proto.alt.count("%") == 1
        app.button("practice-next").click().run()
    assert "only tumour vs no tumour is scored" in words(app)
    assert ("near-duplicates of some of them" in words(app)) == _is_trained_on_binary_set(version)
    assert set(app.dataframe[0].value[version]) <= {"Tumour", "No tumour"}


def test_classification_hypothesis_does_not_apply(version: str, open_page: Open) -> None:
    text = words(open_page("hypotheses"))
    assert f"Version {version} does not predict the tumour type." in text
    assert "target at least 95%" not in text


def test_only_comparable_versions_are_compared_by_default(version: str, open_page: Open) -> None:
    app = open_page("performance", part="Compare")
    box = next(box for box in app.multiselect if box.label == "Versions")
    assert box.value == [version]
    box.set_value(["four-block", "binary-vgg16"]).run()
    other = ({"four-block", "binary-vgg16"} - {version}).pop()
    assert f"Not comparable with {version}" in words(app)
    assert f"another split: {other}." in words(app)


def test_gallery_shows_tumor_or_no_tumor(version: str, open_page: Open) -> None:
    app = open_page("practice", practice="Gallery")
    assert not app.exception
    text = words(app)
    if _is_trained_on_binary_set(version):
        assert "trained and tested on another image set" in text
    else:
        assert "Predicted tumour" in text or "Predicted no tumour" in text
        assert "Predicted glioma" not in text


def test_summary_mentions_no_tumor_type(version: str, open_page: Open) -> None:
    text = words(open_page("summary"))
    assert "which type" not in text
    assert "probability of each class" not in text
    assert "does not predict the tumour type" in text
    assert ("was trained on the binary" in text) == _is_trained_on_binary_set(version)
