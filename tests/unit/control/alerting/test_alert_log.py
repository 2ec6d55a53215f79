"""What was told: once, whoever finds it, and its messages until they are taken or given up."""

import threading
from pathlib import Path

import msgspec
import pytest
from alerts import NOON_US, Clock, occurrence

from weighbridge.budgets.alerts.timing import RETRY_AFTER_S
from weighbridge.control.alerting.alert_log import CLAIM_US, KEEP_US, AlertLog
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.core.alert import (
    AlertKind,
    DeliveryState,
    NewChannel,
    Occurrence,
    Quiet,
    Severity,
)

URL = "json://127.0.0.1:9/"


def test_an_occurrence_is_told_once(alerts: AlertLog, database: Database) -> None:
    """B10: neither again, nor after a restart, nor by another process."""
    (told,) = alerts.tell([occurrence(), occurrence()])
    assert told.occurrence.title == "Title of k"
    assert alerts.tell([occurrence()]) == []
    assert AlertLog(database).tell([occurrence(title="Found anew")]) == []
    assert [alert.id for alert in alerts.page(limit=9)] == [told.id]


def test_a_raise_repeats_nothing(alerts: AlertLog, database: Database) -> None:
    """B10: of the same budget, value and window; also after a restart."""

    def found(limit: str, value: str | None = None) -> Occurrence:
        facts: dict[str, str | int | None] = {"limit": limit, "spent": "10", "threshold": 50}
        return occurrence(f"{limit} {value}", budget_id="bud_1", value=value, facts=facts)

    assert len(alerts.tell([found("10"), found("10", "a")])) == 2
    assert alerts.tell([found("20"), found("20", "a")]) == []
    assert AlertLog(database).tell([found("15")]) == []
    later = found("15").stands_until_us + 1
    told = [found("21"), found("20", "b"), msgspec.structs.replace(found("5"), key="lower")]
    told.append(msgspec.structs.replace(found("20"), key="next", stands_until_us=later))
    assert len(alerts.tell(told)) == 4


def test_many_who_find_it_at_once_tell_it_once(
    tmp_path: Path, database: Database, channels: ChannelService
) -> None:
    """B10: the database decides who was first, and each message is there once."""
    channels.create(NewChannel(name="ops", url=URL))
    start = threading.Barrier(8)
    told = []

    def find() -> None:
        other = Database.open(tmp_path)
        log = AlertLog(other)
        start.wait()
        told.extend(log.tell([occurrence(str(number)) for number in range(5)]))
        other.close()

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(alert.occurrence.key for alert in told) == ["0", "1", "2", "3", "4"]
    log = AlertLog(database)
    assert [len(alert.deliveries) for alert in log.page(limit=99)] == [1] * 5


@pytest.mark.parametrize(
    ("named", "kind", "reached"),
    [
        ((), AlertKind.BUDGET_THRESHOLD, ["all", "budgets"]),
        ((), AlertKind.ERROR_BURST, ["all"]),
        (("Errors",), AlertKind.BUDGET_THRESHOLD, ["errors"]),
        (("errors", "off", "gone"), AlertKind.BUDGET_THRESHOLD, ["errors"]),
        (("gone",), AlertKind.ERROR_BURST, ["all"]),
    ],
)
def test_who_gets_it(
    alerts: AlertLog,
    channels: ChannelService,
    named: tuple[str, ...],
    kind: AlertKind,
    reached: list[str],
) -> None:
    """The channels that are named, else all that take its kind; a disabled one never."""
    for name, kinds in (
        ("all", ()),
        ("budgets", ("budget_threshold", "budget_forecast")),
        ("errors", ("journal_lag",)),
        ("off", ()),
    ):
        channels.create(NewChannel(name=name, url=URL, kinds=kinds, enabled=name != "off"))
    (told,) = alerts.tell([occurrence(kind=kind, channels=named)])
    assert sorted(each.channel for each in told.deliveries) == reached


def test_a_claim_is_one_process_s(
    alerts: AlertLog, channels: ChannelService, database: Database, clock: Clock
) -> None:
    """Nobody else sends it meanwhile; where its process dies, the next does."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    ((delivery, alert),) = alerts.claim(9)
    assert (delivery.channel, alert.occurrence.key) == ("ops", "k")
    other = AlertLog(database, Mint(now_us=clock))
    assert other.claim(9) == []
    assert other.next_due_us() == NOON_US + CLAIM_US
    clock.now_us += CLAIM_US
    assert [each.id for each, _ in other.claim(9)] == [delivery.id]


def test_what_the_dead_claimed_is_due_at_the_start(
    alerts: AlertLog, channels: ChannelService
) -> None:
    """The next process need not wait for the claim to run out; the log has both attempts."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    assert [each.attempts for each, _ in alerts.claim(9)] == [1]
    alerts.free_claims()
    ((delivery, _),) = alerts.claim(9)
    assert alerts.settle(delivery, None).attempts == 2


