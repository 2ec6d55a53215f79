"""`/api/v1/channels`: where alerts go. URLs go in and never come out."""

from typing import Any

from fastapi import APIRouter

from weighbridge.admin.auth import Administrator, Editor, Seen, ServicesOf, Viewer
from weighbridge.admin.documents_of_alerts import (
    ChannelChange,
    ChannelDocument,
    ChannelList,
    ChannelRequest,
    DeliveryDocument,
)
from weighbridge.admin.problems import RESPONSES
from weighbridge.core.alert import NewChannel, Quiet

router = APIRouter(prefix="/api/v1", tags=["alerts"], responses=RESPONSES)


@router.post("/channels", status_code=201, summary="Add a channel")
def create_channel(
    caller: Administrator, services: ServicesOf, wanted: ChannelRequest
) -> ChannelDocument:
    """Nothing is sent yet; test it next."""
    channel = services.channels.create(NewChannel(**_values(wanted)), caller)
    services.alert_sender.wake()
    return ChannelDocument.of(channel)


@router.get("/channels", summary="List channels")
def list_channels(_caller: Viewer, services: Seen) -> ChannelList:
    """Newest first, without their URLs. A bound viewer sees none."""
    channels = [ChannelDocument.of(each) for each in services.channels.all()]
    return ChannelList(channels=channels, next_cursor=None)


@router.get("/channels/{channel_id}", summary="Show a channel")
def get_channel(_caller: Viewer, services: Seen, channel_id: str) -> ChannelDocument:
    """One channel by its id or name, without its URL."""
    return ChannelDocument.of(services.channels.get(channel_id))


@router.patch("/channels/{channel_id}", summary="Change a channel")
def change_channel(
    caller: Administrator, services: ServicesOf, channel_id: str, wanted: ChannelChange
) -> ChannelDocument:
    """Only what is given changes; alerts that wait go where it leads from now on."""
    changes = _values(wanted)
    return ChannelDocument.of(services.channels.update(channel_id, changes, caller))


@router.delete("/channels/{channel_id}", summary="Remove a channel")
def remove_channel(caller: Administrator, services: ServicesOf, channel_id: str) -> ChannelDocument:
    """Its URL is forgotten and what waits for it is given up; what it sent stays in the log."""
    return ChannelDocument.of(services.channels.remove(channel_id, caller))


@router.post("/channels/{channel_id}/test", summary="Test a channel")
def test_channel(caller: Editor, services: ServicesOf, channel_id: str) -> DeliveryDocument:
    """Send a message now and once, quiet hours or not; the answer says how it went."""
    return DeliveryDocument.of(services.alert_sender.test(channel_id, caller))


def _values(wanted: ChannelRequest | ChannelChange) -> dict[str, Any]:
    """A request's fields, as far as they were given, as those of a channel."""
    values = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    if "url" in values:
        values["url"] = values["url"].get_secret_value()
    if "kinds" in values:
        values["kinds"] = tuple(values["kinds"])
    if values.get("quiet") is not None:
        values["quiet"] = Quiet(**values["quiet"].model_dump())
    return values
