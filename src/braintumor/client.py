"""Client of the REST API of a server.

Examples
--------
>>> from braintumor.client import Client
>>> with Client("https://scans.example.org", token="bt_...") as client:  # doctest: +SKIP
...     for row in client.predict("scan.png"):
...         print(row["name"], row["verdict"])
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import httpx2

from braintumor.errors import BrainTumorError

TOKEN_VARIABLE: Final = "BRAINTUMOR_TOKEN"
_TIMEOUT: Final = httpx2.Timeout(30.0, read=600.0, write=60.0)  # a volume takes a while to read
_OVER: Final = frozenset({"done", "failed", "cancelled"})
Json = dict[str, Any]


class ServerError(BrainTumorError):
    """An answer that is an error, or no answer. `status` is 0 for no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """Reads, saves and finds scans on a server.

    Parameters
    ----------
    server : str
        Its address.
    token : str, optional
        Token of the account page. Default: the environment variable `BRAINTUMOR_TOKEN`; none is needed while accounts
        are off.
    transport : optional
        Another transport of `httpx2`, such as for tests.
    """

    def __init__(
        self,
        server: str = "http://localhost:8501",
        token: str | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        token = token or os.environ.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(
            base_url=f"{server.rstrip('/')}/api/v1/", headers=headers, timeout=_TIMEOUT, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def predict(self, *paths: str | Path, version: str | None = None) -> list[Json]:
        """Read files together and return a row for each slice, study and unreadable file. Nothing is stored.

        Parameters
        ----------
        *paths : str or Path
            Images, DICOM files, volumes and archives; files of one series in one call.
        version : str, optional
            Default: the server's.

        Raises
        ------
        ServerError
            The server refuses the files, or cannot be reached.
        OSError
            A file cannot be opened.
        """
        rows: list[Json] = self._send_files("predict", paths, _without_none(version=version)).json()["rows"]
        return rows

    def upload(
        self,
        *paths: str | Path,
        version: str | None = None,
        background: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Save scans and their results in the history.

        Returns
        -------
        dict
            `readings` and `errors` of a few pictures; otherwise the job that reads the files, with its `id`.
        """
        parameters = _without_none(version=version, background="true" if background else None)
        headers = _without_none(**{"Idempotency-Key": idempotency_key})
        answer: Json = self._send_files("scans", paths, parameters, headers).json()
        return answer

    def readings(self, **filters: str) -> Iterator[Json]:
        """Yield the saved readings that match, such as `name="t1"` or `verdict="tumor suspected"`."""
        while True:
            page = self._request("GET", "readings", params=filters).json()
            yield from page["readings"]
            if not page["next"]:
                return
            filters = filters | {"after": page["next"]}

    def reading(self, reading_id: str | UUID) -> Json:
        """Return one reading with everything that is stored of it."""
        answer: Json = self._request("GET", f"readings/{reading_id}").json()
        return answer

    def save_finding(self, reading_id: str | UUID, opinion: str, comment: str = "") -> None:
        """Save the own finding: `agree` or a class."""
        body = {"opinion": opinion, "comment": comment}
        self._request("PUT", f"readings/{reading_id}/finding", json=body)

    def delete(self, scan_id: str | UUID) -> None:
        """Delete a scan with its results; it can be restored for a while."""
        self._request("DELETE", f"scans/{scan_id}")

    def download(self, address: str) -> bytes:
        """Return a file, such as `readings/ID/overlay.png`, `readings/ID/report.pdf` or `jobs/ID/results.csv`."""
        return self._request("GET", address).content

    def models(self) -> list[Json]:
        """Return the versions that the server has."""
        answer: list[Json] = self._request("GET", "models").json()
        return answer

    def read_again(self, version: str) -> Json:
        """Start a job that reads all stored scans with another version, and return it."""
        answer: Json = self._request("POST", "jobs", json={"kind": "read-again", "version": version}).json()
        return answer

    def job(self, job_id: str | UUID) -> Json:
        """Return the state of a job."""
        answer: Json = self._request("GET", f"jobs/{job_id}").json()
        return answer

    def cancel(self, job_id: str | UUID) -> Json:
        """Cancel a job; what it has saved stays."""
        answer: Json = self._request("POST", f"jobs/{job_id}/cancel").json()
        return answer

    def watch(self, job_id: str | UUID) -> Iterator[Json]:
        """Yield the state of a job at each change until it is over."""
        try:
            with self._client.stream("GET", f"jobs/{job_id}/events") as response:
                if response.is_error:
                    response.read()
                    raise _to_error(response)
                for line in response.iter_lines():
                    if not line.startswith("data: "):
                        continue
                    job: Json = json.loads(line.removeprefix("data: "))
                    if "state" not in job:
                        raise ServerError(job["detail"])
                    yield job
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error

    def wait(self, job_id: str | UUID) -> Json:
        """Wait until a job is over and return its state."""
        for job in self.watch(job_id):
            if job["state"] in _OVER:
                return job
        return self.job(job_id)

    def _send_files(
        self, address: str, paths: Sequence[str | Path], parameters: Json, headers: Json | None = None
    ) -> httpx2.Response:
        with ExitStack() as stack:
            files = [("files", (str(path), stack.enter_context(Path(path).open("rb")))) for path in paths]
            return self._request("POST", address, params=parameters, headers=headers or {}, files=files)

    def _request(self, method: str, address: str, **arguments: Any) -> httpx2.Response:
        try:
            response = self._client.request(method, address, **arguments)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error
        if not response.is_success:
            raise _to_error(response)
        return response

    def _unreachable(self, error: Exception) -> ServerError:
        server = f"{self._client.base_url.scheme}://{self._client.base_url.netloc.decode()}"
        return ServerError(f"{server} does not answer ({str(error) or type(error).__name__}). Check the address.")


def _to_error(response: httpx2.Response) -> ServerError:
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"The server answers {response.status_code}. Check that its address is that of a Brain Tumor Detector."
    return ServerError(detail, response.status_code)


def _without_none(**values: str | None) -> Json:
    return {name: value for name, value in values.items() if value is not None}
