"""The fence: a reading process that dies or stalls costs one file, and nothing of a patient comes out of it."""

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
from tests.golden.draw import arrays
from tests.helpers.dicoms import dicom
from tests.helpers.malformed.dicom import malformed_dicom

DEEP = arrays()["array-uint16"]
SLICE = dicom(DEEP)


def test_a_process_that_ended_while_idle_is_started_again():
    read_scan(SLICE, "a.dcm")
    process = sandbox.SANDBOX._process
    assert process is not None
    process.kill()
    process.wait()
    np.testing.assert_array_equal(read_scan(SLICE, "a.dcm").raw, DEEP)


def test_a_process_that_dies_of_a_file_is_a_refusal_and_the_next_file_is_read(monkeypatch):
    read_scan(SLICE, "a.dcm")

    def dying(self, seconds, message=()):
        if message:
            os.kill(self._process.pid, signal.SIGABRT)
            self._process.wait()
        return take(self, seconds, message)

    take = sandbox.DicomSandbox._send_and_receive
    monkeypatch.setattr(sandbox.DicomSandbox, "_send_and_receive", dying)
    with pytest.raises(ScanError, match=r"a\.dcm: its pixels are damaged so badly"):
        read_scan(SLICE, "a.dcm")
    monkeypatch.setattr(sandbox.DicomSandbox, "_send_and_receive", take)
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, DEEP)


@pytest.mark.parametrize("held", [0, 25])
def test_half_an_answer_is_a_refusal_and_the_next_file_is_read(monkeypatch, held):
    read_scan(SLICE, "a.dcm")
    answer = json.dumps({"held": "x", "size": 4096, "dtype": "uint8", "shape": [64, 64]}).encode()

    class Dying:
        """A process that ends in the middle of what it says."""

        def __init__(self):
            self.stdin = io.BytesIO()
            self.stdout = io.BytesIO(len(answer).to_bytes(4, "big") + answer + bytes(held))

        def poll(self):
            return None

    found = sandbox.DicomSandbox()
    found._process = Dying()
    with pytest.raises(sandbox.WorkerDied):
        found._send_and_receive(5.0, (b"question",))
    found._process = None
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, DEEP)


# Bytes changed in files of pydicom's own, by which GDCM 3.2.6 ends its process (the first two) or never returns.
FATAL = {
    "JPEG2000.dcm": {3092: 189, 3163: 126, 3173: 101, 3218: 72},
    "SC_rgb_jpeg_dcmtk.dcm": {1753: 54, 1896: 55, 1902: 85, 2840: 31},
    "GDCMJ2K_TextGBR.dcm": {829: 252},
}


@pytest.mark.parametrize("name", FATAL)
def test_files_that_end_or_stall_the_decoder_are_refused_and_the_next_file_is_read(name):
    content = bytearray(Path(str(get_testdata_file(name, download=False))).read_bytes())
    for place, value in FATAL[name].items():
        content[place] = value
    read_scan(SLICE, "a.dcm")
    with pytest.raises(ScanError, match=r"damaged|took too long"):
        read_scan(bytes(content), name, Settings(decode_seconds=1.5))
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, DEEP)


def test_a_file_that_takes_too_long_is_a_refusal_and_the_next_file_is_read():
    endless = dict(malformed_dicom())["many-items.dcm"]
    read_scan(SLICE, "a.dcm")
    with pytest.raises(ScanError, match=r"took too long|more memory"):
        read_scan(endless, "endless.dcm", Settings(decode_seconds=0.5))
    np.testing.assert_array_equal(read_scan(SLICE, "b.dcm").raw, DEEP)


def test_threads_take_turns_and_each_gets_its_own_slice():
    slices = [dicom(DEEP + number) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda content: read_scan(content, "x.dcm").raw, slices * 3))
    for number, raw in enumerate(found):
        np.testing.assert_array_equal(raw, DEEP + number % 8)
    assert threading.active_count() < 20


def test_the_app_itself_never_loads_a_dicom_library(tmp_path):
    (tmp_path / "a.dcm").write_bytes(SLICE)
    code = (
        "import sys, pathlib; from braintumor.imaging.scan_iterator import iter_scans; "
        "print(*(one.name for one in read_many([('read.dcm', pathlib.Path(sys.argv[1]))])), *sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.dcm")]
    name, *modules = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    assert name == "read.dcm"
    assert {module.split(".")[0] for module in modules} & {"pydicom", "gdcm", "nibabel"} == set()


def test_no_file_of_the_working_folder_is_taken_for_a_module(tmp_path, monkeypatch):
    for name in ("json", "pydicom", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sandbox.SANDBOX.close()
    np.testing.assert_array_equal(read_scan(SLICE, "a.dcm").raw, DEEP)


IDENTITY = (
    "Patient", "Name", "Birth", "Address", "Institution", "Physician", "Operator", "Accession", "Date", "Time",
    "Comment", "StudyDescription", "StudyID", "StudyInstance", "Station", "Telephone", "Age", "Sex", "Serial",
)  # fmt: skip


def test_no_tag_of_a_person_a_place_or_a_date_is_on_the_list():
    assert set(allowed_tags.ALL_TAGS) <= set(keyword_dict), "each is a tag of the standard"
    named = {tag for tag in allowed_tags.ALL_TAGS if any(word in tag for word in IDENTITY)}
    assert named == {"ImageOrientationPatient", "ImagePositionPatient"}


def test_what_comes_out_of_the_process_holds_no_word_of_the_file():
    secret = "ZQXJKV"
    content = dicom(
        DEEP, PatientName=secret, PatientID=secret, StudyDescription=secret, SeriesDescription=f"T1 {secret}",
        AcquisitionContrast=secret, ConversionType=secret, BurnedInAnnotation=secret, VOILUTFunction=secret,
        SeriesInstanceUID="1.2.3.987654321",
    )  # fmt: skip
    question = {"sha256": "0" * 64, "salt": "00" * 16, "max_frames": 10}
    with sandbox.SANDBOX._lock:
        answer = json.dumps(sandbox.SANDBOX._request_with_retry(question, content, 30.0)[0])
    assert "T1" in answer
    assert secret not in answer
    assert "987654321" not in answer