def test_what_was_taken_is_done(alerts: AlertLog, channels: ChannelService, clock: Clock) -> None:
    """It says when it was sent, and is never due again."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    assert alerts.waiting() == 1
    ((delivery, _),) = alerts.claim(9)
    done = alerts.settle(delivery, None)
    assert (done.state, done.attempts, done.sent_at_us) == (DeliveryState.SENT, 1, NOON_US)
    clock.now_us += KEEP_US // 2
    assert (alerts.claim(9), alerts.next_due_us(), alerts.waiting()) == ([], None, 0)


def test_what_fails_is_tried_again_and_given_up(
    alerts: AlertLog, channels: ChannelService, clock: Clock
) -> None:
    """B10: later each time; each attempt and its reason are written down."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    for number, pause_s in enumerate((*RETRY_AFTER_S, None), start=1):
        ((delivery, _),) = alerts.claim(9)
        settled = alerts.settle(delivery, "http_500")
        assert (settled.attempts, settled.reason) == (number, "http_500")
        if pause_s is None:
            assert settled.state is DeliveryState.GIVEN_UP
            assert alerts.next_due_us() is None
            return
        assert settled.state is DeliveryState.WAITING
        assert alerts.next_due_us() == clock.now_us + pause_s * 1_000_000
        assert alerts.claim(9) == []
        clock.now_us += pause_s * 1_000_000
    raise AssertionError


def test_what_another_gateway_may_send_is_asked_about_again(
    alerts: AlertLog, channels: ChannelService, clock: Clock
) -> None:
    """Without an attempt; once the other has sent it, it is done."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    ((delivery, _),) = alerts.claim(9)
    put_off = alerts.put_off(delivery, clock.now_us + 1)
    assert (put_off.state, put_off.attempts, put_off.tried_at_us) == ("waiting", 0, None)
    assert (alerts.claim(9), alerts.next_due_us()) == ([], clock.now_us + 1)
    clock.now_us += 1
    ((delivery, _),) = alerts.claim(9)
    left = alerts.leave(delivery)
    assert (left.state, left.attempts, left.sent_at_us) == ("elsewhere", 0, None)
    assert (alerts.next_due_us(), alerts.waiting()) == (None, 0)


def test_an_attempt_that_failed_stays_one(
    alerts: AlertLog, channels: ChannelService, clock: Clock
) -> None:
    """Though another gateway then sends it."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    ((delivery, _),) = alerts.claim(9)
    alerts.settle(delivery, "http_500")
    clock.now_us += RETRY_AFTER_S[0] * 1_000_000
    ((delivery, _),) = alerts.claim(9)
    left = alerts.leave(delivery)
    assert (left.attempts, left.reason, left.tried_at_us) == (1, "http_500", clock.now_us)


def test_quiet_hours_hold_back_what_is_not_critical(
    alerts: AlertLog, channels: ChannelService, clock: Clock
) -> None:
    """It is due when they end; what is critical goes out."""
    quiet = Quiet(begins="11:00", ends="13:00")
    channels.create(NewChannel(name="ops", url=URL, quiet=quiet))
    alerts.tell([occurrence("a"), occurrence("b", severity=Severity.CRITICAL)])
    assert [alert.occurrence.key for _, alert in alerts.claim(9)] == ["b"]
    clock.now_us += 3_600_000_000
    assert "a" in [alert.occurrence.key for _, alert in alerts.claim(9)]


def test_a_disabled_channel_gets_nothing_late(alerts: AlertLog, channels: ChannelService) -> None:
    """What waited for it is given up, and does not come when it is enabled again."""
    channels.create(NewChannel(name="ops", url=URL))
    alerts.tell([occurrence()])
    channels.update("ops", {"enabled": False})
    assert alerts.claim(9) == []
    channels.update("ops", {"enabled": True})
    assert alerts.claim(9) == []
    (alert,) = alerts.page(limit=1)
    assert [each.reason for each in alert.deliveries] == ["disabled"]


def test_pages_go_back_in_time(alerts: AlertLog, clock: Clock) -> None:
    """Newest first, by budget where one is named."""
    for number in range(5):
        clock.now_us += 1_000_000
        alerts.tell([occurrence(str(number), budget_id=f"bud_{number % 2}")])
    first = alerts.page(limit=2)
    assert [alert.occurrence.key for alert in first] == ["4", "3"]
    more = alerts.page(limit=9, before_id=first[-1].id)
    assert [alert.occurrence.key for alert in more] == ["2", "1", "0"]
    ones = alerts.page(limit=9, budget_id="bud_1")
    assert [alert.occurrence.key for alert in ones] == ["3", "1"]


def test_what_stands_is_the_last_of_its_kind_and_not_over(alerts: AlertLog, clock: Clock) -> None:
    """Of a budget's thresholds the highest; no mere information, nothing of a past window."""
    over = occurrence("old", subject="gone", stands_until_us=NOON_US)
    alerts.tell([occurrence("50", severity=Severity.INFO), occurrence("80"), over])
    clock.now_us += 1000
    alerts.tell([occurrence("100", severity=Severity.CRITICAL)])
    clock.now_us += 1
    alerts.tell([occurrence("other", subject="“Other”", budget_id="bud_2")])
    assert [alert.occurrence.key for alert in alerts.standing()] == ["other", "100"]
    still = alerts.standing(lambda told: told.key != "100")
    assert [alert.occurrence.key for alert in still] == ["other", "80"]


def test_old_alerts_are_forgotten(alerts: AlertLog, clock: Clock) -> None:
    """Unless they still stand."""
    alerts.tell([occurrence("a"), occurrence("b", stands_until_us=NOON_US + 2 * KEEP_US)])
    clock.now_us += KEEP_US + 3_600_000_001
    alerts.prune()
    assert [alert.occurrence.key for alert in alerts.page(limit=9)] == ["b"]
