"""Sends what is due, and tells the log how it went.

Hides threads and pace: a few messages at once, in threads of their own, so that a channel that
does not answer holds up neither the others nor anything else of the control process; what fails
comes due again by the log's own table. Sending comes first and writing down second: a crash
between the two sends a message twice rather than never, and both carry the alert's id. Where
gateways share budgets, one of them sends: whoever claims an alert before the others.
Rules for future edits: nothing of a channel's URL or of an alert's text is logged; a picture is
worth a moment, never a message.
Counterparts: `alert_log` claims and settles, `pot_claims` does so among gateways,
`apprise_sender` sends, `watch` wakes this.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from weighbridge.budgets.alerts.once import Verdict
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.alerting.message import Message, message_of
from weighbridge.core.alert import (
    Alert,
    AlertKind,
    Delivery,
    DeliveryState,
    Occurrence,
    Severity,
)
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import NotFoundError, WeighbridgeError

AT_ONCE: Final = 4
_LONGEST_PAUSE_S: Final = 60.0
_AFTER_FAILURE_S: Final = 5.0
_LATER_US: Final = 1_000_000
_log = structlog.get_logger()


class Sender(Protocol):
    """What dispatching needs of whoever sends."""

    def send(self, url: str, message: Message) -> str | None:
        """Send once; gives None where it was taken, else why not, in a word."""
        ...


class Claims(Protocol):
    """Who knows what other gateways send."""

    def claim(self, alert: Alert) -> Verdict:
        """Whether to send an alert here."""
        ...

    def settle(self, alert: Alert, *, sent: bool) -> None:
        """It was sent, or not."""
        ...


class NoClaims:
    """This gateway is alone."""

    def __repr__(self) -> str:
        return "<NoClaims>"

    def claim(self, alert: Alert) -> Verdict:  # noqa: ARG002
        """Every alert is its own."""
        return Verdict.OURS

    def settle(self, alert: Alert, *, sent: bool) -> None:
        """Nobody needs to know."""


class Dispatcher:
    """Life: construct; `run` while the control process lives, or only `test` where nothing serves.

    Takes: `picture`, which draws an alert's chart where it has one; `prepare`, which loads what
    drawing and sending need, once there is a channel, so that the first message need not wait.
    """

    def __init__(  # noqa: PLR0913 - what it is wired of, once
        self,
        log: AlertLog,
        channels: ChannelService,
        sender: Sender,
        *,
        picture: Callable[[Alert], bytes | None] = lambda _: None,
        prepare: Callable[[], object] | None = None,
        public_url: str | None = None,
    ) -> None:
        self._alerts = log
        self._channels = channels
        self._sender = sender
        self._picture = picture
        self._prepare = prepare
        self._public_url = public_url
        self._claims: Claims = NoClaims()
        self._counts: Counter[str] = Counter()
        self._drawn: tuple[str, bytes | None] = ("", None)
        self._drawing = threading.Lock()
        self._wake: Callable[[], object] = _nobody

    def __repr__(self) -> str:
        return f"<Dispatcher {dict(self._counts)}>"

    def share(self, claims: Claims) -> None:
        """Other gateways find the same alerts."""
        self._claims = claims

    def wake(self) -> None:
        """There is something new to send; from any thread."""
        self._wake()

    def metrics(self) -> Mapping[str, int]:
        """Messages that were sent, that failed, and that wait."""
        return {
            "alert_messages_sent_total": self._counts["sent"],
            "alert_messages_failed_total": self._counts["failed"],
            "alert_messages_waiting": self._alerts.waiting(),
        }

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert-sender")
        sending: set[asyncio.Future[None]] = set()
        await asyncio.to_thread(self._begin)
        try:
            while True:
                woken.clear()
                pause_s = _LONGEST_PAUSE_S
                await asyncio.to_thread(self._get_ready)
                if room := AT_ONCE - len(sending):
                    for delivery, alert in await asyncio.to_thread(self._claim, room):
                        one = loop.run_in_executor(threads, self._send_claimed, delivery, alert)
                        sending.add(one)
                        one.add_done_callback(sending.discard)
                        one.add_done_callback(lambda _: woken.set())
                    if len(sending) < AT_ONCE:
                        pause_s = await asyncio.to_thread(self._pause_s)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await woken.wait()
        finally:
            self._wake = _nobody
            threads.shutdown(wait=False, cancel_futures=True)

    def test(self, wanted: str, by: Principal = OPERATOR) -> Delivery:
        """Send a test through a channel, now and once, and say how it went.

        Errors: `NotFoundError`.
        """
        channel = self._channels.get(wanted)
        now_us = time.time_ns() // 1000
        found = Occurrence(
            key=f"{AlertKind.TEST.value}|{channel.id}|{time.time_ns()}",
            kind=AlertKind.TEST,
            severity=Severity.INFO,
            subject=channel.name,
            title="Test of a Weighbridge channel",
            message=f"{by.name} tests the channel {channel.name}. Alerts will look like this.",
            stands_until_us=now_us,
        )
        delivery = self._alerts.tell_one(found, channel.id, by)
        return self._send(delivery, Alert(id=delivery.alert_id, at_us=now_us, occurrence=found))

    def _begin(self) -> None:
        """Take up what the process before left; it is gone, for it held the ledger."""
        try:
            self._alerts.free_claims()
        except SQLAlchemyError as error:  # they run out by themselves
            _log.error("claims of alerts cannot be freed", exc_info=error)

    def _get_ready(self) -> None:
        prepare = self._prepare
        try:
            if prepare is not None and self._channels.all():
                self._prepare = None
                prepare()
        except Exception as error:  # noqa: BLE001 - what cannot be prepared is tried when needed
            _log.warning("alerts cannot be prepared", exc_info=error)

    def _claim(self, most: int) -> list[tuple[Delivery, Alert]]:
        try:
            return self._alerts.claim(most)
        except SQLAlchemyError as error:
            _log.error("alerts cannot be claimed", exc_info=error)
            return []

    def _pause_s(self) -> float:
        try:
            due_us = self._alerts.next_due_us()
        except SQLAlchemyError:
            return _AFTER_FAILURE_S
        if due_us is None:
            return _LONGEST_PAUSE_S
        return min(max(0.05, due_us / 1e6 - time.time()), _LONGEST_PAUSE_S)

    def _send_claimed(self, delivery: Delivery, alert: Alert) -> None:
        try:
            self._send(delivery, alert)
        except SQLAlchemyError as error:  # the claim runs out, and it is tried again
            _log.error("an alert's delivery cannot be written down", exc_info=error)

    def _send(self, delivery: Delivery, alert: Alert) -> Delivery:
        try:
            url = self._channels.url_of(delivery.channel_id)
        except NotFoundError:
            reason: str | None = "removed"
        except WeighbridgeError as error:
            _log.error("an alert cannot be sent", error=error.message)
            reason = "sealed"
        else:
            verdict = self._claims.claim(alert)
            if verdict is Verdict.LATER:
                return self._alerts.put_off(delivery, time.time_ns() // 1000 + _LATER_US)
            if verdict is Verdict.TOLD:
                return self._alerts.leave(delivery)
            message = message_of(alert, self._picture_of(alert), self._public_url)
            reason = self._sender.send(url, message)
            self._claims.settle(alert, sent=reason is None)
        settled = self._alerts.settle(delivery, reason)
        self._counts["sent" if reason is None else "failed"] += 1
        if reason is not None:
            last = settled.state is DeliveryState.GIVEN_UP
            _log.warning(
                "an alert was given up" if last else "an alert was not taken, and waits",
                reason=reason,
                attempt=settled.attempts,
                channel_id=settled.channel_id,
            )
        return settled

    def _picture_of(self, alert: Alert) -> bytes | None:
        with self._drawing:  # one at a time, and one for all channels of an alert
            if self._drawn[0] != alert.id:
                try:
                    self._drawn = (alert.id, self._picture(alert))
                except Exception as error:  # noqa: BLE001 - a message goes out without it
                    _log.warning("an alert's chart could not be drawn", exc_info=error)
                    self._drawn = (alert.id, None)
            return self._drawn[1]


def _nobody() -> None:
    """Nothing runs that could be woken."""
