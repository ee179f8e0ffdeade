"""The Practice page under AppTest."""

from collections.abc import Iterator
from typing import Any, Final

from streamlit.testing.v1 import AppTest

from app_pages.components.practice.round import SEED_KEY
from braintumor.enums import CLASSES, TumorClass
from braintumor.reader_study.cases import Case
from tests.app.conftest import Open

ROUND: Final = 7
PHANTOM_BADGE: Final = "Synthetic phantom, not a scan"


def open_round(open_page: Open) -> AppTest:
    """Open the page on a fixed round."""
    app = open_page("practice")
    app.number_input(SEED_KEY).set_value(ROUND).run()
    assert not app.exception
    return app


def guess(app: AppTest, label: TumorClass) -> None:
    """Answer the current scan."""
    app.button(f"guess-{CLASSES.index(label) + 1}").click().run()
    assert not app.exception


def next_scan(app: AppTest) -> None:
    """Go to the next scan."""
    app.button("practice-next").click().run()
    assert not app.exception


def wrong_class(case: Case) -> TumorClass:
    """Return a wrong answer."""
    return next(label for label in CLASSES if label is not case.label)


def sent_text(app: AppTest) -> str:
    """Return everything the browser receives, in lower case, without the labels of the answer buttons."""
    messages = [
        str(node.proto) for node in _iter_nodes(app.main) if not str(getattr(node, "key", "")).startswith("guess-")
    ]
    return "\n".join(messages).lower()


def _iter_nodes(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from _iter_nodes(child)


def image_url(app: AppTest) -> str:
    """Return the URL of the scan."""
    return str(app.get("image")[0].proto.imgs[0].url)
