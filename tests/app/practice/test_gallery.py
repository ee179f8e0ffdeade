"""Gallery of the Practice page: test scans by class and order, on previews, and without predictions."""

from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from braintumor.enums import TumorClass
from braintumor.samples import list_previews
from braintumor.settings import Settings
from tests.app.conftest import Open, words


@pytest.fixture
def gallery(artifacts: Settings, open_page: Open) -> Callable[[], AppTest]:
    def open_() -> AppTest:
        app = open_page("practice", practice="Gallery")
        assert not app.exception
        return app

    return open_


def _alts(app: AppTest) -> list[str]:
    return [image.alt for element in app.get("image") for image in element.proto.imgs]


def _glioma_predictions(settings: Settings) -> pd.DataFrame:
    predictions = pd.read_csv(settings.outputs / "v1" / "predictions.csv")
    return predictions[(predictions["split"] == "test") & (predictions["label"] == TumorClass.GLIOMA)]


def test_test_scans_of_a_class_are_shown_largest_error_first(
    gallery: Callable[[], AppTest], artifacts: Settings
) -> None:
    rows = _glioma_predictions(artifacts).sort_values("p_glioma", kind="stable")
    alts = _alts(gallery())
    assert [alt.split(",")[0] for alt in alts] == [path.rsplit("/", 1)[-1] for path in rows["path"][:12]]
    assert all(f"{p:.1%} for glioma" in alt for alt, p in zip(alts, rows["p_glioma"], strict=False))
    assert all("synthetic" in alt for alt in alts)


def test_gallery_can_be_sorted_by_tumour_probability(gallery: Callable[[], AppTest], artifacts: Settings) -> None:
    app = gallery()
    app.selectbox("practice-order").set_value("Highest tumour probability first").run()
    rows = _glioma_predictions(artifacts).sort_values("tumor_probability", ascending=False, kind="stable")
    assert _alts(app)[0].startswith(rows.iloc[0]["path"].rsplit("/", 1)[-1])


def test_previews_have_stored_predictions_without_the_image_set(without_images: Settings, open_page: Open) -> None:
    file = without_images.outputs / "v1" / "predictions.csv"
    predictions = pd.read_csv(file)
    predictions.assign(path="other/" + predictions["path"]).to_csv(file, index=False)
    assert "None of the previews of glioma is a test scan of version v1" in words(_open_gallery(open_page))
    gliomas = predictions.index[(predictions["split"] == "test") & (predictions["label"] == TumorClass.GLIOMA)][:3]
    previews = list_previews().query("split == 'test' and label == 'glioma'")["path"].head(3)
    predictions.loc[gliomas, "path"] = previews.to_numpy()
    predictions.loc[gliomas].to_csv(file, index=False)
    app = _open_gallery(open_page)
    assert {alt.split(",")[0] for alt in _alts(app)} == {path.rsplit("/", 1)[-1] for path in previews}
    assert "3 previews of glioma" in words(app)
    assert "braintumor data fetch" in words(app)


def _open_gallery(open_page: Open) -> AppTest:
    app = open_page("practice", practice="Gallery")
    assert not app.exception
    return app


def test_missing_predictions_show_the_command_that_creates_them(
    gallery: Callable[[], AppTest], artifacts: Settings
) -> None:
    (artifacts.outputs / "v1" / "predictions.csv").unlink()
    assert "braintumor evaluate v1" in words(gallery())
