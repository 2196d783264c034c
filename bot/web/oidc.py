"""OpenID Connect: the authorization code flow with PKCE, as the relying party.

What the provider says is believed only over TLS (or from this very machine), and of an ID token
only once its signature, issuer, audience, times and nonce are right (OpenID Connect Core 1.0,
3.1.3.7). This is the only file that imports authlib and joserfc.
"""

import json
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import JWKRegistry, Key

from bot.clock import Clock
from bot.errors import SignOnRefused, SignOnUnavailable

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Signatures by a key that only the provider has; "none" and shared secrets are not among them."""
_KEEP = timedelta(hours=1)
_KEYS_REST = timedelta(seconds=30)
"""So long a key that nobody knows does not make the keys be read again."""
_AWAY_REST = timedelta(seconds=5)
_LEEWAY_SECONDS = 60
_SECONDS = 10.0
_MOST_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """What the provider knows of Recall, and how it is reached."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    scopes: str = "openid profile email"
    proxy: str | None = None
    ca: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    at: datetime


class OidcProvider:
    """An identity provider, by its discovery document. Safe for several threads."""

    def __init__(self, client: OidcClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._document: _Kept | None = None
        self._keys: _Kept | None = None
        self._away: _Kept | None = None

    @property
    def issuer(self) -> str:
        return self._client.issuer

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises SignOnUnavailable."""
        asked = prepare_grant_uri(
            self._endpoint("authorization_endpoint"),
            client_id=self._client.client_id,
            response_type="code",
            redirect_uri=self._client.redirect_uri,
            scope=self._client.scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return str(asked)

    def claims(self, code: str, *, nonce: str, verifier: str) -> Mapping[str, Any]:
        """What the ID token for `code` says, checked. Raises SignOnRefused where it must not be
        believed, SignOnUnavailable where the provider cannot be asked."""
        given = self._exchange(code, verifier)
        token, access = given.get("id_token"), given.get("access_token")
        if not isinstance(token, str):
            raise SignOnRefused("The identity provider gave no ID token.")
        verified = self._verified(token)
        options: dict[str, Any] = {
            "iss": {"essential": True, "value": self._client.issuer},
            "aud": {"essential": True, "value": self._client.client_id},
        }
        params = {"nonce": nonce, "client_id": self._client.client_id, "access_token": access}
        claims = CodeIDToken(verified.claims, verified.header, options, params)
        try:
            claims.validate(int(self._clock.now().timestamp()), _LEEWAY_SECONDS)
        except ExpiredTokenError:
            raise SignOnRefused("The ID token is past its time; sign in again.") from None
        except JoseError as error:
            raise SignOnRefused(f"The ID token is not for this sign-in: {error}.") from None
        return dict(claims)

    # -- asking -------------------------------------------------------------------------

    def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._client.redirect_uri,
            code_verifier=verifier,
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        identity = (quote(self._client.client_id, ""), quote(self._client.client_secret, ""))
        auth = httpx.BasicAuth(*identity)
        methods = self._metadata().get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "client_secret_basic" not in methods:
            body += f"&client_id={identity[0]}&client_secret={identity[1]}"
            status, answer = self._ask("token_endpoint", "POST", content=body, headers=headers)
        else:
            status, answer = self._ask(
                "token_endpoint", "POST", content=body, headers=headers, auth=auth
            )
        if status == 200:
            return answer
        told = answer.get("error")
        known = told if isinstance(told, str) and told.isascii() and len(told) < 60 else status
        if status == 401 or told == "invalid_client":
            raise SignOnRefused(
                "The identity provider does not know Recall by RECALL_OIDC_CLIENT_ID and "
                "RECALL_OIDC_CLIENT_SECRET."
            )
        raise SignOnRefused(f"The identity provider did not take the sign-in ({known}).")

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            if self._document is None or self._is_old(self._document, _KEEP):
                at = self._client.issuer.rstrip("/") + "/.well-known/openid-configuration"
                status, found = self._fetch("GET", at)
                if status != 200:
                    raise self._gone(f"{at} answers {status}")
                if found.get("issuer") != self._client.issuer:
                    raise self._gone(
                        "its discovery document is of another issuer than RECALL_OIDC_ISSUER, "
                        "which must be the same to the letter"
                    )
                self._document = _Kept(found, self._clock.now())
            return dict(self._document.value)

    def _endpoint(self, name: str) -> str:
        address = self._metadata().get(name)
        if not isinstance(address, str) or not is_safe_address(address):
            raise self._gone(f"its discovery document has no {name} with https")
        return address

    def _ask(self, endpoint: str, method: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        return self._fetch(method, self._endpoint(endpoint), **more)

    def _fetch(self, method: str, address: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON object. A provider that was away a moment ago is not waited for again:
        one request hangs, the others hear of it at once."""
        if self._away is not None and not self._is_old(self._away, _AWAY_REST):
            raise SignOnUnavailable(self._away.value)
        until = time.monotonic() + _SECONDS
        body = bytearray()
        try:
            with (
                httpx.Client(
                    timeout=_SECONDS / 2,
                    follow_redirects=False,
                    trust_env=False,
                    proxy=None if _is_loopback(address) else self._client.proxy,
                    verify=self._client.ca or True,
                ) as client,
                client.stream(method, address, **more) as answer,
            ):
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES or time.monotonic() > until:
                        raise self._gone("it says far too much, or far too slowly")
            found = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._gone(f"{type(error).__name__} at {urlsplit(address).netloc}") from None
        except ValueError:  # no JSON, or no text
            found = None
        if answer.status_code >= 500 or not isinstance(found, dict):
            raise self._gone(f"{urlsplit(address).netloc} answers {answer.status_code}, not JSON")
        return answer.status_code, found

    def _gone(self, why: str) -> SignOnUnavailable:
        self._away = _Kept(
            f"The identity provider cannot be used right now: {why}.", self._clock.now()
        )
        return SignOnUnavailable(self._away.value)

    def _is_old(self, kept: _Kept, most: timedelta) -> bool:
        return self._clock.now() - kept.at >= most

    # -- keys ---------------------------------------------------------------------------

    def _verified(self, token: str) -> jwt.Token:
        """The token, if a key of the provider signed it. Keys are read again once where none
        fits: the provider may have changed them."""
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError) as error:
            raise SignOnRefused(f"The ID token cannot be read: {error}.") from None
        if header.get("alg") not in ALGORITHMS:
            raise SignOnRefused("The ID token is not signed in a way that Recall accepts.")
        for again in (False, True):
            for key in self._candidates(header.get("kid"), again=again):
                try:
                    return jwt.decode(token, key, algorithms=[header["alg"]])
                except JoseError:
                    continue
        raise SignOnRefused("The ID token is not signed by a key of the identity provider.")

    def _candidates(self, kid: object, *, again: bool) -> Sequence[Key]:
        address = self._endpoint("jwks_uri")
        with self._lock:
            if self._keys is None or self._is_old(self._keys, _KEYS_REST if again else _KEEP):
                status, found = self._fetch("GET", address)
                if status != 200:
                    raise self._gone(f"its keys cannot be read ({status})")
                self._keys = _Kept(_keys_in(found), self._clock.now())
            keys: Sequence[Key] = self._keys.value
        return [key for key in keys if kid is None or key.kid == kid]


def is_safe_address(address: str) -> bool:
    """Whether what comes from there can be believed: https, or http on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(address))


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keys_in(found: Mapping[str, Any]) -> list[Key]:
    """The keys for signatures; those of kinds that are not known here are left out."""
    listed = found.get("keys")
    keys = []
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("kty") == "oct" or one.get("use") == "enc":
            continue
        try:
            keys.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError):
            continue
    return keys
