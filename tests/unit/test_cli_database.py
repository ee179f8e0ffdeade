"""`braintumor db`: plain words, exit codes, nothing overwritten, no secret shown."""

import base64
from pathlib import Path

import pytest
from sqlalchemy import delete

from braintumor.cli import main
from braintumor.db.storage import local_actor, open_storage
from braintumor.db.tables import AuditEntry
from braintumor.settings import get_settings
from tests.helpers.storage.readings import save


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINTUMOR_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRAINTUMOR_BLOB_KEY", base64.b64encode(b"s" * 32).decode())
    get_settings.cache_clear()
    return tmp_path / "data"


def _use(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("BRAINTUMOR_DATA", str(folder))
    get_settings.cache_clear()


def test_upgrade_backup_restore_and_check(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade"]) == 0
    assert main(["db", "upgrade"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Upgraded the database to revision")
    assert second.startswith("The database is up to date")
    storage = open_storage()
    save(storage, local_actor(storage), 1, 2)
    assert main(["db", "backup", str(tmp_path / "copy.zip")]) == 0
    output = capsys.readouterr().out
    head = output.splitlines()[1].removeprefix("Head of the audit log: ")
    assert output.startswith(f"Saved the database and 2 scans to {tmp_path / 'copy.zip'}.")
    assert "BRAINTUMOR_BLOB_KEY, without which" in output
    _use(monkeypatch, tmp_path / "restored")
    assert main(["db", "restore", str(tmp_path / "copy.zip")]) == 0
    assert main(["db", "check", "--head", head]) == 0
    output = capsys.readouterr().out
    assert output.count("No problems.") == 2
    restored = f"Head of the audit log: {int(head.partition(':')[0]) + 1}:"  # and the entry of the restore
    assert output.count(restored) == 2


def test_check_fails_until_the_repair(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_storage().blobs.put(b"never referenced")
    assert main(["db", "check"]) == 1
    assert "Run: braintumor db check --repair" in capsys.readouterr().out
    assert main(["db", "check", "--repair"]) == 0
    assert "Repaired: 1 file of interrupted uploads removed." in capsys.readouterr().out


def test_entries_cut_off_since_a_noted_head_are_found(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_storage()
    noted = tmp_path / "head.txt"
    noted.write_text(f"7:{'a' * 64}\n")
    assert main(["db", "check", "--head", str(noted)]) == 1
    assert "Entry 7, whose seal was noted, is missing" in capsys.readouterr().out
    assert main(["db", "check", "--head", "nonsense"]) == 1
    assert "neither a head of the audit log nor a file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["audit.csv", "audit.jsonl"])
def test_exported_log_ends_with_its_head_which_check_finds_again(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    storage = open_storage()
    save(storage, local_actor(storage), 1, 2)
    assert main(["db", "audit", str(tmp_path / name)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("Wrote 3 entries to")
    head = output.splitlines()[1].removeprefix("Head of the audit log: ")
    assert main(["db", "check", "--head", str(tmp_path / name)]) == 0
    assert f"Head of the audit log: {head}" in capsys.readouterr().out
    with storage.database.write() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number == 3))
    assert main(["db", "check", "--head", str(tmp_path / name)]) == 1
    assert "Entry 3, whose seal was noted, is missing" in capsys.readouterr().out
    assert main(["db", "audit", str(tmp_path / name)]) == 1  # never overwritten
    assert "Choose another name" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["backup", "."], ["restore", "absent"]])
def test_problems_are_said_on_stderr(data: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", *arguments]) == 1
    assert capsys.readouterr().err.startswith("braintumor: ")
