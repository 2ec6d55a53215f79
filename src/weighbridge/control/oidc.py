"""Signing in by an OpenID Connect provider: the code flow with PKCE, claims, and who they make.

Hides Authlib, which the extra `oidc` brings; only `compose` imports this module, and only where
a provider is configured. Rules for future edits: nothing of an answer is believed but a signed ID
token of this issuer, for this client, with this sign-in's nonce; a person of the provider is
known by issuer and subject alone, never matched to another by name or address.
Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636 (PKCE).
"""

import time
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response, prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from weighbridge.config.model import OidcSettings
from weighbridge.control.oidc_people import OidcPeople
from weighbridge.core.credential import Role
from weighbridge.core.principal import SCOPE_DIMENSIONS
from weighbridge.core.user import NewUser, User
from weighbridge.errors import NotAllowedError, UnauthenticatedError

_ALGORITHMS: Final = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]  # signatures alone, never `none`
_TIMEOUT_S: Final = 10.0
_LEEWAY_S: Final = 60
_log = structlog.get_logger()


class Flow(NamedTuple):
    """One sign-in under way: where to send the browser, and what must come back with it."""

    url: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class OidcProvider:
    """The configured provider; `transport` lets tests answer in its place."""

    def __init__(
        self,
        settings: OidcSettings,
        secret: str | None,
        people: OidcPeople,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._secret = secret
        self._people = people
        self._transport = transport

    def __repr__(self) -> str:
        return f"<OidcProvider {self._settings.issuer}>"

    async def begin(self, redirect_uri: str) -> Flow:
        """A new sign-in.

        Errors: `UnauthenticatedError` where the provider does not answer as one.
        """
        state, nonce, verifier = token_urlsafe(24), token_urlsafe(24), token_urlsafe(48)
        try:
            endpoints = await self._discover()
            url = prepare_grant_uri(
                endpoints["authorization_endpoint"],
                client_id=self._settings.client_id,
                response_type="code",
                redirect_uri=redirect_uri,
                scope=" ".join(self._settings.scopes),
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            raise _failed(error) from None
        return Flow(url, state, nonce, verifier, redirect_uri)

    async def finish(self, flow: Flow, callback_url: str) -> User:
        """The person whom the provider names, as they are from now on.

        Errors: `UnauthenticatedError`; `NotAllowedError` where their claims give no role.
        """
        try:
            code = parse_authorization_code_response(callback_url, flow.state)["code"]
            endpoints = await self._discover()
            id_token = await self._exchange(endpoints["token_endpoint"], code, flow)
            keys = await self._read(endpoints["jwks_uri"])
            claims = self._claims(id_token, keys, flow.nonce)
            subject = f"{self._settings.issuer}|{claims['sub']}"
        except (
            *(httpx.HTTPError, AuthlibBaseError, JoseError),
            *(KeyError, ValueError, TypeError),
        ) as error:
            raise _failed(error) from None
        return self._people.arrive(subject, person_of(claims, self._settings))

    async def _exchange(self, url: str, code: str, flow: Flow) -> Any:
        """The ID token for a code; a client with a secret shows it as RFC 6749 2.3.1 says."""
        client_id = str(self._settings.client_id)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "code_verifier": flow.verifier,
        }
        auth = httpx.Auth()  # adds nothing
        if self._secret is None:
            form["client_id"] = client_id
        else:
            auth = httpx.BasicAuth(quote_plus(client_id), quote_plus(self._secret))
        async with self._client() as client:
            answer = await client.post(url, data=form, auth=auth)
            return answer.raise_for_status().json()["id_token"]

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._transport, timeout=_TIMEOUT_S)

    async def _discover(self) -> Mapping[str, Any]:
        issuer = str(self._settings.issuer)
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        document: Mapping[str, Any] = await self._read(url)
        if document["issuer"] != issuer:
            raise ValueError("the provider names another issuer")
        return document

    async def _read(self, url: str) -> Any:
        async with self._client() as client:
            return (await client.get(url)).raise_for_status().json()

    def _claims(self, id_token: str, keys: Any, nonce: str) -> Mapping[str, Any]:
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
        registry = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": str(self._settings.issuer)},
            aud={"essential": True, "value": str(self._settings.client_id)},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
        )
        registry.validate(token.claims)
        return token.claims


def person_of(claims: Mapping[str, Any], settings: OidcSettings) -> NewUser:
    """The person that claims describe: the highest role that one of their groups gives.

    Where a claim binds viewers and is missing, nobody gets in: missing is not everything.
    Errors: `NotAllowedError`.
    """
    groups = set(_words(claims.get(settings.role_claim)))
    given = [role for role in Role if groups & set(settings.roles.get(role.value, ()))]
    role = given[0] if given else settings.default_role
    if role is None:
        raise NotAllowedError("your account has no role here; ask an administrator")
    scope: dict[str, tuple[str, ...]] = {}
    if role is Role.VIEWER:
        claim_of = {"department": settings.department_claim, "project": settings.project_claim}
        for dimension in SCOPE_DIMENSIONS:
            claim = claim_of[dimension]
            if claim is None:
                continue
            scope[dimension] = _words(claims.get(claim))
            if not scope[dimension]:
                raise NotAllowedError(f"your account names no {dimension}; ask an administrator")
    named = (claims.get(name) for name in ("preferred_username", "email", "name", "sub"))
    name = next(str(value) for value in named if value)
    email = claims.get("email") if claims.get("email_verified") is True else None
    return NewUser(name=name, email=email, role=role, scope=scope)


def _words(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str) and one)


def _failed(error: Exception) -> UnauthenticatedError:
    _log.warning("signing in by the OIDC provider failed", exc_info=error)
    return UnauthenticatedError("signing in by the provider failed; try again, or see the log")
