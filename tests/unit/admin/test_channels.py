"""`/api/v1/channels`, without their URLs, and `/api/v1/alerts/history`, what was told."""

import httpx
import pytest
from alerts import occurrence
from receiver import webhook

from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser

SECRET = "s3cr3t"
URL = f"json://ops:{SECRET}@127.0.0.1:9/{SECRET}"


async def test_a_channel_is_made_changed_and_removed(local: httpx.AsyncClient) -> None:
    """By its id or its name; its URL is in no answer."""
    quiet = {"begins": "22:00", "ends": "07:00", "timezone": "Europe/Berlin"}
    wanted = {"name": "ops", "url": URL, "kinds": ["budget_threshold"], "quiet": quiet}
    made = await local.post("/api/v1/channels", json=wanted)
    assert made.status_code == 201
    channel = made.json()
    assert (channel["service"], channel["quiet"], channel["updated_at"]) == ("JSON", quiet, None)
    listed = await local.get("/api/v1/channels")
    assert listed.json() == {"channels": [channel], "next_cursor": None}
    changed = await local.patch("/api/v1/channels/ops", json={"quiet": None, "url": URL + "x"})
    assert (changed.json()["quiet"], changed.json()["kinds"]) == (None, ["budget_threshold"])
    gone = await local.delete(f"/api/v1/channels/{channel['id']}")
    assert gone.status_code == 200
    assert (await local.get("/api/v1/channels/ops")).status_code == 404
    audit = await local.get("/api/v1/audit")
    actions = [entry["action"] for entry in audit.json()["entries"]]
    assert actions == ["channel.remove", "channel.update", "channel.create"]
    for answer in (made, listed, changed, gone, audit):
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"url": f"syslog://{SECRET}"}, "url"),
        ({"url": f"nothing://{SECRET}"}, "url"),
        ({"url": {"a": SECRET}}, "url"),
        ({"kinds": ["gossip"]}, "kinds"),
        ({"quiet": {"begins": "22:00", "ends": "22:00"}}, "quiet"),
    ],
)
async def test_what_cannot_be_is_refused(
    local: httpx.AsyncClient, wrong: dict[str, object], where: str
) -> None:
    """With the field that is wrong; no error quotes a URL."""
    answer = await local.post("/api/v1/channels", json={"name": "ops", "url": URL, **wrong})
    assert answer.status_code == 422
    assert where in [problem["where"] for problem in answer.json()["problems"]]
    assert SECRET not in answer.text


async def test_a_name_that_is_taken_is_a_conflict(local: httpx.AsyncClient) -> None:
    """Whatever its case."""
    await local.post("/api/v1/channels", json={"name": "ops", "url": URL})
    answer = await local.post("/api/v1/channels", json={"name": "OPS", "url": URL})
    assert answer.status_code == 409


async def test_the_test_button_sends(local: httpx.AsyncClient) -> None:
    """Now, and the answer says how it went; the log has it too."""
    with webhook() as hook:
        await local.post("/api/v1/channels", json={"name": "ops", "url": hook.url})
        sent = (await local.post("/api/v1/channels/ops/test")).json()
        assert hook.next()["title"] == "Test of a Weighbridge channel"
        hook.statuses = [403]
        refused = (await local.post("/api/v1/channels/ops/test")).json()
    assert (sent["state"], sent["reason"], sent["attempts"]) == ("sent", None, 1)
    assert (refused["state"], refused["reason"]) == ("given_up", "http_403")
    told = (await local.get("/api/v1/alerts/history")).json()["alerts"]
    assert {alert["kind"] for alert in told} == {"test"}
    states = [each["state"] for alert in told for each in alert["deliveries"]]
    assert states == ["given_up", "sent"]


async def test_history_goes_page_by_page(local: httpx.AsyncClient, parts: Parts) -> None:
    """Newest first; by budget where one is named."""
    parts.alerting.log.tell([occurrence(str(n), budget_id=f"bud_{n % 2}") for n in range(5)])
    first = (await local.get("/api/v1/alerts/history", params={"limit": 3})).json()
    more = {"limit": 3, "cursor": first["next_cursor"]}
    second = (await local.get("/api/v1/alerts/history", params=more)).json()
    titles = [alert["title"] for page in (first, second) for alert in page["alerts"]]
    assert titles == [f"Title of {n}" for n in (4, 3, 2, 1, 0)]
    assert second["next_cursor"] is None
    ones = (await local.get("/api/v1/alerts/history", params={"budget_id": "bud_1"})).json()
    assert len(ones["alerts"]) == 2


async def test_who_is_bound_sees_none(parts: Parts, app: object, local: httpx.AsyncClient) -> None:
    """Alerts and channels name everybody's budgets."""
    parts.alerting.log.tell([occurrence()])
    await local.post("/api/v1/channels", json={"name": "ops", "url": URL})
    scope = {"department": ("care",)}
    user = parts.users.create(NewUser(name="v", role=Role.VIEWER, scope=scope))
    cookies = {"weighbridge_session": parts.sessions.begin(user.id, "")}
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=transport, base_url="http://remote", cookies=cookies
    ) as browser:
        assert (await browser.get("/api/v1/alerts")).json()["alerts"] == []
        assert (await browser.get("/api/v1/alerts/history")).json()["alerts"] == []
        assert (await browser.get("/api/v1/channels")).json()["channels"] == []
        assert (await browser.get("/api/v1/channels/ops")).status_code == 404
