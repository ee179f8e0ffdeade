"""Fetch the external sets from a folder, a ZIP or their public addresses, and verify every file."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from braintumor.datasets.download import FileCheck, check_files, unpack_zip
from braintumor.datasets.external.download import download_file
from braintumor.datasets.external.sets import (
    EXTERNAL_COMMAND,
    EXTERNAL_SETS,
    external_folder,
    load_external_table,
)
from braintumor.datasets.external.volume_slices import cut_volumes
from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file, write_atomically
from braintumor.settings import Settings, get_settings


def fetch_external(source: Path | None = None, file_table: Path | None = None, settings: Settings | None = None) -> str:
    """Bring the external sets into `inputs/external`, verify them, and cut their volumes into slices.

    Files that are already there and correct are not fetched again.

    Parameters
    ----------
    source : Path, optional
        Folder or ZIP that holds files of the sets, at any depth and under any name: they are recognized by content.
        By default the files that have a public address are downloaded.
    file_table : Path, optional
        Table of expected files; the shipped one by default.

    Returns
    -------
    str
        Files, licence and address of each set, and how to get those that are incomplete.

    Raises
    ------
    DatasetError
        A download fails, or the source holds none of the files or altered ones. The message names them.
    """
    settings = settings or get_settings()
    table, target = load_external_table(file_table), external_folder(settings)
    missing_files = _find_missing(table, target)
    if source is None:
        for row in missing_files[missing_files["url"] != ""].to_dict("records"):
            download_file(row["url"], target / row["path"], row["bytes"], row["sha256"])
    else:
        with _open_source(source) as folder:
            _copy_files(folder, target, missing_files, set(table["bytes"]))
    slice_count = cut_volumes(table, settings)
    check = _check(table, target)
    if check.altered:
        raise DatasetError(f"{check} Delete the altered files in {target.name} and fetch them again.")
    lines = [_describe_set(str(name), part, check) for name, part in table.groupby("set")]
    return "\n".join([*lines, f"{slice_count} slices cut from volumes. Next: braintumor data audit --external"])


def _check(table: pd.DataFrame, target: Path) -> FileCheck:
    return check_files(target, table, sorted({Path(path).parent.as_posix() for path in table["path"]}))


def _find_missing(table: pd.DataFrame, target: Path) -> pd.DataFrame:
    check = _check(table, target)
    return table[table["path"].isin([*check.missing, *check.altered])]


def _describe_set(name: str, files: pd.DataFrame, check: FileCheck) -> str:
    missing = files[files["path"].isin(check.missing)]
    text = f"{name}: {len(files) - len(missing)} of {len(files)} files"
    external_set = EXTERNAL_SETS.get(name)
    if external_set is None:
        return f"{text}."
    text = f"{text}. {external_set.title}, {external_set.licence}, {external_set.address}."
    if (missing["url"] != "").any():
        text = f"{text} Download its volumes with: {EXTERNAL_COMMAND.partition(' --from')[0]}."
    if (missing["url"] != "").all():  # also if nothing is missing
        return text
    access = f" (the original {external_set.access})" if external_set.access else ""
    return (
        f"{text} Slices selected from that collection{access} are missing. It has no files with these bytes: put a "
        f"copy of the folder {name}/ anywhere and run {EXTERNAL_COMMAND}."
    )


@contextmanager
def _open_source(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
    elif source.is_file():
        with tempfile.TemporaryDirectory(prefix="braintumor-") as temporary:
            yield unpack_zip(source, Path(temporary))
    else:
        raise DatasetError(f"{source}: no such folder or ZIP. Check the path given with --from.")


def _copy_files(source: Path, target: Path, missing_files: pd.DataFrame, known_sizes: set[int]) -> None:
    """Copy the wanted files atomically, each from a file of the source with its size and hash."""
    candidates: dict[int, list[Path]] = {}
    names = set()
    for path in source.rglob("*"):
        if path.is_file():
            candidates.setdefault(path.stat().st_size, []).append(path)
            names.add(_identify(path))
    copied, altered = 0, []
    rows = list(zip(missing_files["path"], missing_files["bytes"], missing_files["sha256"], strict=True))
    for target_path, size, digest in tqdm(rows, desc="copy", unit="file", disable=None):
        match = next((path for path in candidates.get(size, []) if sha256_file(path) == digest), None)
        if match is not None:
            write_atomically(target / target_path, match.read_bytes())
            copied += 1
        elif _identify(Path(target_path)) in names:
            altered.append(target_path)
    if altered:
        raise DatasetError(
            f"{source}: {len(altered)} files differ from the published ones ({', '.join(altered[:3])}). "
            f"{copied} others were copied. Get the altered ones again."
        )
    if known_sizes.isdisjoint(candidates):
        raise DatasetError(f"{source}: holds no file of the external sets. Check the path given with --from.")


def _identify(path: Path) -> str:
    """Return what names a file: the name of a volume, set and folder with the name of an image or mask."""
    return path.name if path.name.endswith(".nii.gz") else "/".join(path.parts[-3:])
