"""Images stored upside down are read from the list next to the manifest."""

from pathlib import Path

import numpy as np
import pandas as pd

from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.stored_turns import UNKNOWN_TURN, UPSIDE_DOWN_FILE, read_stored_turns
from braintumor.settings import Settings


def test_listed_images_are_upside_down_or_unknown_and_all_others_upright(tmp_path: Path) -> None:
    settings = Settings(outputs=tmp_path)
    settings.dataset_outputs.mkdir()
    (settings.dataset_outputs / UPSIDE_DOWN_FILE).write_text("path,stored\nb.jpg,upside down\nc.jpg,uncertain\n")
    turns = read_stored_turns(pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"]}), settings)
    np.testing.assert_array_equal(turns, [0, 2, UNKNOWN_TURN])


def test_all_images_are_upright_without_a_list(tmp_path: Path) -> None:
    turns = read_stored_turns(pd.DataFrame({"path": ["a.jpg"]}), Settings(outputs=tmp_path))
    np.testing.assert_array_equal(turns, [0])


def test_the_list_of_this_data_set_names_only_slices_without_a_tumour() -> None:
    settings = Settings()
    manifest = read_manifest(settings)
    listed = read_stored_turns(manifest, settings) != 0
    table = pd.read_csv(settings.dataset_outputs / UPSIDE_DOWN_FILE)
    assert listed.sum() == len(table) == table["path"].nunique()
    assert set(manifest["label"][listed]) == {"notumor"}
    assert 0.25 < listed[(manifest["label"] == "notumor").to_numpy()].mean() < 0.35
