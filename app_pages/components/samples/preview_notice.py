"""Notice on pages that show previews because the image set is not on this machine."""

from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_missing
from braintumor.samples import list_previews
from braintumor.samples.previews import PREVIEW_SIDE


def show_preview_notice(note: str, *more_commands: str) -> None:
    """Say that the images are small previews, what follows from that, and how to get the image set."""
    show_missing(
        f"The image set is not on this machine. **Small previews** are shown instead: "
        f"{pluralize(len(list_previews()), 'validation and test image')} of it, at {PREVIEW_SIDE} pixels (CC0). {note} "
        "Download the full images with:",
        "braintumor data fetch", *more_commands,
    )  # fmt: skip
