"""Similar-scan retrieval: the most similar scans, one per group, from an index that cannot run code."""

import io
from dataclasses import replace

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.errors import ArtifactError
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.retrieval import SimilarScan, SimilarScanIndex, count_contradicting
from braintumor.settings import Settings
from tests.helpers.versions.tiny import FIRST_INDEXED_SEED, write_explained_version, write_masked_version


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


@pytest.mark.parametrize(
    ("verdict", "with_tumor", "count"),
    [
        (Verdict.TUMOR_SUSPECTED, 0, 6), (Verdict.TUMOR_SUSPECTED, 1, 5), (Verdict.TUMOR_SUSPECTED, 2, 0),
        (Verdict.NO_TUMOR_FOUND, 6, 6), (Verdict.NO_TUMOR_FOUND, 5, 5), (Verdict.NO_TUMOR_FOUND, 4, 0),
        (Verdict.UNCERTAIN, 0, 0), (Verdict.NOT_BRAIN_MRI, 6, 0),
    ],
)  # fmt: skip
def test_only_nearly_all_similar_scans_contradict_a_verdict(verdict: Verdict, with_tumor: int, count: int) -> None:
    labels = [None, *[TumorClass.GLIOMA] * 5][:with_tumor] + [TumorClass.NOTUMOR] * (6 - with_tumor)
    similar = [SimilarScan("a.jpg", label, 0.7, "group") for label in labels]
    assert count_contradicting(verdict, similar) == count
    assert count_contradicting(verdict, similar[:4]) == 0, "too few to contradict"


def test_indexed_scan_is_most_similar_to_itself(explained: Detector) -> None:
    for label in CLASSES:
        similar = explained.most_similar(read_scan(make_phantom(label, FIRST_INDEXED_SEED, 160).pixels), 3)
        assert similar[0].path == f"Training/{label}/{FIRST_INDEXED_SEED}.png"
        assert similar[0].label is label
        assert similar[0].similarity == pytest.approx(1.0, abs=1e-3)


def test_similar_scans_are_in_descending_order_with_one_per_group() -> None:
    index = _index()
    query = np.array([0.3, -1.0, 0.2, 0.0, 0.0])
    similar = index.most_similar(query, 10)
    similarity = index.vectors @ (query[:3] / np.linalg.norm(query[:3]))
    assert [one.group for one in similar] == list(dict.fromkeys(index.groups[np.argsort(-similarity)]))
    assert [one.similarity for one in similar] == sorted((one.similarity for one in similar), reverse=True)
    assert similar[0].similarity == pytest.approx(float(similarity.max()), abs=1e-6)
    assert len(index.most_similar(query, 2)) == 2
    assert index.most_similar(query, 2) == similar[:2]


def test_index_is_restored_from_bytes_that_do_not_vary() -> None:
    index = _index()
    restored = SimilarScanIndex.from_bytes(index.to_bytes())
    assert restored.vectors == pytest.approx(index.vectors, abs=1e-3)
    assert restored.vectors.dtype == np.float32
    for name in ("labels", "groups", "paths"):
        assert (getattr(restored, name) == getattr(index, name)).all()
    assert index.to_bytes() == index.to_bytes()


def test_index_with_pickled_objects_is_refused() -> None:
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


def test_version_without_an_index_has_no_similar_scans(workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    assert Detector.load("v4", workspace).most_similar(read_scan(make_phantom(CLASSES[0], 1, 160).pixels)) == ()


def test_truncated_index_is_refused_when_it_is_first_used(workspace: Settings) -> None:
    folder = write_explained_version(workspace.outputs)
    content = (folder / "similar_scans.npz").read_bytes()
    (folder / "similar_scans.npz").write_bytes(content[: len(content) // 2])
    detector, scan = Detector.load("v4", workspace), read_scan(make_phantom(CLASSES[0], 1, 160).pixels)
    assert detector.detect(scan).probabilities
    with pytest.raises(ArtifactError, match=r"similar_scans\.npz was altered"):
        detector.most_similar(scan)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 and no more"])
def test_index_that_is_not_an_archive_is_refused(workspace: Settings, content: bytes) -> None:
    write_explained_version(workspace.outputs, similar_scans=content)
    detector = Detector.load("v4", workspace)
    with pytest.raises(ArtifactError, match=r"similar_scans\.npz cannot be used.*braintumor evaluate v4"):
        detector.most_similar(read_scan(make_phantom(CLASSES[0], 1, 160).pixels))
