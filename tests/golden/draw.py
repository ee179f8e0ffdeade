"""Golden scans and their model inputs; `python -m tests.golden.draw` writes both."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import InputSpec, preprocess, read_scan

FOLDER = Path(__file__).parent
SCANS = FOLDER / "scans"
MODEL_INPUTS = FOLDER / "frames.npz"
INPUT_SPECS = {
    "letterbox": InputSpec(height=75, width=75),
    "stretch": InputSpec(height=48, width=64, channels=1, crop_margin=False, fit="stretch"),
}


def draw_head(height: int = 132, width: int = 104) -> NDArray[np.float64]:
    """Draw a head, 0 to 1: an off-centre ellipse with a bright lesion, and a notch that shows the orientation."""
    rows, columns = np.mgrid[0:height, 0:width]
    inside = ((rows - 0.55 * height) / (0.36 * height)) ** 2 + ((columns - 0.46 * width) / (0.38 * width)) ** 2
    drawn = np.where(inside < 1, 0.35 + 0.25 * np.sin(rows / 9) * np.cos(columns / 7) + 0.1 * (1 - inside), 0.01)
    drawn[(inside >= 0.85) & (inside < 1)] = 0.9
    drawn[(rows - 0.42 * height) ** 2 + (columns - 0.62 * width) ** 2 < 0.008 * height * width] = 0.98
    drawn[int(0.3 * height) : int(0.38 * height), int(0.2 * width) : int(0.27 * width)] = 0.05
    return np.clip(drawn, 0, 1)


def make_arrays() -> dict[str, NDArray[np.generic]]:
    """Return arrays of every type that `read_scan` accepts."""
    drawn = draw_head()
    gray = np.rint(drawn * 255).astype(np.uint8)
    color = np.stack([gray, gray // 2 + 40, 255 - gray // 3], axis=2)
    alpha = np.where(drawn > 0.02, 255, 90).astype(np.uint8)
    return {
        "array-uint8": gray,
        "array-bool": drawn > 0.4,
        "array-uint16": np.rint(drawn * 4095).astype(np.uint16),
        "array-int32": np.rint(drawn * 2000 - 1000).astype(np.int32),
        "array-float64": drawn * 3 - 1,
        "array-rgb": color,
        "array-rgba": np.dstack([color, alpha]),
        "array-one-channel": gray[..., None],
    }


def draw_scans(folder: Path = SCANS) -> None:
    """Write the golden files in every mode, bit depth and orientation that `read_scan` supports."""
    drawn = make_arrays()
    gray, color = Image.fromarray(drawn["array-uint8"]), Image.fromarray(drawn["array-rgb"])
    with_alpha = Image.fromarray(drawn["array-rgba"])
    folder.mkdir(exist_ok=True)
    gray.save(folder / "l.png")
    gray.save(folder / "l.jpg", quality=90)
    color.save(folder / "rgb.png")
    color.save(folder / "rgb-420.jpg", quality=90, subsampling="4:2:0")
    color.save(folder / "rgb-444.jpg", quality=90, subsampling="4:4:4")
    color.save(folder / "rgb-progressive.jpg", quality=90, progressive=True)
    color.save(folder / "rgb-not-ycc.jpg", quality=90, keep_rgb=True)
    with_alpha.save(folder / "rgba.png")
    Image.merge("LA", (gray, with_alpha.getchannel("A"))).save(folder / "la.png")
    color.quantize(64).save(folder / "p.png")
    gray.save(folder / "l-transparent-colour.png", transparency=int(drawn["array-uint8"][0, 0]))
    color.quantize(64).save(folder / "p-transparent-colour.png", transparency=0)
    gray.convert("1").save(folder / "1.png")
    Image.fromarray(drawn["array-uint16"]).save(folder / "i16.png")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        gray.save(folder / f"exif-{orientation}.jpg", quality=90, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    gray.save(folder / "exif-6.png", exif=exif)


def preprocess_golden_scans() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield the name and model input of each golden file and array under each input specification."""
    sources = {path.name: path for path in sorted(SCANS.iterdir())} | make_arrays()
    for name, source in sources.items():
        scan = read_scan(source)
        for title, input_spec in INPUT_SPECS.items():
            yield f"{name} {title}", preprocess(scan, input_spec)[0]


if __name__ == "__main__":
    draw_scans()
    np.savez_compressed(MODEL_INPUTS, **dict(preprocess_golden_scans()))
