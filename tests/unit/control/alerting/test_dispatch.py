"""Dispatching: what is due goes out, what fails comes again, and nobody waits for the slow."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from alerts import occurrence
from receiver import mailbox, webhook

from weighbridge.budgets.alerts.once import Verdict
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.apprise_sender import AppriseSender
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.alerting.dispatch import Dispatcher
from weighbridge.control.alerting.message import Message
from weighbridge.control.alerting.sealing import Seal
from weighbridge.control.audit import AuditLog
from weighbridge.control.database import Database
from weighbridge.core.alert import Alert, DeliveryState, NewChannel
from weighbridge.core.credential import Role
from weighbridge.core.principal import Principal
from weighbridge.errors import NotFoundError

PATIENCE_S = 60.0


class Scripted:
    """A sender that answers as it is told; `sent` has what it was given."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[tuple[str, Message]] = asyncio.Queue()
        self.answers: list[str | None] = []
        self._loop = asyncio.get_running_loop()

    def send(self, url: str, message: Message) -> str | None:
        self._loop.call_soon_threadsafe(self.sent.put_nowait, (url, message))
        return self.answers.pop(0) if self.answers else None


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[None]:
    task = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def log(database: Database) -> AlertLog:
    """On the real clock, by which the dispatcher waits."""
    return AlertLog(database)


async def test_an_alert_goes_through_its_channels(
    log: AlertLog, channels: ChannelService, sender: AppriseSender
) -> None:
    """A webhook and mail, with the chart; each is written down as sent."""
    dispatcher = Dispatcher(
        log, channels, sender, picture=lambda _: b"\x89PNG", public_url="https://w.example"
    )
    with webhook() as hook, mailbox() as box:
        channels.create(NewChannel(name="hook", url=hook.url))
        channels.create(NewChannel(name="mail", url=box.url))
        async with running(dispatcher):
            (told,) = await asyncio.to_thread(log.tell, [occurrence()])
            dispatcher.wake()
            got = await asyncio.to_thread(hook.next)
            await asyncio.to_thread(box.next)
            async with asyncio.timeout(PATIENCE_S):
                while dispatcher.metrics()["alert_messages_sent_total"] < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0)
    assert got["message"].split("\n\n") == [
        "Message of k",
        "https://w.example/alerts",
        f"Weighbridge alert {told.id}",
    ]
    assert len(got["attachments"]) == 1
    (alert,) = log.page(limit=1)
    assert {each.state for each in alert.deliveries} == {DeliveryState.SENT}
    assert dispatcher.metrics() == {
        "alert_messages_sent_total": 2,
        "alert_messages_failed_total": 0,
        "alert_messages_waiting": 0,
    }


async def test_what_waited_goes_out_at_the_start(log: AlertLog, channels: ChannelService) -> None:
    """Nobody has to wake who has just begun: a restart sends what is due."""
    channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))
    log.tell([occurrence()])
    sender = Scripted()
    async with running(Dispatcher(log, channels, sender)):
        url, message = await asyncio.wait_for(sender.sent.get(), PATIENCE_S)
    assert (url, message.title) == ("json://127.0.0.1:9/", "Title of k")


async def test_what_is_needed_is_loaded_once_there_is_a_channel(
    log: AlertLog, channels: ChannelService
) -> None:
    """Before the first message, and whatever comes of it."""
    loaded: list[bool] = []

    def prepare() -> None:
        loaded.append(True)
        raise OSError

    dispatcher = Dispatcher(log, channels, sender := Scripted(), prepare=prepare)
    dispatcher._get_ready()
    assert loaded == []
    channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))
    log.tell([occurrence()])
    async with running(dispatcher):
        await asyncio.wait_for(sender.sent.get(), PATIENCE_S)
    dispatcher._get_ready()
    assert loaded == [True]


async def test_a_channel_that_hangs_holds_up_no_other(
    log: AlertLog, channels: ChannelService
) -> None:
    """Each message has a thread of its own, up to four at once."""
    for name in ("slow", "quick"):
        channels.create(NewChannel(name=name, url=f"json://127.0.0.1:9/{name}"))
    release, quick = threading.Event(), threading.Event()

    class Slow:
        def send(self, url: str, message: Message) -> str | None:
            if url.endswith("slow"):
                release.wait(PATIENCE_S)
            else:
                quick.set()
            return None

    log.tell([occurrence()])
    async with running(Dispatcher(log, channels, Slow())):
        assert await asyncio.to_thread(quick.wait, PATIENCE_S)
        release.set()


