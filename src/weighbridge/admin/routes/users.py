"""`/api/v1/users`: people, and the links by which they choose a password."""

from typing import Any

from fastapi import APIRouter, Request

from weighbridge.admin.auth import LOCAL, Administrator, ServicesOf
from weighbridge.admin.people import (
    CreatedUser,
    OneTime,
    UserChange,
    UserDocument,
    UserList,
    UserRequest,
)
from weighbridge.admin.problems import RESPONSES
from weighbridge.core.user import NewUser
from weighbridge.errors import ConflictError, NotAllowedError

router = APIRouter(prefix="/api/v1", tags=["people"], responses=RESPONSES)


@router.post("/users", status_code=201, summary="Add a person")
def create_user(caller: Administrator, services: ServicesOf, wanted: UserRequest) -> CreatedUser:
    """They can sign in once they followed the link and chose a password."""
    user = services.users.create(NewUser(**_values(wanted.model_dump())), caller)
    link, secret = services.links.make(user.id, caller)
    return CreatedUser.of(user, one_time=OneTime.of(link, secret, services.public_url))


@router.get("/users", summary="List people")
def list_users(_caller: Administrator, services: ServicesOf) -> UserList:
    """Newest first."""
    users = [UserDocument.of(user) for user in services.users.all()]
    return UserList(users=users, next_cursor=None)


@router.get("/users/{user_id}", summary="Show a person")
def get_user(_caller: Administrator, services: ServicesOf, user_id: str) -> UserDocument:
    """One person."""
    return UserDocument.of(services.users.get(user_id))


@router.patch("/users/{user_id}", summary="Change or disable a person")
def change_user(
    caller: Administrator, services: ServicesOf, user_id: str, wanted: UserChange
) -> UserDocument:
    """In force with their next request; disabling ends their sessions."""
    changes = _values(wanted.model_dump(exclude_unset=True))
    return UserDocument.of(services.users.update(user_id, changes, caller))


@router.post("/users/{user_id}/link", status_code=201, summary="Make a one-time link")
def make_link(caller: Administrator, services: ServicesOf, user_id: str) -> OneTime:
    """Who follows it chooses a new password; earlier links of theirs end."""
    link, secret = services.links.make(user_id, caller)
    return OneTime.of(link, secret, services.public_url)


@router.post("/setup-link", status_code=201, summary="Make the first administrator's link")
def make_setup_link(request: Request, _caller: Administrator, services: ServicesOf) -> OneTime:
    """Over `admin.sock` alone, while there is neither a person nor an admin key."""
    if not request.scope.get(LOCAL):
        raise NotAllowedError("the first administrator's link is given on the machine itself")
    made = services.links.make_first()
    if made is None:
        raise ConflictError("there is a person or an admin key already; see `user create`")
    return OneTime.of(*made, services.public_url)


def _values(document: dict[str, Any]) -> dict[str, Any]:
    """A request's fields as those of a person."""
    if "scope" in document:
        document["scope"] = {name: tuple(each) for name, each in document["scope"].items()}
    return document
