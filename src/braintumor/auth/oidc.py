"""Single sign-on by OpenID Connect: authorization code flow with PKCE, state and nonce."""

import secrets
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from braintumor.errors import AccountError
from braintumor.settings import Settings

LOGIN_NOT_STARTED: Final = "This login was not started in this browser, or it took too long. Start again."
_DISCOVERY: Final = "/.well-known/openid-configuration"
_SCOPES: Final = "openid profile email"
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_TIMEOUT_SECONDS: Final = 10
_LEEWAY_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Flow:
    """What a browser keeps between its way to the provider and back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the provider says the user is. `email` is None unless the provider verified it."""

    issuer: str
    subject: str
    name: str
    email: str | None


def has_single_sign_on(settings: Settings) -> bool:
    """Return whether a provider is set."""
    return bool(settings.oidc_issuer and settings.oidc_client_id)


class Provider:
    """An OpenID Connect provider. Its description is read at the first login.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._issuer = (settings.oidc_issuer or "").rstrip("/")
        self._client_id = settings.oidc_client_id or ""
        secret = settings.oidc_client_secret
        self._secret = secret.get_secret_value() if secret else None
        self._metadata: dict[str, Any] | None = None

    def begin(self, redirect_uri: str) -> tuple[str, Flow]:
        """Return the address at the provider to send the browser to, and what to compare when it is back.

        Raises
        ------
        AccountError
            The provider does not answer, or is not the one of the settings.
        """
        flow = Flow(*(secrets.token_urlsafe(32) for _ in range(3)))
        endpoint = self._load_metadata()["authorization_endpoint"]
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                endpoint, state=flow.state, code_verifier=flow.verifier, nonce=flow.nonce
            )
        return str(url), flow

    def finish(self, redirect_uri: str, flow: Flow, state: str, code: str) -> Claims:
        """Exchange the code that the browser brought, and verify the signed answer.

        Raises
        ------
        AccountError
            The browser did not begin this login, or the provider's answer is refused.
        """
        from authlib.common.errors import AuthlibBaseError
        from httpx2 import HTTPError
        from joserfc.errors import JoseError

        if not secrets.compare_digest(state.encode(), flow.state.encode()) or not code:
            raise AccountError(LOGIN_NOT_STARTED)
        metadata = self._load_metadata()
        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=flow.verifier
                )
            return self._verify(metadata, dict(token), flow.nonce)
        except (AuthlibBaseError, HTTPError, JoseError, KeyError, TypeError, ValueError) as error:
            raise AccountError("The answer of the single sign-on provider was refused. Start again.") from error

    def _verify(self, metadata: dict[str, Any], token: dict[str, Any], nonce: str) -> Claims:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        keys = KeySet.import_key_set(cast("Any", self._get_json(metadata["jwks_uri"])))
        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        decoded = jwt.decode(token["id_token"], keys, registry=registry)
        expected = {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": self._client_id},
        }
        parameters = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, expected, parameters)
        claims.validate(leeway=_LEEWAY_SECONDS)
        verified = claims.get("email_verified") is True
        return Claims(
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            name=str(claims.get("name") or claims.get("preferred_username") or ""),
            email=str(claims["email"]) if verified and claims.get("email") else None,
        )

    def _load_metadata(self) -> dict[str, Any]:
        from httpx2 import HTTPError

        if self._metadata is None:
            try:
                metadata = self._get_json(self._issuer + _DISCOVERY)
            except (HTTPError, ValueError) as error:
                raise AccountError("The single sign-on provider does not answer. Try again later.") from error
            if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
                raise AccountError(
                    "The issuer of the single sign-on provider differs from BRAINTUMOR_OIDC_ISSUER. Ask an "
                    "administrator to correct the setting."
                )
            self._metadata = metadata
        return self._metadata

    def _get_json(self, url: str) -> dict[str, Any]:
        import httpx2

        self._require_secure(url)
        response = httpx2.get(url, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        return cast("dict[str, Any]", response.raise_for_status().json())

    def _client(self, redirect_uri: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self._client_id,
            self._secret,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope=_SCOPES,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_SECONDS,
        )

    @staticmethod
    def _require_secure(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise AccountError("The single sign-on provider must be reached through https.")
