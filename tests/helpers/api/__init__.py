"""A server with users, tokens and a small model, and scans to upload."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from braintumor.api.app import create_app
from braintumor.api.state import ServerState
from braintumor.auth.api_tokens import Scope, create_token
from braintumor.datasets.phantoms import make_phantom
from braintumor.db.storage import Actor
from braintumor.db.tables import UserRole
from braintumor.settings import Settings
from tests.helpers.accounts import BASE_URL, add_user
from tests.helpers.versions.tiny import write_masked_version

API = "/api/v1"


def scan_png(seed: int = 7, kind: str = "meningioma") -> bytes:
    """A phantom as PNG."""
    content = io.BytesIO()
    Image.fromarray(make_phantom(kind, seed, 160).pixels).save(content, "PNG")
    return content.getvalue()


def as_files(**contents: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    """Files of a multipart body, by name without suffix."""
    return [("files", (f"{name}.png", content)) for name, content in contents.items()]


@pytest.fixture(scope="session")
def model_outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An outputs folder with two small versions; not to be changed."""
    folder = tmp_path_factory.mktemp("outputs")
    write_masked_version(folder, "v4")
    write_masked_version(folder, "v3", title="Another")
    return folder


@dataclass(frozen=True)
class Api:
    """A server and a user with a token for everything."""

    settings: Settings
    client: TestClient
    actor: Actor

    @property
    def state(self) -> ServerState:
        state: ServerState = self.client.app.state.server  # type: ignore[attr-defined]
        return state

    def client_for(self, email: str, role: UserRole = UserRole.READER, *scopes: Scope) -> TestClient:
        """A program of a new user."""
        _, visitor = add_user(self.state.storage, email, role)
        return self.client_with(self.token_of(visitor.actor, *scopes))

    def client_with(self, token: str) -> TestClient:
        """A program with a token."""
        client = TestClient(self.client.app, base_url=BASE_URL, client=("127.0.0.1", 50_000))
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def token_of(self, actor: Actor, *scopes: Scope) -> str:
        """A token of a user; with all scopes that it may have by default."""
        allowed = [scope for scope in Scope if scope is not Scope.ADMIN or actor.is_administrator]
        return create_token(self.state.storage, actor, "test", set(scopes or allowed), 30)

    def upload(self, **contents: bytes) -> dict[str, Any]:
        """Save scans, and return the answer."""
        response = self.client.post(f"{API}/scans", files=as_files(**contents or {"scan": scan_png()}))
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


def make_api(settings: Settings, role: UserRole = UserRole.READER) -> Api:
    """A server with accounts, and a user of it."""
    client = TestClient(create_app(settings), base_url=BASE_URL, client=("127.0.0.1", 50_000))
    state: ServerState = client.app.state.server  # type: ignore[attr-defined]
    _, visitor = add_user(state.storage, "ada@example.org", role)
    api = Api(settings, client, visitor.actor)
    client.headers["Authorization"] = f"Bearer {api.token_of(visitor.actor)}"
    return api


def api_settings(folder: Path, outputs: Path, **values: Any) -> Settings:
    """Settings of a server with accounts and no worker of its own."""
    fixed = {"accounts": True, "worker_thread": False, "version": "v4"}
    return Settings(data=folder / "data", outputs=outputs, **fixed | values)


@pytest.fixture
def api(tmp_path: Path, model_outputs: Path) -> Iterator[Api]:
    api = make_api(api_settings(tmp_path, model_outputs))
    yield api
    api.state.close()


@pytest.fixture
def administrator(tmp_path: Path, model_outputs: Path) -> Iterator[Api]:
    api = make_api(api_settings(tmp_path, model_outputs), UserRole.ADMINISTRATOR)
    yield api
    api.state.close()
