"""Compose file, Kubernetes manifests and workflows match their schemas and keep what they promise."""

import subprocess
from pathlib import Path
from typing import Any

import check_jsonschema
import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

WORKFLOWS = sorted(path.name for path in (Path(__file__).resolve().parents[2] / ".github" / "workflows").iterdir())
ONE_SHOT = {"upgrade"}
SECRETS = {"BRAINTUMOR_AUDIT_KEY", "POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((root / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def manifests(root: Path) -> dict[str, dict[str, Any]]:
    """Kubernetes objects by kind and name."""
    folder = root / "deploy" / "kubernetes"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    documents = [d for name in files for d in yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))]
    return {f"{document['kind']}/{document['metadata']['name']}": document for document in documents}


def _check_schema(schema: str, path: Path) -> None:
    run = CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", schema, str(path)])
    assert run.exit_code == 0, run.output


def test_compose_file_matches_its_schema(root: Path) -> None:
    _check_schema("vendor.compose-spec", root / "deploy" / "compose.yaml")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_matches_its_schema(root: Path, name: str) -> None:
    _check_schema("vendor.github-workflows", root / ".github" / "workflows" / name)


def test_compose_services_have_health_checks_and_only_web_is_reached(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"web", "worker", "database", "store"} <= set(services)
    for name, service in services.items():
        assert ("test" in service["healthcheck"]) == (name not in ONE_SHOT), name
        assert ("ports" in service) == (name == "web"), name
    assert services["web"]["ports"] == ["127.0.0.1:${PORT:-8501}:8501"]
    assert compose["networks"]["back"] == {"internal": True}


def test_compose_has_no_secret_and_needs_those_of_the_script(root: Path, compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        values = service["environment"]
        assert all(f"${{{name}:?" in values[name] for name in SECRETS & set(values))
    assert "${POSTGRES_PASSWORD:?" in compose["services"]["web"]["environment"]["BRAINTUMOR_DATABASE"]
    first, second = (_make_env(root) for _ in range(2))
    assert set(first) == SECRETS | {"BRAINTUMOR_PUBLIC_URL", "BRAINTUMOR_BLOB_KEY"}
    assert [name for name in first if first[name] == second[name]] == ["BRAINTUMOR_PUBLIC_URL"]
    assert all(len(first[name]) >= 32 for name in SECRETS - {"AWS_ACCESS_KEY_ID"})


def _make_env(root: Path) -> dict[str, str]:
    command = ["sh", "deploy/make-env.sh", "https://scans.example.org"]
    output = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in output.splitlines())


def test_kubernetes_manifests_match_their_schemas(manifests: dict[str, dict[str, Any]]) -> None:
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    assert not [name for name in manifests if name.startswith("Secret/")]


def test_pods_run_without_privileges(manifests: dict[str, dict[str, Any]]) -> None:
    pods = [manifests[name]["spec"]["template"]["spec"] for name in ("Deployment/web", "Deployment/worker")]
    for pod in [*pods, manifests["StatefulSet/database"]["spec"]["template"]["spec"]]:
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            security = container["securityContext"]
            assert (security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"]) == (False, True)
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_pods_of_the_web_server_are_probed_and_browsers_stay_with_theirs(manifests: dict[str, dict[str, Any]]) -> None:
    web = manifests["Deployment/web"]["spec"]["template"]["spec"]["containers"][0]
    assert (web["livenessProbe"]["httpGet"]["path"], web["readinessProbe"]["httpGet"]["path"]) == ("/livez", "/readyz")
    service = manifests["Service/web"]
    assert service["metadata"]["annotations"]["traefik.ingress.kubernetes.io/service.sticky.cookie"] == "true"
    assert manifests["NetworkPolicy/deny-all"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
