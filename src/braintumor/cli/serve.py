"""Command `serve`: the web server."""

import argparse
import os
import socket
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Final

from braintumor.cli.arguments import add_command
from braintumor.errors import AccountError
from braintumor.settings import Settings, get_settings

DEFAULT_PORT: Final = 8501
_ROOT: Final = Path(__file__).resolve().parents[3]


def add_serve_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to a parser."""
    serve = add_command(commands, "serve", "start the web server with dashboard, account pages and REST API", _serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    port = os.environ.get("PORT") or DEFAULT_PORT
    serve.add_argument("--port", type=int, default=port, help=f"port (default PORT or {DEFAULT_PORT})")
    serve.add_argument("--open", action="store_true", help="open a browser window")


def _serve(options: argparse.Namespace) -> int:
    settings = get_settings()
    check_address(settings, options.host)
    if not (_ROOT / "server.py").is_file():
        raise AccountError(f"{_ROOT / 'server.py'} is missing. Run this command in a checkout of the source code.")
    _check_port(options.host, options.port)
    base_url = settings.public_url or f"http://localhost:{options.port}"
    print(f"Brain Tumor Detector: {base_url}")
    if settings.accounts:
        _print_setup_link(settings, base_url)
    if options.open:
        threading.Thread(target=open_browser, args=(options.host, options.port, base_url), daemon=True).start()
    _run(options.host, options.port)
    return 0


def check_address(settings: Settings, host: str) -> None:
    """Check that a server is only reached by whom it is for.

    Raises
    ------
    AccountError
        It would be open to other computers without accounts, or without knowing its own name.
    """
    from braintumor.api.origins import is_loopback

    if is_loopback(host):
        return
    if not settings.accounts:
        raise AccountError(
            f"Without accounts, everyone who reaches {host} could use this server and see its scans. "
            "Set BRAINTUMOR_ACCOUNTS=on, or leave out --host."
        )
    if settings.public_url is None:
        raise AccountError(
            "Set BRAINTUMOR_PUBLIC_URL to the address that browsers use, such as https://scans.example.org."
        )
    if settings.public_url.startswith("http:"):
        print(
            "braintumor: passwords and scans travel unencrypted. Put a proxy with https in front, and set "
            "BRAINTUMOR_PUBLIC_URL to its address.",
            file=sys.stderr,
        )


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except (OSError, OverflowError) as error:
            raise AccountError(
                f"Cannot listen on port {port} of {host} ({getattr(error, 'strerror', None) or error}). "
                "Stop the other program, or choose another port: --port 8502 (make run PORT=8502)."
            ) from None


def open_browser(host: str, port: int, url: str) -> None:
    """Wait until the server listens, and open a browser window."""
    while True:
        try:
            socket.create_connection((host.strip("[]"), port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            webbrowser.open(url)
            return


def _print_setup_link(settings: Settings, base_url: str) -> None:
    from braintumor.auth.links import link_url
    from braintumor.auth.users import create_setup_link
    from braintumor.db.storage import open_storage

    storage = open_storage(settings)
    token = create_setup_link(storage)
    storage.close()
    if token is not None:
        print("There is no administrator yet. Create one within 24 hours; the link works once:")
        print(link_url(base_url, token))


def _run(host: str, port: int) -> None:
    import uvicorn

    sys.stdout.flush()
    # Threads that read a file or answer a request wait less for their turn than with the default, 5 ms.
    sys.setswitchinterval(0.001)
    # One worker: Streamlit keeps the state of its sessions in memory. server.py configures the log.
    uvicorn.run(
        "server:app",
        app_dir=str(_ROOT),
        host=host,
        port=port,
        workers=1,
        access_log=False,
        log_config=None,
        server_header=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,  # longer than clients and proxies keep an idle connection
    )
