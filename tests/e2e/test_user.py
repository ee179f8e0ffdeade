"""The test user waits for images whose code is loaded late."""

import pytest
from playwright.sync_api import Browser, Route, expect

from braintumor.samples import list_samples
from tests.helpers.e2e.user import User, open_dashboard

pytestmark = pytest.mark.slow

# The code that draws images, which Streamlit loads with the first of them.
IMAGE_CODE = "**/ImageList*.js"
# Of the first page: the example and a thumbnail of each sample.
IMAGES = 1 + len(list_samples())


def test_settling_waits_for_images_whose_code_is_late(
    browser: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delayed: list[Route] = []

    def delay(route: Route) -> None:
        delayed.append(route)

    with open_dashboard(browser, address) as user:
        page = user.page
        page.route(IMAGE_CODE, delay)
        user.is_answer_pending = True
        page.reload()
        expect(page.get_by_test_id("stSkeleton")).to_have_count(IMAGES)
        with monkeypatch.context() as impatient:
            impatient.setattr("tests.helpers.e2e.user.PATIENCE", 1.5)
            with pytest.raises(AssertionError, match="an image is not loaded"):
                user.settle()
        assert (len(delayed), _count_images(user)) == (1, 0)
        delayed.pop().continue_()
        user.settle()
        assert _count_images(user) == IMAGES


def _count_images(user: User) -> int:
    return user.page.get_by_test_id("stImage").locator("img").count()
