"""An OpenID Connect provider on loopback, over real HTTP: honest, unless a test spoils it."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.clock import Clock
from bot.processes.supervisor import address_of, listening_socket

CLIENT_ID = "recall"
CLIENT_SECRET = "a:secret/with%signs"


def a_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class Provider:
    """`person` are the claims of whoever signs in. `key` signs; `published` is what the key set
    shows. `spoil` changes the claims of the next tokens, `sign` makes a token of them in a way of
    its own. `is_away` answers 503 to all. `asked` counts requests by path."""

    clock: Clock
    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "anna", "name": "Anna"})
    key: RSAKey = field(default_factory=lambda: a_key("k1"))
    published: list[RSAKey] = field(default_factory=list)
    spoil: Callable[[dict[str, Any]], None] = lambda claims: None
    sign: Callable[[dict[str, Any]], str] | None = None
    is_away: bool = False
    document: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def token(self, nonce: str) -> str:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
            **self.person,
        }  # fmt: skip
        self.spoil(claims)
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


@contextmanager
def oidc_provider(clock: Clock) -> Iterator[Provider]:
    """It listens on a free port of loopback until the test is over."""
    provider = Provider(clock)
    provider.published = [provider.key]
    listener = listening_socket("127.0.0.1", 0)
    provider.issuer = address_of(listener)
    server = uvicorn.Server(
        uvicorn.Config(_app(provider), log_config=None, access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def _app(provider: Provider) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def count(request: Request, go_on: Any) -> Response:
        path = request.url.path
        provider.asked[path] = provider.asked.get(path, 0) + 1
        return Response("later", 503) if provider.is_away else await go_on(request)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/keys",
            **provider.document,
        }

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in provider.published]}

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        """Whoever comes is `person`, and agrees at once."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        provider.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    @app.post("/token")
    async def token(request: Request) -> Response:
        body = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        given = base64.b64decode(request.headers.get("Authorization", "")[6:]).decode()
        if given != "recall:a%3Asecret%2Fwith%25signs":
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = provider.codes.pop(body.get("code", ""), None)
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != body.get("redirect_uri")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        answer = {"access_token": "t", "token_type": "Bearer"}
        return JSONResponse({**answer, "id_token": provider.token(asked["nonce"])})

    return app
