"""An S3-compatible server on a loopback port for tests (moto)."""

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def run_s3(bucket: str) -> Iterator[dict[str, str]]:
    """Start a server with an empty bucket and yield the variables AWS_... to reach it."""
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    moto = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    moto.start()
    variables = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "us-east-1"}
    variables["ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    try:
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/{bucket}", method="PUT")).close()
        yield {f"AWS_{name}": value for name, value in variables.items()}
    finally:
        moto.stop()
