"""Measures: how large the outlined tumour is, where one was looked for and outlined."""

from dataclasses import dataclass

from braintumor.inference.detection import Detection
from braintumor.vocabulary import Verdict


@dataclass(frozen=True, slots=True)
class LesionSize:
    """Size of an outline; None for whatever was not measured."""

    area_pixels: int | None = None
    area_mm2: float | None = None
    diameter_pixels: float | None = None
    diameter_mm: float | None = None

    def __str__(self) -> str:
        """In words, in millimetres where the file gives their size, such as `412 mm², longest diameter 28.1 mm`."""
        if self.area_pixels is None:
            return "not measured by this version"
        if self.area_pixels == 0:
            return "nothing outlined"
        said = [f"{self.area_pixels:,} pixels"]
        if self.area_mm2 is not None:
            said.insert(0, f"{self.area_mm2:,.0f} mm²")
        if self.diameter_mm is not None:
            said.append(f"longest diameter {self.diameter_mm:.1f} mm")
        elif self.diameter_pixels is not None:
            said.append(f"longest diameter {self.diameter_pixels:.0f} pixels (the file gives no pixel size)")
        return ", ".join(said)


def lesion_size(detection: Detection) -> LesionSize:
    """Measures of a detection; none of a picture taken for no brain MRI, where no tumour was looked for."""
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return LesionSize()
    return LesionSize(
        area_pixels=detection.area_pixels,
        area_mm2=detection.area_mm2,
        diameter_pixels=detection.diameter_pixels,
        diameter_mm=detection.diameter_mm,
    )
