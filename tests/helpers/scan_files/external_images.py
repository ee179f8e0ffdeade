"""Write a few external images of phantoms with their manifest."""

from typing import Final

import pandas as pd
from PIL import Image

from braintumor.datasets.external.manifest import EXTERNAL_COLUMNS, write_external_manifest
from braintumor.datasets.external.sets import EXTERNAL_SETS, external_folder
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.fileio import sha256_file
from braintumor.settings import Settings

# Set, label, phantom, field, and whether there is a mask.
EXTERNAL_IMAGES: Final = (
    ("ds000011", "notumor", TumorClass.NOTUMOR, "brain", False),
    ("ds000011", "notumor", TumorClass.NOTUMOR, "outside", False),
    ("btp_t1c", "glioma", TumorClass.GLIOMA, "", True),
    ("rsna_brats21_t1c", "glioma", TumorClass.GLIOMA, "", False),
    ("lgg_other", "glioma", TumorClass.GLIOMA, "", True),
    ("yale_mets_t2", "tumor", TumorClass.MENINGIOMA, "", False),
    ("openms_ljubljana", "other-lesion", TumorClass.NOTUMOR, "", False),
)


def write_external_images(settings: Settings) -> None:
    """Write the images, masks and manifest, all in the training split."""
    rows = []
    for number, (origin, label, phantom, field, has_mask) in enumerate(EXTERNAL_IMAGES):
        drawn, path = make_phantom(phantom, 50 + number), f"{origin}/images/{number}.png"
        for name, pixels in [("images", drawn.pixels), *([("masks", drawn.mask)] if has_mask else [])]:
            file = external_folder(settings) / origin / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
        height, width = drawn.pixels.shape
        file_values = {"sha256": sha256_file(external_folder(settings) / path), "width": width, "height": height}
        set_values = {"origin": origin, "licence": EXTERNAL_SETS[origin].licence, "group": f"{origin}/p"}
        image = {"path": path, "label": label, "field": field, "has_mask": has_mask, "split": "train", "plane": "axial"}
        rows.append(file_values | set_values | image)
    write_external_manifest(pd.DataFrame(rows, columns=list(EXTERNAL_COLUMNS), dtype=object).fillna(""), settings)
