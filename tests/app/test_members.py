"""The Performance page says what an ensemble is made of, where other versions show how they learnt."""

import json

from braintumor.settings import Settings
from tests.app.conftest import Open, words


def test_an_ensemble_shows_its_members_and_their_weights(artifacts: Settings, open_page: Open) -> None:
    folder = artifacts.outputs / "v1"
    card = json.loads((folder / "card.json").read_text())
    said = {"task": "four-class", "temperature": 1.5, "validation_loss": 0.2, "parameters": 580, "sha256": "0" * 64}
    card["members"] = [{"version": "small", "weight": 0.25, **said}, {"version": "large", "weight": 0.75, **said}]
    card["ensemble"] = {"averaged": "log-probabilities", "weighted": True, "chosen": "On 20 validation images."}
    card["ensemble"]["validation_loss"] = {"equal": 0.15, "weighted": 0.125}
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "history.csv").unlink()
    (folder / "figures" / "architecture.png").unlink()
    app = open_page("performance", part="Training")
    assert not app.exception
    shown = [str(cell) for table in app.table for cell in table.value.reset_index().to_numpy().ravel()]
    assert {"small", "large", "25.0%", "75.0%"} <= set(shown)
    assert "0.125" in words(app)
    assert "no training history" not in words(app)
    assert "no picture" not in words(app)
