"""Manifest of the external sets: what is written is read back, alone and joined with the Kaggle set."""

from pathlib import Path

import numpy as np
import pytest

from braintumor.cli import main
from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.external.audit import audit_external
from braintumor.datasets.external.fetch import fetch_external
from braintumor.datasets.external.manifest import (
    EXTERNAL_COLUMNS,
    external_manifest_path,
    read_all_manifests,
    read_external_manifest,
)
from braintumor.datasets.external.sets import EXTERNAL_SETS
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.errors import DatasetError
from braintumor.settings import Settings


@pytest.fixture(scope="module")
def audited(unchanged_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("audited")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    fetch_external(unchanged_sources, unchanged_sources / "table.csv", settings)
    write_phantoms(settings.dataset, per_class=4)
    audit_dataset(settings)
    audit_external(unchanged_sources / "table.csv", settings)
    return settings


def test_manifest_has_every_image_with_its_set_licence_and_height(audited: Settings) -> None:
    manifest = read_external_manifest(audited)
    prepared = manifest[manifest["field"] == ""]
    assert tuple(manifest.columns) == EXTERNAL_COLUMNS
    assert prepared["origin"].value_counts().to_dict() == {
        "lgg_other": 10, "ds000011": 5, "yale_mets_t2": 5, "openms_ljubljana": 5,
    }  # fmt: skip
    lgg = manifest[manifest["origin"] == "lgg_other"]
    assert set(lgg["licence"]) == {"CC-BY-3.0 AND CC-BY-NC-SA-4.0"}
    assert lgg.groupby("label")["has_mask"].mean().to_dict() == {"glioma": 1.0, "notumor": 0.0}
    assert (prepared["slice_height"] == 0.5).all()


def test_slices_of_a_volume_share_the_group_of_the_persons_prepared_slices(audited: Settings) -> None:
    manifest = read_external_manifest(audited)
    cut = manifest[manifest["path"].str.startswith("ds000011-slices/")]
    prepared = manifest[manifest["path"] == "ds000011/images/p0_notumor.jpg"]
    assert set(cut["origin"]) == {"ds000011"}
    assert set(cut["group"]) == set(prepared["group"])
    assert set(cut["split"]) == set(prepared["split"])
    assert set(cut["field"]) == {"brain", "outside"}
    assert cut["slice_height"].between(0, 1).all()


def test_joined_manifest_has_paths_relative_to_inputs(audited: Settings) -> None:
    manifest = read_all_manifests(audited)
    assert all((audited.inputs / path).is_file() for path in manifest["path"])
    is_external = manifest["origin"].isin(EXTERNAL_SETS)
    assert manifest.loc[~is_external, "licence"].unique().tolist() == ["CC0-1.0"]
    assert np.isnan(manifest.loc[~is_external, "slice_height"]).all()
    assert manifest.loc[is_external].index.min() == (~is_external).sum()


def test_without_external_images_the_command_to_get_them_is_named(
    workspace: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DatasetError, match="braintumor data fetch --external"):
        read_external_manifest(workspace)
    assert main(["data", "audit", "--external"]) == 1
    assert "There are no external images in inputs. Get them with:" in capsys.readouterr().err


def test_manifest_without_a_column_names_it(audited: Settings, workspace: Settings) -> None:
    path = external_manifest_path(workspace)
    path.parent.mkdir()
    path.write_text(external_manifest_path(audited).read_text().replace("licence", "license", 1))
    with pytest.raises(DatasetError, match=r"lacks \['licence'\]"):
        read_external_manifest(workspace)


def test_committed_manifest_has_no_person_on_two_sides(root: Path) -> None:
    manifest = read_external_manifest(Settings(outputs=root / "outputs"))
    assert set(manifest["origin"]) == EXTERNAL_SETS.keys()
    assert (manifest.groupby("group")["split"].nunique() == 1).all()
    people = manifest[manifest["patient"] != ""].groupby(["origin", "patient"])
    assert (people["split"].nunique() == 1).all()
    assert set(manifest.loc[manifest["field"] != "", "plane"]) == {"axial", "coronal", "sagittal"}
