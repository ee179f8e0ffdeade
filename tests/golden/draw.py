"""Draws the golden scans and pins what standardize makes of them: `python -m tests.golden.draw` writes both anew."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import InputSpec, preprocess, read_scan

FOLDER = Path(__file__).parent
SCANS = FOLDER / "scans"
FRAMES = FOLDER / "frames.npz"
CONTRACTS = {
    "letterbox": InputSpec(height=75, width=75),
    "stretch": InputSpec(height=48, width=64, channels=1, crop_margin=False, fit="stretch"),
}


def head(height: int = 132, width: int = 104) -> NDArray[np.float64]:
    """A drawn head, 0 to 1: an ellipse off the centre, a bright lesion, a notch that tells which way is up."""
    rows, columns = np.mgrid[0:height, 0:width]
    inside = ((rows - 0.55 * height) / (0.36 * height)) ** 2 + ((columns - 0.46 * width) / (0.38 * width)) ** 2
    drawn = np.where(inside < 1, 0.35 + 0.25 * np.sin(rows / 9) * np.cos(columns / 7) + 0.1 * (1 - inside), 0.01)
    drawn[(inside >= 0.85) & (inside < 1)] = 0.9
    drawn[(rows - 0.42 * height) ** 2 + (columns - 0.62 * width) ** 2 < 0.008 * height * width] = 0.98
    drawn[int(0.3 * height) : int(0.38 * height), int(0.2 * width) : int(0.27 * width)] = 0.05
    return np.clip(drawn, 0, 1)


def arrays() -> dict[str, NDArray[np.generic]]:
    """Drawn arrays of every kind that `read_scan` takes."""
    drawn = head()
    grey = np.rint(drawn * 255).astype(np.uint8)
    colour = np.stack([grey, grey // 2 + 40, 255 - grey // 3], axis=2)
    alpha = np.where(drawn > 0.02, 255, 90).astype(np.uint8)
    return {
        "array-uint8": grey,
        "array-bool": drawn > 0.4,
        "array-uint16": np.rint(drawn * 4095).astype(np.uint16),
        "array-int32": np.rint(drawn * 2000 - 1000).astype(np.int32),
        "array-float64": drawn * 3 - 1,
        "array-rgb": colour,
        "array-rgba": np.dstack([colour, alpha]),
        "array-one-channel": grey[..., None],
    }


def draw_scans(folder: Path = SCANS) -> None:
    """Write the golden files: every mode, depth and turn that `read_scan` takes."""
    drawn = arrays()
    grey, colour = Image.fromarray(drawn["array-uint8"]), Image.fromarray(drawn["array-rgb"])
    with_alpha = Image.fromarray(drawn["array-rgba"])
    folder.mkdir(exist_ok=True)
    grey.save(folder / "l.png")
    grey.save(folder / "l.jpg", quality=90)
    colour.save(folder / "rgb.png")
    colour.save(folder / "rgb-420.jpg", quality=90, subsampling="4:2:0")
    colour.save(folder / "rgb-444.jpg", quality=90, subsampling="4:4:4")
    colour.save(folder / "rgb-progressive.jpg", quality=90, progressive=True)
    colour.save(folder / "rgb-not-ycc.jpg", quality=90, keep_rgb=True)
    with_alpha.save(folder / "rgba.png")
    Image.merge("LA", (grey, with_alpha.getchannel("A"))).save(folder / "la.png")
    colour.quantize(64).save(folder / "p.png")
    grey.save(folder / "l-transparent-colour.png", transparency=int(drawn["array-uint8"][0, 0]))
    colour.quantize(64).save(folder / "p-transparent-colour.png", transparency=0)
    grey.convert("1").save(folder / "1.png")
    Image.fromarray(drawn["array-uint16"]).save(folder / "i16.png")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        grey.save(folder / f"exif-{orientation}.jpg", quality=90, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey.save(folder / "exif-6.png", exif=exif)


def standardized() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Name and frame of each golden file and array under each contract, as the code makes them now."""
    sources = {path.name: path for path in sorted(SCANS.iterdir())} | arrays()
    for name, source in sources.items():
        scan = read_scan(source)
        for title, contract in CONTRACTS.items():
            yield f"{name} {title}", preprocess(scan, contract)[0]


if __name__ == "__main__":
    draw_scans()
    np.savez_compressed(FRAMES, **dict(standardized()))
