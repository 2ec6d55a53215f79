"""Forms of budgets and rate limits: what they do, and what they say is wrong."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from page_forms import send

from weighbridge.budgets.budget import Budget
from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role

SENT: dict[str, Any] = {
    "form": "create",
    "name": "Care",
    "limit_usd": "12.50",
    "period": "week",
    "timezone": "Asia/Tokyo",
    "action": "block",
    "per": "agent",
    "scope": "department=care,web\r\nlabel:env=prod",
    "thresholds": "50, 90",
    "grace_percent": "5",
    "hold": "bound",
    "on_exhausted": "cut",
    "unpriced": "block",
    "enabled": "yes",
}


@pytest.fixture
def editor(as_role: Callable[[Role], httpx.AsyncClient]) -> httpx.AsyncClient:
    return as_role(Role.EDITOR)


def _only(parts: Parts) -> Budget:
    (record,) = parts.budgets.all()
    return record.budget


async def test_a_budget_is_made_as_its_form_says(editor: httpx.AsyncClient, parts: Parts) -> None:
    """Every field of it, and the reader is led to its page."""
    answer = await send(editor, "/budgets", **SENT)
    budget = _only(parts)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/budgets/{budget.id}?done=made"
    assert budget.limit_pico_usd == 12_500_000_000_000
    assert (budget.period, budget.timezone, budget.per) == ("week", "Asia/Tokyo", "agent")
    assert budget.scope == {"department": ("care", "web"), "label:env": ("prod",)}
    assert (budget.thresholds, budget.grace_percent) == ((50, 90), 5)
    assert (budget.action, budget.hold) == ("block", "bound")
    assert (budget.on_exhausted, budget.unpriced, budget.enabled) == ("cut", "block", True)


async def test_a_form_that_is_sent_as_it_is_changes_nothing(
    editor: httpx.AsyncClient, parts: Parts, local: httpx.AsyncClient
) -> None:
    """What its fields hold is what they mean: the page's own values give the same budget."""
    await local.post("/api/v1/channels", json={"name": "Ops", "url": "json://127.0.0.1:9/"})
    await send(editor, "/budgets", **SENT, channels=["Ops"])
    before = _only(parts)
    assert before.channels == ("Ops",)
    page = (await editor.get(f"/budgets/{before.id}")).text
    for shown in ('value="12.50"', "department=care,web\nlabel:env=prod", 'value="50, 90"'):
        assert shown in page
    assert 'value="Ops" checked' in page
    answer = await send(
        editor, f"/budgets/{before.id}", **{**SENT, "form": "change"}, channels=["Ops"]
    )
    assert answer.headers["location"].endswith("?done=changed")
    assert _only(parts) == before


async def test_everything_wrong_stands_beside_its_field(
    editor: httpx.AsyncClient, parts: Parts
) -> None:
    """With the value seen, all at once, and nothing typed is lost."""
    wrong = {
        "name": "<i>typed",
        "limit_usd": "a lot",
        "timezone": "Mars",
        "scope": "departmnt=care",
        "thresholds": "50, much",
        "grace_percent": "x",
    }
    answer = await send(editor, "/budgets", **{**SENT, **wrong})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 5
    assert answer.text.count(" autofocus") == 1
    for told in ("got &#39;a lot&#39;", "did you mean &#39;department&#39;?", "got &#39;x&#39;"):
        assert told in answer.text
    for typed in ('value="&lt;i&gt;typed"', "departmnt=care", 'value="50, much"'):
        assert typed in answer.text
    assert parts.budgets.all() == []


async def test_a_form_makes_no_channel_for_an_editor(
    editor: httpx.AsyncClient, parts: Parts
) -> None:
    """An address in a box's place is refused, and not shown again."""
    answer = await send(editor, "/budgets", **SENT, channels=["json://127.0.0.1/s3cr3t"])
    assert (answer.status_code, "s3cr3t" in answer.text) == (403, False)
    assert (parts.budgets.all(), parts.alerting.channels.all()) == ([], [])


async def test_a_raise_is_given_and_withdrawn(editor: httpx.AsyncClient, parts: Parts) -> None:
    """In the name of who sent the form; a reason without a sum says so beside the sum."""
    await send(editor, "/budgets", **SENT)
    page = f"/budgets/{_only(parts).id}"
    answer = await send(editor, page, form="raise", amount_usd="", until="soon", reason="r" * 300)
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 3
    given = await send(editor, page, form="raise", amount_usd="3", until="2099-01-01", reason="")
    assert given.headers["location"] == f"{page}?done=raised"
    (one,) = parts.budgets.all()[0].raises
    assert (one.amount_pico_usd, one.author_name) == (3 * 10**12, "the editor")
    withdrawn = await send(editor, page, form=f"withdraw-{one.id}")
    assert withdrawn.headers["location"] == f"{page}?done=withdrawn"
    assert parts.budgets.all()[0].raises[0].withdrawn_at_us is not None
    assert (await send(editor, page, form="withdraw-rse_0")).status_code == 404


async def test_a_budget_is_removed(editor: httpx.AsyncClient, parts: Parts) -> None:
    """And the list says so."""
    await send(editor, "/budgets", **SENT)
    answer = await send(editor, f"/budgets/{_only(parts).id}", form="remove")
    assert parts.budgets.all() == []
    assert "no longer in force" in (await editor.get(answer.headers["location"])).text


async def test_a_rate_limit_is_run_by_its_forms(editor: httpx.AsyncClient, parts: Parts) -> None:
    """Made, changed and removed; what is missing is told beside its field."""
    wanted = {"name": "few", "per": "agent", "scope": "department=care", "enabled": "yes"}
    empty = await send(editor, "/limits", form="create", **wanted)
    assert empty.status_code == 422
    assert "give calls a minute, tokens a minute, or both" in empty.text
    made = await send(editor, "/limits", form="create", requests_per_minute="60", **wanted)
    (record,) = parts.rate_limits.all()
    page = f"/limits/{record.limit.id}"
    assert made.headers["location"] == f"{page}?done=made"
    assert (record.limit.requests_per_minute, record.limit.tokens_per_minute) == (60, None)
    await send(editor, page, form="change", tokens_per_minute="9000", name="few")
    (record,) = parts.rate_limits.all()
    assert (record.limit.requests_per_minute, record.limit.tokens_per_minute) == (None, 9000)
    assert (record.limit.per, dict(record.limit.scope), record.limit.enabled) == (None, {}, False)
    assert (await send(editor, page, form="remove")).headers["location"] == "/limits?done=removed"
    assert parts.rate_limits.all() == []
