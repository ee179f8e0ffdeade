"""The API of a real server: the examples of document and how-to page work, and every answer is as documented."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from braintumor.api.openapi import describe, iter_operations
from braintumor.cli import main
from braintumor.client import Client, ServerError
from braintumor.db.tables import UserRole
from braintumor.reporting.csv_export import COLUMNS
from tests.helpers.accounts import add_user, cheap_hashes
from tests.helpers.api import Api, api_settings, make_api, model_outputs, scan_png
from tests.helpers.doc_examples import blocks
from tests.helpers.scan_files.volumes import make_volume

__all__ = ["cheap_hashes", "model_outputs"]

# No server error; status, content type, schema and headers as documented; invalid values refused.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "rest-api.md"


@dataclass(frozen=True)
class Served:
    """A server that listens, with records whose ids are in the environment."""

    api: Api
    url: str
    environment: dict[str, str]

    def run(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run shell commands with the ids."""
        return subprocess.run(
            ["bash", "-ec", command],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            errors="replace",  # some answers are pictures
            timeout=600,
            check=False,
        )


@pytest.fixture
def served(tmp_path: Path, model_outputs: Path) -> Iterator[Served]:
    api = make_api(api_settings(tmp_path, model_outputs, worker_thread=True), UserRole.ADMINISTRATOR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(api.client.app, host="127.0.0.1", port=port, log_level="warning", log_config=None)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    url = f"http://localhost:{port}"
    yield Served(api, url, _make_environment(api, url))
    server.should_exit = True
    thread.join()


def _make_environment(api: Api, url: str) -> dict[str, str]:
    saved = api.upload(scan=scan_png())["readings"][0]
    job = api.client.post("/api/v1/scans?background=true", files=[("files", ("b.png", scan_png(3)))]).json()
    _, user = add_user(api.state.storage, "bob@example.org")
    other = api.token_of(api.actor)
    ids = {
        "TOKEN": api.client.headers["Authorization"].removeprefix("Bearer "),
        "SCAN_ID": saved["scan_id"],
        "READING_ID": saved["reading_id"],
        "JOB_ID": job["id"],
        "USER_ID": str(user.user_id),
        "TOKEN_ID": api.client_with(other).get("/api/v1/tokens").json()[0]["id"],
        "VERSION": "v4",
        "SERVER": url,
        "BRAINTUMOR_TOKEN": api.client.headers["Authorization"].removeprefix("Bearer "),
    }
    bin_folder = str(Path(sys.executable).parent)
    source = str(Path(__file__).resolve().parents[2] / "src")
    return os.environ | ids | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": source}


@pytest.mark.slow
def test_command_of_each_route_works(served: Served, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(scan_png(11))
    document = describe(served.api.client.app)  # type: ignore[arg-type]
    commands = [operation["x-codeSamples"][0]["source"] for _, _, operation in iter_operations(document)]
    assert len(commands) > 30

    def order(command: str) -> int:
        """Restore after deleting, and delete what others need last."""
        is_delete = "-X DELETE" in command
        return 2 * is_delete + ("/restore" in command) - ("/finding" in command) + ("$USER_ID" in command and is_delete)

    for command in sorted(commands, key=order):
        if "/restore" in command:
            served.run('curl -X DELETE -H "Authorization: Bearer $TOKEN" "$SERVER/api/v1/scans/$SCAN_ID"', tmp_path)
        run = served.run(command, tmp_path)
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"


@pytest.mark.slow
def test_examples_of_the_page_work(served: Served, tmp_path: Path) -> None:
    for number in range(2):  # few, so that the server would read them at once without `background`
        (tmp_path / "scans").mkdir(exist_ok=True)
        (tmp_path / "scans" / f"{number}.png").write_bytes(scan_png(number))
    (tmp_path / "scan.png").write_bytes(scan_png(11))
    for _, text in blocks(PAGE, "sh"):
        if "braintumor serve" in text or "https://scans.example.org" in text:
            continue
        run = served.run(text.replace(".venv/bin/braintumor", f"{sys.executable} -m braintumor"), tmp_path)
        assert run.returncode == 0, f"{text}\n{run.stdout}{run.stderr}"
    for _, text in blocks(PAGE, "python"):
        run = served.run(f"{sys.executable} - <<'END'\n{text}\nEND", tmp_path)
        assert run.returncode == 0, f"{text}\n{run.stdout}{run.stderr}"


@pytest.mark.slow
def test_client_uploads_watches_and_downloads(served: Served, tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(scan_png(20 + number))
    with Client(served.url, served.environment["TOKEN"]) as client:
        job = client.upload(*sorted(tmp_path.glob("*.png")))
        assert [state["state"] for state in client.watch(job["id"])][-1] == "done"
        assert client.wait(job["id"])["readings"] == 6
        readings = list(client.readings(job=job["id"], rows="4"))
        assert len(readings) == 6
        client.save_finding(readings[0]["reading_id"], "agree")
        assert client.reading(readings[0]["reading_id"])["opinion"] == "agree"
        assert client.download(f"readings/{readings[0]['reading_id']}/overlay.png").startswith(b"\x89PNG")
        client.delete(readings[0]["scan_id"])
        with pytest.raises(ServerError, match="no such record") as refusal:
            client.reading(readings[0]["reading_id"])
        assert refusal.value.status == 404
    with Client(served.url, "bt_forged") as client, pytest.raises(ServerError, match="unknown, expired or revoked"):
        client.models()
    with Client("http://127.0.0.1:1") as client, pytest.raises(ServerError, match="does not answer"):
        client.models()


@pytest.mark.slow
def test_predict_through_a_server_writes_the_same_csv(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(served.api.settings.outputs))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name, content in (("a.png", scan_png(1)), ("=b.png", scan_png(2)), ("bad.jpg", b"x"), ("v.nii", make_volume())):
        (tmp_path / "in" / name).write_bytes(content)
    arguments = ["predict", "in", "--version", "v4", "--csv"]
    assert main([*arguments, "direct.csv"]) == 1
    remote = [*arguments, "remote.csv", "--server", served.url, "--token", served.environment["TOKEN"]]
    assert main(remote) == 1
    assert " in 0.0 s" not in capsys.readouterr().out
    direct, through = (_without_times(tmp_path / name) for name in ("direct.csv", "remote.csv"))
    assert through == direct
    with pytest.raises(SystemExit):
        main([*remote, "--pdf", "a.pdf"])
    assert "not possible with --server" in capsys.readouterr().err


def _without_times(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    return [line.partition(",")[2] for line in lines]


@pytest.mark.slow
def test_every_answer_is_as_documented_and_none_is_a_500(tmp_path: Path, model_outputs: Path) -> None:
    api = make_api(api_settings(tmp_path, model_outputs), UserRole.ADMINISTRATOR)
    _make_environment(api, "")
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", api.client.app, headers=_headers(api))
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        if not operation.label.endswith("/events"):  # waits for the end of a job
            _try_many_requests(operation, _headers(api))


def _try_many_requests(operation: Any, headers: dict[str, str]) -> None:
    @settings(max_examples=12, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()


def _headers(api: Api) -> dict[str, str]:
    return {"Authorization": api.client.headers["Authorization"], "Host": "127.0.0.1:8501"}
