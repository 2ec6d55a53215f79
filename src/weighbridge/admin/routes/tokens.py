"""`/api/v1/tokens`: tracking tokens."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from weighbridge.admin.auth import Editor, Seen, ServicesOf, Viewer
from weighbridge.admin.documents import (
    CreatedToken,
    ListedToken,
    Token,
    TokenChange,
    TokenList,
    TokenRequest,
)
from weighbridge.admin.expiry import parse_expiry
from weighbridge.admin.ports import Services
from weighbridge.admin.problems import RESPONSES
from weighbridge.core.credential import NewToken
from weighbridge.reports.cost_query import CostQuery

router = APIRouter(prefix="/api/v1", tags=["tokens"], responses=RESPONSES)


@router.post("/tokens", status_code=201, summary="Make a tracking token")
async def create_token(caller: Editor, services: ServicesOf, wanted: TokenRequest) -> CreatedToken:
    """The secret is in this answer and nowhere else. The token is in force when it comes."""
    new = NewToken(**_values(wanted.model_dump()))
    token, secret = await run_in_threadpool(services.tokens.create, new, caller)
    await services.policy.publish()
    return CreatedToken.of(token, token=secret)


@router.get("/tokens", summary="List tracking tokens")
def list_tokens(_caller: Viewer, services: Seen) -> TokenList:
    """Newest first, without their secrets; with the last use of each, as the ledger has it."""
    used = _last_uses(services, {})
    tokens = services.tokens.all()
    listed = [ListedToken.of(token, last_used_at=used.get(token.id)) for token in tokens]
    return TokenList(tokens=listed, next_cursor=None)


@router.get("/tokens/{token_id}", summary="Show a tracking token")
def get_token(_caller: Viewer, services: Seen, token_id: str) -> ListedToken:
    """One token, without its secret; with its last use."""
    token = services.tokens.get(token_id)
    used = _last_uses(services, {"token_id": (token.id,)})
    return ListedToken.of(token, last_used_at=used.get(token.id))


@router.patch("/tokens/{token_id}", summary="Change a tracking token")
async def change_token(
    caller: Editor, services: ServicesOf, token_id: str, wanted: TokenChange
) -> Token:
    """Only what is given changes, and it is in force when the answer comes; the secret stays."""
    changes = _values(wanted.model_dump(exclude_unset=True))
    token = await run_in_threadpool(services.tokens.update, token_id, changes, caller)
    await services.policy.publish()
    return Token.of(token)


@router.delete("/tokens/{token_id}", summary="Revoke a tracking token")
async def revoke_token(caller: Editor, services: ServicesOf, token_id: str) -> Token:
    """Calls with it are refused from now on; its rows keep its id."""
    token = await run_in_threadpool(services.tokens.revoke, token_id, caller)
    await services.policy.publish()
    return Token.of(token)


def _values(document: dict[str, Any]) -> dict[str, Any]:
    """A request's fields as those of a token: the expiry as an instant."""
    if "expires" in document:
        expires = document.pop("expires")
        now_us = time.time_ns() // 1000
        document["expires_at_us"] = parse_expiry(expires, now_us) if expires else None
    return document


def _last_uses(services: Services, filters: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """When each token was used last: a question to the ledger, so no counter can drift from it."""
    query = CostQuery(group_by=("token_id",), metrics=("last_seen",), filters=filters)
    answer = services.reports.run(query, datetime.now(UTC)).as_json()
    return {row["token_id"]: row["last_seen"] for row in answer["rows"] if row["token_id"]}
