"""A small OpenID Connect provider: discovery, keys, the code flow with PKCE; signs what it is told.

An ASGI app, so that a test puts it in the place of the network. `claims` are those of who signs
in next; `spoil` changes the claims of the ID token, `key` is what signs it.
"""

import base64
import hashlib
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import httpx
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import ECKey

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER = "https://id.example"
CLIENT = "weighbridge"
SECRET = "the client's secret"


class Provider:
    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.key = self.published = ECKey.generate_key("P-256", {"kid": "k1"})
        self.issuer = ISSUER
        self._codes: dict[str, dict[str, str]] = {}
        app = FastAPI(openapi_url=None)
        app.get("/.well-known/openid-configuration")(self._discovery)
        app.get("/keys")(self._keys)
        app.post("/token")(self._token)
        self.transport = httpx.ASGITransport(app)

    def approve(self, url: str) -> str:
        """The person agrees at the provider; where their browser is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self._codes)}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def _discovery(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }

    def _keys(self) -> dict[str, Any]:
        return {"keys": [self.published.as_dict(private=False)]}

    async def _token(self, request: Request) -> dict[str, Any]:
        form = parse_qs((await request.body()).decode())
        asked = self._codes.pop(form["code"][0])
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        known = base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
        assert request.headers["authorization"] == f"Basic {known}"
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "nonce": asked["nonce"],
            "exp": int(time.time()) + 300,
            "iat": int(time.time()),
            **self.claims,
        }
        header = {"alg": "ES256", "kid": "k1"}
        token = jwt.encode(header, self.spoil(claims), self.key)
        return {"access_token": "a", "token_type": "Bearer", "id_token": token}
