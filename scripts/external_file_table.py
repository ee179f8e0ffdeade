"""Create the table of expected files of the external sets from a folder of prepared slices and one of volumes.

python -m scripts.external_file_table SLICES VOLUMES
"""

import argparse
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from braintumor.datasets.catalog import save_file_table
from braintumor.datasets.external.sets import EXTERNAL_FILE_TABLE, SKULL_STRIPPED, TABLE_COLUMNS, VOLUMES
from braintumor.enums import TumorClass
from braintumor.fileio import sha256_file

SCANS_FILE: Final = "scans.csv"
"""Description of the prepared slices: path, set, label, plane, contrast, patient, mask, height, note."""
_OPENNEURO: Final = "https://s3.amazonaws.com/openneuro.org"
_SKULL_STRIPPED_SETS: Final = {"brats21_t2", "ds002748_t1", "rsna_brats21_t1c", "yale_mets_t2"}
# Sets whose numbers, taken for patients, are positions of the slice in its volume: one number has several people, and
# adjacent numbers have the same person.
_SETS_WITHOUT_PATIENTS: Final = {"rsna_brats21_t1c"}


def write_external_table(slices: Path, volumes: Path, target: Path = EXTERNAL_FILE_TABLE) -> int:
    """Write the table of the prepared slices and of the volumes, and return the number of files.

    Parameters
    ----------
    slices : Path
        Folder with `scans.csv` and a folder per set, which holds `images` and `masks`.
    volumes : Path
        Folder of NIfTI files of healthy people, named `<OpenNeuro set>_<person>_T1w.nii.gz`.
    """
    scans = pd.read_csv(slices / SCANS_FILE, dtype=str, keep_default_na=False)
    rows = [*_describe_slices(scans, slices), *(_describe_volume(path) for path in sorted(volumes.glob("*.nii.gz")))]
    table = pd.DataFrame(rows, columns=["path", "bytes", "sha256", *TABLE_COLUMNS]).fillna("")
    save_file_table(table.sort_values("path"), target)
    return len(table)


def _describe_slices(scans: pd.DataFrame, folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for scan in scans.to_dict("records"):
        patient = "" if scan["set"] in _SETS_WITHOUT_PATIENTS else scan["patient"]
        image = {name: scan[name] for name in ("label", "plane", "contrast")}
        details = {"patient": patient, "slice_height": scan["height"], "condition": _find_condition(scan)}
        rows.append({"path": scan["path"], **_measure(folder / scan["path"]), **image, **details})
        if scan["mask"]:
            rows.append({"path": scan["mask"], **_measure(folder / scan["mask"])})
    return rows


def _find_condition(scan: Mapping[Hashable, str]) -> str:
    if scan["set"] in _SKULL_STRIPPED_SETS or SKULL_STRIPPED in scan["note"]:
        return SKULL_STRIPPED
    if "after surgery" in scan["note"]:
        return "treated"
    return "defaced" if "defaced" in scan["note"] else ""


def _describe_volume(path: Path) -> dict[str, object]:
    name, patient, _ = path.name.split("_")
    return {
        "path": f"{name}/{VOLUMES}/{path.name}",
        **_measure(path),
        "url": f"{_OPENNEURO}/{name}/{patient}/anat/{patient}_T1w.nii.gz",
        "label": str(TumorClass.NOTUMOR),
        "contrast": "T1",
        "patient": patient,
        "condition": "defaced",
    }


def _measure(path: Path) -> dict[str, object]:
    return {"bytes": path.stat().st_size, "sha256": sha256_file(path)}


def main() -> None:
    """Write the shipped table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.external_file_table", description=__doc__)
    parser.add_argument("slices", type=Path, help="folder with scans.csv and a folder per set")
    parser.add_argument("volumes", type=Path, help="folder of NIfTI files named <OpenNeuro set>_<person>_T1w.nii.gz")
    arguments = parser.parse_args()
    count = write_external_table(arguments.slices, arguments.volumes)
    print(f"{EXTERNAL_FILE_TABLE}: {count:,} files.")


if __name__ == "__main__":
    main()
