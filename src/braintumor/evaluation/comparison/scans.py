"""Common test scans of a comparison, and which of them are near-duplicates of a model's training images."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.binary_set import binary_set_folder, load_binary_manifest
from braintumor.datasets.near_duplicates import MAX_DISTANCE, nearest_hash_distance, read_file_metadata
from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, Protocol, Split
from braintumor.fileio import write_atomically
from braintumor.process_pool import process_pool
from braintumor.settings import Settings
from braintumor.training.inputs.data import COMPARISON_SEED, manifest_with_split


@dataclass(frozen=True)
class CommonScans:
    """Scans of the test split by group, in manifest order."""

    manifest: pd.DataFrame

    @classmethod
    def load(cls, settings: Settings) -> "CommonScans":
        """Load the test split by group.

        Raises
        ------
        DatasetError
            The manifest is missing or has no split yet.
        """
        manifest = manifest_with_split(Protocol.GROUP, settings)
        return cls(manifest[manifest["split"] == str(Split.TEST)].reset_index(drop=True))

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class indices in the fixed class order."""
        return np.array([CLASS_NAMES.index(label) for label in self.manifest["label"]], np.int64)

    @property
    def is_tumor(self) -> NDArray[np.bool_]:
        """Whether each scan has a tumour of any type."""
        return np.asarray(self.labels != NO_TUMOR_INDEX)

    @property
    def groups(self) -> NDArray[np.object_]:
        """Group of each scan."""
        return self.manifest["group"].to_numpy(object)

    def select(self, rows: NDArray[np.int64]) -> "CommonScans":
        """Select some of the scans."""
        return CommonScans(self.manifest.iloc[rows].reset_index(drop=True))

    def paths(self, settings: Settings) -> list[Path]:
        """Return the path of each scan."""
        return [settings.dataset / path for path in self.manifest["path"]]


def flag_training_near_duplicates(
    scans: CommonScans, protocol: Protocol, work: Path, settings: Settings
) -> NDArray[np.bool_]:
    """Mark scans that are near-duplicates, in any orientation, of the binary set's training images.

    Parameters
    ----------
    protocol : Protocol
        How the binary set was split when the model was trained.
    work : Path
        Folder for cached distances.

    Raises
    ------
    DatasetError
        The binary set is missing.
    """
    manifest = load_binary_manifest(protocol, settings, COMPARISON_SEED)
    training = manifest[manifest["split"] == str(Split.TRAIN)]
    content = "\n".join([*scans.manifest["sha256"], "", *training["sha256"]])
    cache = work / f"copies-{hashlib.sha256(content.encode()).hexdigest()[:16]}.json"
    if not cache.is_file():
        bits = _hash_distances(scans, [str(path) for path in training["path"]], settings)
        write_atomically(cache, json.dumps(bits.tolist()) + "\n")
    return np.array(json.loads(cache.read_text(encoding="utf-8")), np.int64) <= MAX_DISTANCE


def _hash_distances(scans: CommonScans, image_paths: list[str], settings: Settings) -> NDArray[np.int64]:
    """Compute the hash distance from each scan to the nearest image."""
    folder = binary_set_folder(settings)
    with process_pool(settings) as pool:
        scan_metadata = pool.map(
            partial(read_file_metadata, settings.dataset, settings=settings), scans.manifest["path"], chunksize=64
        )
        oriented = np.array([metadata.hashes for metadata in scan_metadata], np.uint64)
        image_metadata = pool.map(partial(read_file_metadata, folder, settings=settings), image_paths, chunksize=16)
        reference = np.array([metadata.hashes[0] for metadata in image_metadata], np.uint64)
    return nearest_hash_distance(oriented, reference)
