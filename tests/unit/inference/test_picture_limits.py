"""The verdict respects what the picture shows: no sheet, screenshot or photograph is ever cleared."""

from dataclasses import replace

import pytest

from braintumor.enums import PictureKind, Verdict
from braintumor.imaging import read_scan
from braintumor.inference.decision import limit_by_picture
from tests.helpers.scan_files.pictures import draw_slice

PANELS = ((0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 8, 16), (8, 8, 16, 16))


@pytest.mark.parametrize("kind", [PictureKind.SHEET, PictureKind.SCREENSHOT, PictureKind.PHOTOGRAPH])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_other_pictures_are_uncertain_or_rejected_with_their_kind(kind: PictureKind, verdict: Verdict) -> None:
    scan = replace(read_scan(draw_slice()), picture=kind, panels=PANELS)
    limited, reason = limit_by_picture(verdict, "Because.", scan)
    assert limited is (verdict if verdict is Verdict.NOT_BRAIN_MRI else Verdict.UNCERTAIN)
    assert {"multi-panel sheet": "2x2 sheet", "screenshot of a viewer": "screenshot"}.get(kind, "photograph") in reason
    assert reason.endswith("Because.")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_text_on_the_head_only_prevents_clearing(verdict: Verdict) -> None:
    scan = replace(read_scan(draw_slice()), has_text_on_head=True)
    limited, reason = limit_by_picture(verdict, "Because.", scan)
    if verdict is Verdict.NO_TUMOR_FOUND:
        assert (limited, reason.split(",")[0]) == (Verdict.UNCERTAIN, "Text or marks lie on the head")
    else:
        assert (limited, reason) == (verdict, "Because.")


def test_plain_slice_is_not_limited() -> None:
    assert limit_by_picture(Verdict.NO_TUMOR_FOUND, "Because.", read_scan(draw_slice())) == (
        Verdict.NO_TUMOR_FOUND,
        "Because.",
    )
