"""`/api/v1/me`: who the caller is, what its pages need to change anything, its own password."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from weighbridge.admin import documents
from weighbridge.admin.auth import ServicesOf, Viewer, csrf_token_of
from weighbridge.admin.own_password import change_own_password
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


class PasswordRequest(documents.Request):
    """Another password for the person who is signed in."""

    current: SecretStr = Field(description="The password that they sign in with.")
    password: SecretStr = Field(description="The new one: 12 to 256 characters.")


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


@router.put("/me/password", summary="Change my password")
def change_password(
    request: Request, caller: Viewer, services: ServicesOf, wanted: PasswordRequest
) -> Me:
    """In force at once: the caller's other sessions and links end, this session goes on."""
    given = wanted.current.get_secret_value(), wanted.password.get_secret_value()
    change_own_password(request, services, caller, given)
    return me(request, caller)
