"""`/api/v1/me`: who the caller is, and what its pages need to change anything."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from weighbridge.admin.auth import Viewer, csrf_token_of
from weighbridge.admin.problems import RESPONSES
from weighbridge.core.credential import Role

router = APIRouter(prefix="/api/v1", tags=["people"], responses=RESPONSES)


class Me(BaseModel):
    """The caller."""

    kind: str = Field(description="`user`, `key`, or `operator` over the Unix socket.")
    id: str = Field(description="`usr_…` or `key_…`; empty for the operator.")
    name: str = Field(description="For people.")
    role: Role = Field(description="What it may do.")
    scope: dict[str, list[str]] = Field(
        description="The only departments or projects it sees; empty for all."
    )
    csrf_token: str | None = Field(
        description="Send it as `X-CSRF-Token` where the session's cookie authorises a change; "
        "null where no cookie was sent."
    )


@router.get("/me", summary="Show who I am")
def me(request: Request, caller: Viewer) -> Me:
    """The caller as the gateway knows it."""
    return Me(
        kind=caller.kind,
        id=caller.id,
        name=caller.name,
        role=caller.role,
        scope={name: list(values) for name, values in caller.scope.items()},
        csrf_token=csrf_token_of(request) if caller.kind == "user" else None,
    )
