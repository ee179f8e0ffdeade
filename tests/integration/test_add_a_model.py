"""The architecture and recipe in docs/how-to/add-a-model.md can be trained, exported, evaluated and used."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import braintumor.models.architectures
from braintumor.datasets.phantoms import make_phantom
from braintumor.evaluation.evaluate import evaluate
from braintumor.imaging import read_scan
from braintumor.inference import Detector, list_models
from braintumor.settings import Settings
from braintumor.training.export import export_model
from braintumor.training.train import train
from tests.helpers.doc_examples import blocks
from tests.helpers.phantom_sets import write_split_phantoms

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-model.md"
REPLICATES = 50


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The two files shown on the page, by their path in the project."""
    return dict(blocks(PAGE, "python") + blocks(PAGE, "toml"))


@pytest.fixture(scope="module")
def settings(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a folder with a split phantom data set and the two files of the page at their project paths."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    settings = Settings(
        inputs=folder / "inputs", outputs=folder / "outputs", recipes=folder / "recipes", version="two-steps", workers=1
    )
    write_split_phantoms(settings, 16, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            braintumor.models.architectures,
            "__path__",
            [*braintumor.models.architectures.__path__, str(folder / "src/braintumor/models/architectures")],
        )
        yield settings
    sys.modules.pop("braintumor.models.architectures.two_steps", None)


@pytest.fixture(scope="module")
def version(settings: Settings) -> str:
    """Name of the trained, exported and evaluated version."""
    name = train("two-steps", settings=settings)
    export_model(name, settings)
    evaluate(name, settings, REPLICATES)
    return name


def test_page_shows_one_architecture_file_and_one_recipe(files: dict[str, str]) -> None:
    assert set(files) == {"src/braintumor/models/architectures/two_steps.py", "recipes/two-steps.toml"}
    assert not any((ROOT / name).exists() for name in files)


def test_version_has_a_complete_card_evaluation_and_history(settings: Settings, version: str) -> None:
    card = json.loads((settings.outputs / version / "card.json").read_text(encoding="utf-8"))
    assert card["architecture"] == "two_steps"
    assert card["parameters"] == 9 * 12 + 12 + 9 * 12 * 24 + 24 + 24 * 4 + 4  # filter counts from the recipe
    assert card["export"]["max_abs_difference"] <= 1e-5
    assert card["saliency"]["median_difference"] < 0.03
    evaluation = json.loads((settings.outputs / version / "evaluation.json").read_text(encoding="utf-8"))
    for accuracy in (evaluation[side]["accuracy"] for side in ("train", "validation", "test")):
        assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert len(pd.read_csv(settings.outputs / version / "history.csv")) == 2


def test_version_predicts_scans_like_any_other_model(settings: Settings, version: str) -> None:
    assert list_models(settings) == ["two-steps"]
    detector = Detector.load(settings=settings)
    scan = read_scan(make_phantom("glioma", 5).pixels)
    detection = detector.detect(scan)
    assert detection.model_version == version
    assert sum(detection.probabilities.values()) == pytest.approx(1.0)
    assert detection.heat_map.shape == detector.saliency(scan).shape == (256, 256)
