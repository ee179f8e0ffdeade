"""DICOM sandbox: a crashing or stalling file fails alone, and no patient identity leaves the process."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.datadict import keyword_dict

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.imaging.dicom import allowed_tags, sandbox
from braintumor.settings import Settings
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import make_dicom
from tests.helpers.malformed.dicom import malformed_dicom

GRAY_16 = make_arrays()["array-uint16"]
SLICE = make_dicom(GRAY_16)


def test_process_is_restarted_after_ending_while_idle():
    read_scan(SLICE, "a.dcm")
    process = sandbox.SANDBOX._process
    assert process is not None
    process.kill()
    process.wait()
    np.testing.assert_array_equal(read_scan(SLICE, "a.dcm").raw, GRAY_16)


@pytest.mark.slow
def test_crash_fails_one_file_and_the_next_is_read(monkeypatch):
    read_scan(SLICE, "a.dcm")

    def crash(self, seconds, message=()):
        if message:
            os.kill(self._process.pid, signal.SIGABRT)
            self._process.wait()
        return send_and_receive(self, seconds, message)

    send_and_receive = sandbox.DicomSandbox._send_and_receive
    monkeypatch.setattr(sandbox.DicomSandbox, "_send_and_receive", crash)
    with pytest.raises(ScanError, match=r"a\.dcm: its pixel data is too damaged"):
        read_scan(SLICE, "a.dcm")
    monkeypatch.setattr(sandbox.DicomSandbox, "_send_and_receive", send_and_receive)
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, GRAY_16)


@pytest.mark.parametrize("received_bytes", [0, 25])
def test_incomplete_answer_fails_one_file_and_the_next_is_read(received_bytes):
    read_scan(SLICE, "a.dcm")
    answer = json.dumps({"loaded_sha256": "x", "size": 4096, "dtype": "uint8", "shape": [64, 64]}).encode()

    class IncompleteProcess:
        """A process that ends in the middle of its answer."""

        def __init__(self):
            self.stdin = io.BytesIO()
            self.stdout = io.BytesIO(len(answer).to_bytes(4, "big") + answer + bytes(received_bytes))

        def poll(self):
            return None

    client = sandbox.DicomSandbox()
    client._process = IncompleteProcess()
    with pytest.raises(sandbox.WorkerDied):
        client._send_and_receive(5.0, (b"request",))
    client._process = None
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, GRAY_16)


# Changed bytes of pydicom files with which GDCM 3.2.6 crashes (the first two) or never returns.
FATAL_BYTES = {
    "JPEG2000.dcm": {3092: 189, 3163: 126, 3173: 101, 3218: 72},
    "SC_rgb_jpeg_dcmtk.dcm": {1753: 54, 1896: 55, 1902: 85, 2840: 31},
    "GDCMJ2K_TextGBR.dcm": {829: 252},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FATAL_BYTES)
def test_file_that_crashes_or_stalls_the_decoder_fails_alone(name):
    content = bytearray(Path(str(get_testdata_file(name, download=False))).read_bytes())
    for offset, value in FATAL_BYTES[name].items():
        content[offset] = value
    read_scan(SLICE, "a.dcm")
    with pytest.raises(ScanError, match=r"damaged|took too long"):
        read_scan(bytes(content), name, Settings(decode_seconds=1.5))
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, GRAY_16)


def test_time_limit_fails_one_file_and_the_next_is_read():
    endless = dict(malformed_dicom())["many-items.dcm"]
    read_scan(SLICE, "a.dcm")
    with pytest.raises(ScanError, match=r"took too long|more memory"):
        read_scan(endless, "endless.dcm", Settings(decode_seconds=0.5))
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, GRAY_16)


def test_file_that_runs_out_of_time_once_is_read(monkeypatch):
    round_trip, seconds = sandbox.DicomSandbox._round_trip, []

    def run_out_of_time_once(self, request, data, limit):
        seconds.append(limit)
        if len(seconds) == 1:
            raise sandbox.WorkerDied(was_stopped=True)
        return round_trip(self, request, data, limit)

    monkeypatch.setattr(sandbox.DicomSandbox, "_round_trip", run_out_of_time_once)
    np.testing.assert_array_equal(read_scan(SLICE, "a.dcm").raw, GRAY_16)


def test_each_thread_gets_its_own_slice():
    slices = [make_dicom(GRAY_16 + number) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda content: read_scan(content, "x.dcm").raw, slices * 3))
    for number, raw in enumerate(results):
        np.testing.assert_array_equal(raw, GRAY_16 + number % 8)
    assert threading.active_count() < 20


def test_app_process_does_not_import_dicom_libraries(tmp_path):
    (tmp_path / "a.dcm").write_bytes(SLICE)
    code = (
        "import sys, pathlib; from braintumor.imaging.scan_iterator import iter_scans; "
        "print(*(one.name for one in iter_scans([('read.dcm', pathlib.Path(sys.argv[1]))])), *sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.dcm")]
    name, *modules = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800).stdout.split()
    assert name == "read.dcm"
    assert {module.split(".")[0] for module in modules} & {"pydicom", "gdcm", "nibabel", "pandas"} == set()


def test_modules_are_not_imported_from_the_working_folder(tmp_path, monkeypatch):
    for name in ("json", "pydicom", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sandbox.SANDBOX.close()
    np.testing.assert_array_equal(read_scan(SLICE, "a.dcm").raw, GRAY_16)


IDENTITY_WORDS = (
    "Patient", "Name", "Birth", "Address", "Institution", "Physician", "Operator", "Accession", "Date", "Time",
    "Comment", "StudyDescription", "StudyID", "StudyInstance", "Station", "Telephone", "Age", "Sex", "Serial",
)  # fmt: skip


def test_allowed_tags_contain_no_identity():
    assert set(allowed_tags.ALL_TAGS) <= set(keyword_dict), "all are tags of the standard"
    suspicious = {tag for tag in allowed_tags.ALL_TAGS if any(word in tag for word in IDENTITY_WORDS)}
    durations = {"TriggerTime", "EchoTime"}
    assert suspicious == {"ImageOrientationPatient", "ImagePositionPatient", "StudyInstanceUID", *durations}
    assert "StudyInstanceUID" in allowed_tags.HASHED_TAGS, "it never leaves the process"


def test_metadata_contains_no_text_of_the_file():
    secret = "ZQXJKV"
    content = make_dicom(
        GRAY_16, PatientName=secret, PatientID=secret, StudyDescription=secret, SeriesDescription=f"T1 {secret}",
        AcquisitionContrast=secret, ConversionType=secret, BurnedInAnnotation=secret, VOILUTFunction=secret,
        SeriesInstanceUID="1.2.3.987654321", StudyInstanceUID="1.2.3.987654322", ImageType=["ORIGINAL", secret, secret],
        PresentationLUTShape=secret, ComplexImageComponent=secret,
    )  # fmt: skip
    request = {"sha256": "0" * 64, "salt": "00" * 16, "max_frames": 10}
    with sandbox.SANDBOX._lock:
        answer = json.dumps(sandbox.SANDBOX._request_with_retry(request, content, 30.0)[0])
    assert "T1" in answer
    assert secret not in answer
    assert "987654321" not in answer
    assert "987654322" not in answer
