"""`/api/v1/keys`: admin API keys."""

from fastapi import APIRouter

from weighbridge.admin.auth import Administrator, ServicesOf
from weighbridge.admin.documents import CreatedKey, Key, KeyList, KeyRequest
from weighbridge.admin.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["keys"], responses=RESPONSES)


@router.post("/keys", status_code=201, summary="Make an admin key")
def create_key(caller: Administrator, services: ServicesOf, wanted: KeyRequest) -> CreatedKey:
    """The secret is in this answer and nowhere else."""
    key, secret = services.keys.create(wanted.name, wanted.role, caller)
    return CreatedKey.of(key, key=secret)


@router.get("/keys", summary="List admin keys")
def list_keys(_caller: Administrator, services: ServicesOf) -> KeyList:
    """Newest first, without their secrets."""
    return KeyList(keys=[Key.of(key) for key in services.keys.all()], next_cursor=None)


@router.delete("/keys/{key_id}", summary="Revoke an admin key")
def revoke_key(caller: Administrator, services: ServicesOf, key_id: str) -> Key:
    """Requests with it are refused from now on."""
    return Key.of(services.keys.revoke(key_id, caller))