def test_a_failure_is_logged_without_what_is_secret(
    log: AlertLog, channels: ChannelService, sender: AppriseSender, log_lines: io.StringIO
) -> None:
    """P1: its reason and the channel's id, neither the URL nor the text."""
    with webhook() as hook:
        hook.statuses = [500]
        made = channels.create(NewChannel(name="ops", url=hook.url))
        tested = Dispatcher(log, channels, sender).test("ops")
    assert (tested.state, tested.reason) == (DeliveryState.GIVEN_UP, "http_500")
    line = log_lines.getvalue()
    assert f'"channel_id": "{made.id}"' in line
    assert '"reason": "http_500"' in line
    assert "s3cr3t" not in line
    assert "127.0.0.1" not in line


def test_a_test_is_sent_at_once_and_once(
    log: AlertLog, channels: ChannelService, sender: AppriseSender
) -> None:
    """By whoever asks; it is written down like any alert."""
    dispatcher = Dispatcher(log, channels, sender)
    with webhook() as hook:
        channels.create(NewChannel(name="ops", url=hook.url))
        first, second = dispatcher.test("ops"), dispatcher.test("OPS")
        assert hook.next()["title"] == hook.next()["title"] == "Test of a Weighbridge channel"
    assert (first.state, second.state, first.attempts) == ("sent", "sent", 1)
    assert first.alert_id != second.alert_id
    with pytest.raises(NotFoundError):
        dispatcher.test("nobody")


def test_who_tests_a_channel_is_in_the_log_of_changes(
    database: Database, log: AlertLog, channels: ChannelService, sender: AppriseSender
) -> None:
    """Also where nobody takes the message: it has left the gateway, by somebody's hand."""
    made = channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/s3cr3t"))
    ed = Principal(kind="user", id="usr_1", name="Ed", role=Role.EDITOR)
    tested = Dispatcher(log, channels, sender).test("ops", ed)
    entry = AuditLog(database).page(limit=1)[0]
    assert (entry.actor_id, entry.action, entry.subject) == ("usr_1", "channel.test", made.id)
    assert entry.after == {"name": "ops", "alert": tested.alert_id}


async def test_a_picture_that_fails_holds_up_no_message(
    log: AlertLog, channels: ChannelService
) -> None:
    """The message goes out without it."""

    def broken(_: Alert) -> bytes | None:
        raise ValueError

    channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))
    log.tell([occurrence()])
    sender = Scripted()
    async with running(Dispatcher(log, channels, sender, picture=broken)):
        _, message = await asyncio.wait_for(sender.sent.get(), PATIENCE_S)
    assert message.picture is None


class Shared:
    """Claims that answer as they are told; `settled` has what they heard."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = list(verdicts)
        self.settled: list[bool] = []

    def claim(self, alert: Alert) -> Verdict:
        assert alert.occurrence.key == "k"
        return self.verdicts.pop(0)

    def settle(self, alert: Alert, *, sent: bool) -> None:
        assert alert.occurrence.key == "k"
        self.settled.append(sent)


async def test_what_another_gateway_sends_is_not_sent_here(
    log: AlertLog, channels: ChannelService
) -> None:
    """It is asked about again until the other has; what is sent here is claimed, then made good."""
    channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))
    log.tell([occurrence()])
    sender, shared = Scripted(), Shared(Verdict.LATER, Verdict.TOLD)
    dispatcher = Dispatcher(log, channels, sender)
    dispatcher.share(shared)
    async with running(dispatcher):
        while log.waiting():
            await asyncio.to_thread(lambda: None)
    (alert,) = log.page(limit=1)
    assert [each.state for each in alert.deliveries] == [DeliveryState.ELSEWHERE]
    assert (sender.sent.empty(), shared.settled) == (True, [])
    assert dispatcher.metrics()["alert_messages_sent_total"] == 0


@pytest.mark.parametrize(("answer", "sent"), [(None, True), ("http_500", False)])
async def test_who_claimed_an_alert_says_how_it_went(
    log: AlertLog, channels: ChannelService, answer: str | None, *, sent: bool
) -> None:
    """Where it was not taken, others may try."""
    channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))
    log.tell([occurrence()])
    sender, shared = Scripted(), Shared(Verdict.OURS)
    sender.answers = [answer]
    dispatcher = Dispatcher(log, channels, sender)
    dispatcher.share(shared)
    ((delivery, alert),) = log.claim(1)
    dispatcher._send(delivery, alert)
    assert shared.settled == [sent]


def test_a_url_that_does_not_open_is_told(
    database: Database, log: AlertLog, channels: ChannelService, seal: Seal
) -> None:
    """Where the key was lost, the delivery says so and waits for it."""
    channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))
    seal._file.unlink()
    (told,) = log.tell([occurrence()])
    ((delivery, alert),) = log.claim(1)
    dispatcher = Dispatcher(log, channels, AppriseSender())
    dispatcher.share(Shared())  # nothing is claimed that cannot be sent
    settled = dispatcher._send(delivery, alert)
    assert (settled.reason, settled.state) == ("sealed", DeliveryState.WAITING)
    assert told.id == settled.alert_id
