"""What a reader takes along: CSV, PDF, overlay and everything as ZIP, each made when it is asked for and not before."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import streamlit as st

from app_pages.components.reading_opinion import Opinions, finding_on
from app_pages.components.readings import Reading
from braintumor.imaging import Refusal
from braintumor.inference import Detector
from braintumor.reporting.bundle import bundle
from braintumor.reporting.csv import Row, csv_row, timestamp_text, to_csv
from braintumor.reporting.entry import ReportEntry
from braintumor.reporting.measured import measured_of
from braintumor.reporting.overlays import overlay_name, overlay_png
from braintumor.reporting.pdf import pdf_report


def rows(readings: Sequence[Reading], opinions: Opinions) -> list[Row]:
    """Rows of the CSV, in the order of the upload."""
    return [
        csv_row(reading.detection, finding_on(reading, opinions))
        if reading.detection is not None
        else reading.row or {}
        for reading in readings
    ]


def csv_bytes(readings: Sequence[Reading], opinions: Opinions) -> bytes:
    """The CSV of all readings."""
    return to_csv(rows(readings, opinions)).encode("utf-8")


def pdf_bytes(readings: Sequence[Reading], opinions: Opinions, detector: Detector, patient: str) -> bytes:
    """The report on some readings."""
    return pdf_report(
        _entries(readings, opinions), card=detector.artifact.card, failures=_failed(readings),
        measured=measured_of(detector.artifact), patient_label=patient,
    )  # fmt: skip


def zip_bytes(readings: Sequence[Reading], opinions: Opinions, detector: Detector, patient: str) -> bytes:
    """Table, report and overlays of all readings."""
    return bundle(
        _entries(readings, opinions), card=detector.artifact.card, failures=_failed(readings),
        measured=measured_of(detector.artifact), patient_label=patient,
    )  # fmt: skip


def overlay_bytes(reading: Reading) -> bytes:
    """The overlay of one scan as PNG; nothing where there is none."""
    if reading.picture is None or reading.detection is None:
        return b""
    return overlay_png(reading.picture.scan(), reading.detection)


def _entries(readings: Sequence[Reading], opinions: Opinions) -> Iterator[ReportEntry]:
    """One after the other: unpacked together, the pictures of a large series would fill the memory."""
    for reading in readings:
        if reading.picture is not None and reading.detection is not None:
            yield ReportEntry(reading.picture.scan(), reading.detection, finding_on(reading, opinions))


def _failed(readings: Sequence[Reading]) -> list[Refusal]:
    return [Refusal(r.name, r.error, r.sha256 or None) for r in readings if r.detection is None]


def stamp(readings: Sequence[Reading]) -> str:
    """When the last of them was read, as a part of a file name."""
    moments = [r.detection.timestamp for r in readings if r.detection is not None]
    last = timestamp_text(max(moments, default=datetime.now(UTC)))
    return f"{last[:19].replace(':', '').replace('-', '')}Z"


def show_downloads(readings: Sequence[Reading], chosen: Reading, opinions: Opinions, detector: Detector) -> None:
    """The buttons."""
    patient = st.text_input(
        "Name on the report", key="patient", max_chars=120, placeholder="Left empty, a report names nobody",
        help="Printed on PDF reports as you type it. It is kept in memory for this visit only.",
    )  # fmt: skip
    # Made when the button is pressed, of what the reader has said by then.
    when, kept, said = stamp(readings), tuple(readings), opinions
    with st.container(horizontal=True, gap="small"):
        _button("CSV", lambda: csv_bytes(kept, said), f"braintumor-{when}.csv", "text/csv")
        if any(reading.detection for reading in kept):
            _button("PDF, all", lambda: pdf_bytes(kept, said, detector, patient), f"braintumor-{when}.pdf", _PDF)
            _button("ZIP", lambda: zip_bytes(kept, said, detector, patient), f"braintumor-{when}.zip", _ZIP)
        if chosen.detection is not None:
            one = f"braintumor-{chosen.sha256[:8]}-{when}.pdf"
            _button("PDF, this scan", lambda: pdf_bytes((chosen,), said, detector, patient), one, _PDF)
            _button("Overlay PNG", lambda: overlay_bytes(chosen), overlay_name(chosen.name, chosen.sha256), "image/png")


_PDF = "application/pdf"
_ZIP = "application/zip"


def _button(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    key = f"download-{label.lower().replace(',', '').replace(' ', '-')}"
    st.download_button(label, make, name, kind, key=key, on_click="ignore", icon=":material/download:")
