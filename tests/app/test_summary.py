"""The Summary page shows the numbers in outputs."""

import json

from braintumor.enums import CLASSES, RESEARCH_USE
from braintumor.settings import Settings
from tests.app.conftest import Open, words


def test_headline_metrics_are_those_of_the_evaluation(artifacts: Settings, open_page: Open) -> None:
    path = artifacts.outputs / "v1" / "evaluation.json"
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    evaluation["test"]["tumor_sensitivity"] = {"value": 0.8317, "low": 0.7123, "high": 0.9045, "n": 321, "groups": 12}
    path.write_text(json.dumps(evaluation), encoding="utf-8")
    app = open_page("summary")
    assert "83.2%" in [metric.value for metric in app.metric]
    assert "95% CI 71.2 to 90.4" in words(app) or "95% CI 71.2 to 90.5" in words(app)


def test_leakage_is_that_of_the_audit(artifacts: Settings, open_page: Open) -> None:
    path = artifacts.dataset_outputs / "audit.json"
    audit = json.loads(path.read_text(encoding="utf-8"))
    audit["leakage"]["official_testing"] = 1234
    audit["leakage"]["testing_with_twin_in_training"] = 617
    path.write_text(json.dumps(audit), encoding="utf-8")
    assert "617 of 1,234** official test images (50%)" in words(open_page("summary"))


def test_each_class_is_shown_with_its_average_and_count(artifacts: Settings, open_page: Open) -> None:
    app = open_page("summary")
    audit = json.loads((artifacts.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
    alts = [image.alt for element in app.get("image") for image in element.proto.imgs]
    for label in CLASSES:
        assert any(label.title in alt for alt in alts)
        assert f"**{label.title}**" in words(app)
        assert f"{audit['by_label'][label]} images" in words(app)


def test_notice_and_image_source_are_shown(artifacts: Settings, open_page: Open) -> None:
    app = open_page("summary")
    assert RESEARCH_USE in words(app)
    assert any("kaggle.com/datasets/masoudnickparvar" in link.proto.url for link in app.get("link_button"))


def test_readme_opens_on_the_same_page(artifacts: Settings, open_page: Open) -> None:
    app = open_page("summary")
    next(button for button in app.button if "README" in button.label).click().run()
    assert not app.exception


def test_damaged_audit_counts_as_missing(artifacts: Settings, open_page: Open) -> None:
    (artifacts.dataset_outputs / "audit.json").write_text("{", encoding="utf-8")
    app = open_page("summary")
    assert not app.exception
    assert "braintumor data audit" in words(app)
