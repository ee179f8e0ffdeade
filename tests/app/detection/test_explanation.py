"""The explanation in words on the Detection page: language, writing direction, and what it is about."""

from streamlit.testing.v1 import AppTest

from braintumor.settings import Settings
from tests.app.conftest import Open, Upload
from tests.helpers.apptest.detection import upload, wait_until_read


def _explanations(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html") if 'class="explanation"' in element.proto.body]


def test_explanation_follows_the_chosen_language_and_its_direction(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    app = upload(open_page, scans[:1])
    first, rest = _explanations(app)
    assert 'lang="en" dir="ltr"' in first
    assert "What it cannot know" in rest
    app.selectbox(key="language-0").set_value("ar").run()
    assert not app.exception
    first, rest = _explanations(app)
    assert 'lang="ar" dir="rtl"' in first
    assert "ما لا يمكنه معرفته" in rest
    assert app.query_params["language"] == "ar"


def test_language_in_the_address_is_that_of_the_explanation(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    app = open_page("detection", language="de")
    app.file_uploader[0].set_value(scans[:1]).run()
    first, rest = _explanations(wait_until_read(app))
    assert first.startswith('<div class="explanation" lang="de" dir="ltr"><p>Auf dieser Schicht')
    assert "Was es nicht wissen kann" in rest
