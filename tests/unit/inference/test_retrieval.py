"""Neighbours: the likest known scans, one of each group, from numbers that cannot run code."""

import io
from dataclasses import replace

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.errors import ArtifactError
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.retrieval import SimilarScanIndex
from braintumor.settings import Settings
from tests.helpers.versions.tiny import FIRST_KNOWN, write_explained_version, write_masked_version


@pytest.fixture
def explained(workspace: Settings) -> Detector:
    write_explained_version(workspace.outputs)
    return Detector.load("v4", workspace)


def _index(count: int = 12, groups: int = 4) -> SimilarScanIndex:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(count, 3)).astype(np.float32)
    return SimilarScanIndex(
        np.zeros(5, np.float32),
        np.ones(5, np.float32),
        np.eye(3, 5, dtype=np.float32),
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        np.arange(count, dtype=np.int8) % len(CLASSES),
        np.array([f"group {i % groups}" for i in range(count)]),
        np.array([f"Training/{i}.jpg" for i in range(count)]),
    )


def test_a_known_scan_is_its_own_nearest(explained: Detector) -> None:
    for label in CLASSES:
        found = explained.most_similar(read_scan(make_phantom(label, FIRST_KNOWN, 160).pixels), 3)
        assert found[0].path == f"Training/{label}/{FIRST_KNOWN}.png"
        assert found[0].label is label
        assert found[0].similarity == pytest.approx(1.0, abs=1e-3)


def test_neighbours_come_likest_first_and_one_of_each_group() -> None:
    index = _index()
    asked = np.array([0.3, -1.0, 0.2, 0.0, 0.0])
    found = index.most_similar(asked, 10)
    likeness = index.vectors @ (asked[:3] / np.linalg.norm(asked[:3]))
    assert [one.group for one in found] == list(dict.fromkeys(index.groups[np.argsort(-likeness)]))
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    assert found[0].similarity == pytest.approx(float(likeness.max()), abs=1e-6)
    assert len(index.most_similar(asked, 2)) == 2
    assert index.most_similar(asked, 2) == found[:2]


def test_an_index_is_read_as_it_was_written_and_written_alike_twice() -> None:
    index = _index()
    found = SimilarScanIndex.from_bytes(index.to_bytes())
    assert found.vectors == pytest.approx(index.vectors, abs=1e-3)
    assert found.vectors.dtype == np.float32
    for name in ("labels", "groups", "paths"):
        assert (getattr(found, name) == getattr(index, name)).all()
    assert index.to_bytes() == index.to_bytes()


def test_an_index_that_could_run_code_is_not_opened() -> None:
    file = io.BytesIO()
    tables = {name: getattr(_index(), name) for name in SimilarScanIndex.__slots__}
    np.savez(file, **tables | {"paths": tables["paths"].astype(object)}, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        SimilarScanIndex.from_bytes(file.getvalue())


def test_tables_that_do_not_fit_each_other_are_refused() -> None:
    index = _index()
    for change in (
        {"labels": index.labels[:-1]},
        {"labels": index.labels + np.int8(2)},
        {"axes": index.axes[:, :4]},
        {"paths": index.paths[:, None]},
    ):
        with pytest.raises(ValueError, match="do not fit"):
            replace(index, **change)


def test_a_version_without_an_index_knows_no_neighbours(workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    assert Detector.load("v4", workspace).most_similar(read_scan(make_phantom(CLASSES[0], 1, 160).pixels)) == ()


def test_an_index_that_is_cut_short_is_refused_when_it_is_first_asked_for(workspace: Settings) -> None:
    folder = write_explained_version(workspace.outputs)
    content = (folder / "similar_scans.npz").read_bytes()
    (folder / "similar_scans.npz").write_bytes(content[: len(content) // 2])
    detector, scan = Detector.load("v4", workspace), read_scan(make_phantom(CLASSES[0], 1, 160).pixels)
    assert detector.detect(scan).probabilities
    with pytest.raises(ArtifactError, match=r"similar_scans\.npz was altered"):
        detector.most_similar(scan)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 and no more"])
def test_an_index_that_is_no_archive_is_refused_in_words(workspace: Settings, content: bytes) -> None:
    write_explained_version(workspace.outputs, neighbours=content)
    detector = Detector.load("v4", workspace)
    with pytest.raises(ArtifactError, match=r"similar_scans\.npz cannot be used.*braintumor evaluate v4"):
        detector.most_similar(read_scan(make_phantom(CLASSES[0], 1, 160).pixels))
