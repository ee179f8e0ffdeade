"""Examination of a scan before it is read: the kind of picture, and the grey values without marks."""

from dataclasses import replace
from typing import Final

from braintumor.enums import PictureKind
from braintumor.imaging.edits import invert_scan
from braintumor.imaging.model_gray import model_gray, normalize_gray
from braintumor.imaging.picture.examination import PictureExamination, examine_picture
from braintumor.imaging.picture.sheet import grid_size
from braintumor.imaging.scan import Scan

INVERTED_WARNING: Final = "The picture was inverted (white background); it was inverted back before reading."
PAGE_WARNING: Final = "The slice lies on a white page, which was ignored. If the picture is a negative, invert it."
TEXT_WARNING: Final = "Text or marks outside the head were ignored."
PARTLY_REMOVED_WARNING: Final = "Text or marks, some of them on the head, were ignored as far as possible."
TEXT_ON_HEAD_REASON: Final = "Text or marks lie on the head, so the model may be wrong. A reader should decide."
_KIND_REASONS: Final = {
    PictureKind.SCREENSHOT: "It looks like a screenshot of a viewer; crop the slice, or export it as an image.",
    PictureKind.PHOTOGRAPH: "It looks like a photograph of a film or screen; export the slice as an image.",
}


def examine_scan(scan: Scan) -> Scan:
    """Return the scan with `clean_gray`, `picture`, `panels`, `has_text_on_head` and the warnings that follow.

    Inverted values are inverted back; otherwise only the model input differs from what is shown. Files with
    a trustworthy header, such as DICOM slices of a scanner and NIfTI volumes, are always slices; screen captures
    need not be. A scan that was examined before and has the same values is returned as it is.
    """
    if scan.is_examined:
        return scan
    gray = model_gray(scan)
    examined = examine_picture(gray, scan.values)
    if examined.is_inverted:
        scan = invert_scan(scan)
        gray = model_gray(scan)
        examined = replace(examine_picture(gray, scan.values), is_inverted=True)
    is_plain = (scan.is_screen_capture or scan.modality in ("", "OT")) and scan.mode != "F"
    sentences = (
        INVERTED_WARNING if examined.is_inverted else "",
        PAGE_WARNING if examined.has_page else "",
        _text_warning(examined),
    )
    return replace(
        scan,
        clean_gray=(scan.values, gray if examined.pixels is gray else normalize_gray(examined.pixels)),
        picture=examined.kind if is_plain else PictureKind.SLICE,
        panels=examined.panels if is_plain else (),
        has_text_on_head=examined.has_text_on_head,
        warnings=(*scan.warnings, *(text for text in sentences if text and text not in scan.warnings)),
    )


def _text_warning(examined: PictureExamination) -> str:
    if not examined.has_marks:
        return ""
    return PARTLY_REMOVED_WARNING if examined.has_text_on_head else TEXT_WARNING


def picture_reason(scan: Scan) -> str:
    """Return the sentence that says why a picture cannot be read as one slice; empty for a slice.

    Examples
    --------
    >>> import numpy as np
    >>> from braintumor.datasets.phantoms import make_phantom
    >>> slices = [make_phantom("notumor", seed).pixels for seed in range(4)]
    >>> sheet = np.vstack([np.hstack(slices[:2]), np.hstack(slices[2:])])
    >>> picture_reason(examine_scan(Scan(sheet, "sheet", "", "L", 8)))
    'It looks like a 2x2 sheet; crop one panel.'
    """
    if scan.picture is PictureKind.SHEET:
        rows, columns = grid_size(scan.panels)
        return f"It looks like a {rows}x{columns} sheet; crop one panel."
    return _KIND_REASONS.get(scan.picture, "")
