"""The resources: what each answers."""

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from weighbridge.admin.problems import MEDIA_TYPE
from weighbridge.compose.parts import Parts
from weighbridge.core.exchange import COLUMNS, Exchange

pytestmark = pytest.mark.usefixtures("parts")


async def _problem(answer: httpx.Response, status: int, code: str) -> list[str]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    document = answer.json()
    assert (document["status"], document["code"], document["type"]) == (status, code, "about:blank")
    return [one["where"] for one in document["problems"]]


async def test_a_token_is_made_shown_and_revoked(local: httpx.AsyncClient, policy: Any) -> None:
    """B7: 201 with the object and its id; workers are told before the answer comes."""
    wanted = {"name": "n", "department": "d", "labels": {"env": "x"}, "expires": "30d"}
    answer = await local.post("/api/v1/tokens", json=wanted)
    assert answer.status_code == 201
    made = answer.json()
    assert made["token"].startswith("trk_")
    assert made["hint"] == made["token"][-4:]
    assert made["department"] == "d"
    assert made["expires_at"] > made["created_at"]
    assert policy.published == 1
    shown = (await local.get(f"/api/v1/tokens/{made['id']}")).json()
    told = {name: value for name, value in made.items() if name != "token"}
    assert shown == {**told, "last_used_at": None}
    listed = (await local.get("/api/v1/tokens")).json()
    assert listed == {"tokens": [shown], "next_cursor": None}
    revoked = (await local.delete(f"/api/v1/tokens/{made['id']}")).json()
    assert revoked["revoked_at"] is not None
    assert policy.published == 2


async def test_a_token_is_shown_with_its_last_use(
    local: httpx.AsyncClient, parts: Any, tmp_path: Path
) -> None:
    """The start of its latest exchange; another token's use is not its own."""
    ids = [
        (await local.post("/api/v1/tokens", json={"name": name})).json()["id"]
        for name in ("used", "unused")
    ]
    file = tmp_path / "used.ndjson"
    file.write_bytes(
        b"\n".join(
            msgspec.json.encode(
                Exchange(
                    exchange_id=f"01920000-0000-7000-8000-00000000001{day}",
                    started_at=f"2026-11-0{day}T12:00:00.000001Z",
                    ended_at=f"2026-11-0{day}T12:00:01.000001Z",
                    token_id=token,
                )
            )
            for day, token in ((2, ids[0]), (1, ids[0]), (3, None))
        )
    )
    parts.store.import_files([file])
    listed = (await local.get("/api/v1/tokens")).json()["tokens"]
    assert {token["id"]: token["last_used_at"] for token in listed} == {
        ids[0]: "2026-11-02T12:00:00.000001Z",
        ids[1]: None,
    }
    for token in listed:
        assert (await local.get(f"/api/v1/tokens/{token['id']}")).json() == token


async def test_every_problem_of_a_token_is_told(local: httpx.AsyncClient, policy: Any) -> None:
    """Nothing is made and nobody is told."""
    wanted = {"name": "", "agent": "x" * 200, "labels": {"BAD": "x"}}
    where = await _problem(await local.post("/api/v1/tokens", json=wanted), 422, "REQUEST_INVALID")
    assert where == ["name", "agent", "labels"]
    where = await _problem(
        await local.post("/api/v1/tokens", json={"nam": 1, "labels": 3}), 422, "REQUEST_INVALID"
    )
    assert sorted(where) == ["labels", "nam", "name"]
    assert policy.published == 0


async def test_a_token_is_changed_in_what_is_given(local: httpx.AsyncClient, policy: Any) -> None:
    """A field that is missing stays, null takes away; workers know before the answer comes."""
    wanted = {"name": "n", "department": "d", "project": "p", "expires": "30d"}
    made = (await local.post("/api/v1/tokens", json=wanted)).json()
    assert (made["billing"], made["required"], made["allowed"]) == ("paid", [], {})
    changes = {
        "project": None,
        "expires": None,
        "billing": "free",
        "required": ["agent"],
        "allowed": {"department": ["d", "e"]},
        "pinned": ["department"],
    }
    answer = await local.patch(f"/api/v1/tokens/{made['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    del changes["expires"]
    assert {name: changed[name] for name in changes} == changes
    assert (changed["department"], changed["expires_at"]) == ("d", None)
    assert changed["updated_at"] >= made["created_at"]
    assert "token" not in changed
    assert policy.published == 2
    shown = (await local.get(f"/api/v1/tokens/{made['id']}")).json()
    assert shown == {**changed, "last_used_at": None}


async def test_a_change_that_cannot_be_is_told(local: httpx.AsyncClient, policy: Any) -> None:
    """Every problem at once; a revoked token is a conflict, an unknown one is not there."""
    made = (await local.post("/api/v1/tokens", json={"name": "n"})).json()
    path = f"/api/v1/tokens/{made['id']}"
    bad = {"billing": "gratis", "required": ["team"], "name": None, "secret": "x"}
    where = await _problem(await local.patch(path, json=bad), 422, "REQUEST_INVALID")
    assert [name.partition(".")[0] for name in where] == ["name", "billing", "required", "secret"]
    where = await _problem(
        await local.patch(path, json={"pinned": ["agent"], "agent": "\n"}), 422, "REQUEST_INVALID"
    )
    assert where == ["agent"]
    await local.delete(path)
    await _problem(await local.patch(path, json={"name": "m"}), 409, "CONFLICT")
    await _problem(await local.patch("/api/v1/tokens/tok_x", json={}), 404, "NOT_FOUND")
    assert policy.published == 2


async def test_keys_are_made_and_listed_without_secrets(local: httpx.AsyncClient) -> None:
    """The secret stands in the answer that made it and nowhere else."""
    made = (await local.post("/api/v1/keys", json={"name": "k", "role": "editor"})).json()
    assert made["key"].startswith("wbk_")
    listed = await local.get("/api/v1/keys")
    assert made["key"] not in listed.text
    assert [key["id"] for key in listed.json()["keys"]] == [made["id"]]
    where = await _problem(
        await local.post("/api/v1/keys", json={"name": "k", "role": "king"}),
        422,
        "REQUEST_INVALID",
    )
    assert where == ["role"]


async def test_exchanges_come_newest_first_with_every_column(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """B4: all columns stand in a row, null where nothing was reported."""
    document = (await local.get("/api/v1/exchanges")).json()
    assert [row["exchange_id"] for row in document["exchanges"]] == [
        row.exchange_id for row in reversed(rows)
    ]
    newest = document["exchanges"][0]
    assert tuple(newest) == COLUMNS
    assert newest["list_cost"] == "0.000000300000"
    assert newest["started_at"] == "2026-11-03T12:00:00.000001Z"
    assert newest["department"] is None
    assert newest["output_tokens"] is None
    assert newest["labels"] == {"env": "prod"}


async def test_pages_follow_each_other(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Every row once, and the last page has no cursor."""
    seen: list[str] = []
    params = {"limit": "2"}
    for _ in range(2):
        document = (await local.get("/api/v1/exchanges", params=params)).json()
        seen += [row["exchange_id"] for row in document["exchanges"]]
        if document["next_cursor"]:
            params["cursor"] = document["next_cursor"]
    assert document["next_cursor"] is None
    assert seen == [row.exchange_id for row in reversed(rows)]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"department": "care"}, 2),
        ({"department": "(none)"}, 1),
        ([("department", "care"), ("department", "(none)")], 3),
        ({"department": "care", "since": "2026-11-02"}, 1),
        ({"until": "2026-11-02T12:00:00.000001Z"}, 1),
        ({"label:env": "prod", "status": "200"}, 3),
        ({"label:env": "test"}, 0),
        ({"model": "gemini-2.5-flash' OR 1=1 --"}, 0),
    ],
)
@pytest.mark.usefixtures("rows")
async def test_exchanges_by_dimension_and_time(
    local: httpx.AsyncClient, params: Any, found: int
) -> None:
    """Any dimension is a parameter; values are only ever compared (P6)."""
    answer = await local.get("/api/v1/exchanges", params=params)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["exchanges"]) == found


async def test_wrong_parameters_are_told_together(local: httpx.AsyncClient) -> None:
    """Unknown names come with the nearest, wrong values with what is expected."""
    params = {"since": "yore", "departmnt": "x", "status": "x"}
    answer = await local.get("/api/v1/exchanges", params=params)
    where = await _problem(answer, 422, "REQUEST_INVALID")
    assert where == ["since", "departmnt", "status"]
    assert "did you mean 'department'" in answer.text
    answer = await local.get("/api/v1/exchanges", params={"limit": 5000})
    assert await _problem(answer, 422, "REQUEST_INVALID") == ["limit"]
    answer = await local.get("/api/v1/exchanges", params={"cursor": "nonsense"})
    await _problem(answer, 422, "REQUEST_INVALID")


async def test_one_exchange_has_its_charges(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Why it costs what it costs, exactly."""
    row = (await local.get(f"/api/v1/exchanges/{rows[0].exchange_id}")).json()
    (charge,) = row["charges"]
    assert charge["unit"] == "input_text_token"
    assert charge["price_id"] == "p1"
    assert charge["amount"] == "0.000000300000"
    for unknown in ("01920000-0000-7000-8000-00000000000f", "nonsense"):
        await _problem(await local.get(f"/api/v1/exchanges/{unknown}"), 404, "NOT_FOUND")


@pytest.mark.usefixtures("rows")
async def test_a_query_is_answered_in_the_contracts_form(local: httpx.AsyncClient) -> None:
    """B5: decimals are strings, rows add up to the totals."""
    question = {
        "since": "2026-11-01",
        "until": "2026-12-01",
        "group_by": ["department"],
        "metrics": ["cost", "exchanges"],
    }
    document = (await local.post("/api/v1/query", json=question)).json()
    assert document["totals"] == {"cost": "0.000000900000", "exchanges": 3}
    assert document["completeness"]["exchanges"] == 3
    assert [row["department"] for row in document["rows"]] == ["care", "(none)"]
    assert document["as_of"].endswith("Z")


@pytest.mark.usefixtures("rows")
async def test_what_was_not_given_is_null_or_none_in_a_filter(local: httpx.AsyncClient) -> None:
    """Both spellings count the same exchanges."""
    found = [
        (await local.post("/api/v1/query", json={"filters": {"department": [value]}})).json()
        for value in (None, "(none)")
    ]
    assert found[0]["totals"] == found[1]["totals"]
    assert found[0]["totals"]["exchanges"] > 0


async def test_a_body_that_is_no_json_is_told(local: httpx.AsyncClient) -> None:
    """Where, and what was expected."""
    answer = await local.post("/api/v1/query", content=b"not json")
    assert await _problem(answer, 422, "REQUEST_INVALID") == ["body"]
    assert "no JSON" in answer.text


async def test_a_wrong_query_is_told_in_full(local: httpx.AsyncClient) -> None:
    """Every field that is wrong, in one answer."""
    answer = await local.post(
        "/api/v1/query", json={"group_by": ["departmnt"], "metrics": ["costs"], "foo": 1}
    )
    where = await _problem(answer, 422, "QUERY_INVALID")
    assert {"group_by", "metrics", "foo"} <= set(where)


async def test_exchanges_by_words_and_by_cost(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """A search narrows; the costliest have one page, so a cursor is refused with them."""
    found = (await local.get("/api/v1/exchanges", params={"search": "CARE flash"})).json()
    assert [row["department"] for row in found["exchanges"]] == ["care", "care"]
    params = {"order_by": "-cost", "limit": "1"}
    document = (await local.get("/api/v1/exchanges", params=params)).json()
    assert (len(document["exchanges"]), document["next_cursor"]) == (1, None)
    refused = await local.get("/api/v1/exchanges", params={**params, "cursor": "x"})
    assert (refused.status_code, refused.json()["problems"][0]["where"]) == (422, "cursor")


async def test_price_changes_to_come_and_between_days(local: httpx.AsyncClient) -> None:
    """Each with its day and factor; before the first day of a range nothing is told."""
    params = {"since": "2026-11-22", "until": "2027-01-01", "surface": "gemini"}
    changes = (await local.get("/api/v1/models/changes", params=params)).json()["changes"]
    assert {one["day"] for one in changes} == {"2026-12-01"}
    assert {one["surface"] for one in changes} == {"gemini"}
    answer = await local.get("/api/v1/models/changes", params={"since": "whenever"})
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "since")


async def test_models_stand_with_their_prices_at_any_date(local: httpx.AsyncClient) -> None:
    """A price that changes is another one on another day."""
    params = {"at": "2026-11-21", "surface": "gemini"}
    document = (await local.get("/api/v1/models", params=params)).json()
    by_name = {model["model"]: model for model in document["models"]}
    flash = by_name["gemini-2.5-flash"]
    assert flash["provider"] == "google"
    assert {price["surface"] for price in flash["prices"]} == {"gemini"}
    assert all(isinstance(price["usd"], str) for price in flash["prices"])
    await _problem(await local.get("/api/v1/models", params={"at": "yore"}), 422, "REQUEST_INVALID")


async def test_an_import_is_a_job(local: httpx.AsyncClient, tmp_path: Path) -> None:
    """202 with an id to ask for; a file that is not there is told at once."""
    file = tmp_path / "in.ndjson"
    file.write_text(
        '{"exchange_id":"01920000-0000-7000-8000-0000000000aa",'
        '"started_at":"2026-11-01T00:00:00.000000Z","ended_at":"2026-11-01T00:00:01.000000Z"}\n'
    )
    answer = await local.post("/api/v1/imports", json={"file": str(file)})
    assert answer.status_code == 202
    job = answer.json()
    async with asyncio.timeout(60):
        while job["state"] == "running":
            job = (await local.get(f"/api/v1/imports/{job['id']}")).json()
    assert (job["state"], job["imported"], job["skipped"]) == ("done", 1, 0)
    entry = (await local.get("/api/v1/audit")).json()["entries"][0]
    assert (entry["action"], entry["subject"]) == ("ledger.import", job["id"])
    for wrong in ("relative.ndjson", str(tmp_path / "absent")):
        answer = await local.post("/api/v1/imports", json={"file": wrong})
        assert await _problem(answer, 422, "REQUEST_INVALID") == ["file"]
    await _problem(await local.get("/api/v1/imports/imp_x"), 404, "NOT_FOUND")


async def test_imported_rows_that_lack_much_are_listed(
    local: httpx.AsyncClient, parts: Parts, tmp_path: Path
) -> None:
    """Any column but id and start may be missing, and a label's value null."""
    file = tmp_path / "in.ndjson"
    file.write_text(
        '{"exchange_id":"01920000-0000-7000-8000-0000000000aa",'
        '"started_at":"2026-11-01T00:00:00Z","labels":{"env":null,"team":"a"}}\n'
    )
    parts.store.import_files([file])
    answer = await local.get("/api/v1/exchanges")
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["exchanges"]
    assert (row["ended_at"], row["outcome"], row["labels"]) == (None, None, {"team": "a"})


async def test_readiness_says_what_is_missing(remote: httpx.AsyncClient, vitals: Any) -> None:
    """Alive is not ready."""
    assert (await remote.get("/readyz")).json() == {"status": "ready", "problems": []}
    vitals.found = ["1 of 2 gateway workers are connected"]
    answer = await remote.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == vitals.found
    assert (await remote.get("/healthz")).status_code == 200


async def test_metrics_are_open_unless_configured_otherwise(
    remote: httpx.AsyncClient, app: Any
) -> None:
    """Prometheus scrapes without a key by default."""
    answer = await remote.get("/metrics")
    assert 'weighbridge_exchanges_total{outcome="ok"} 3.0' in answer.text
    object.__setattr__(app.state.services, "metrics_require_key", True)
    await _problem(await remote.get("/metrics"), 401, "UNAUTHENTICATED")


async def test_unknown_paths_and_methods_are_problems_too(local: httpx.AsyncClient) -> None:
    """No answer of this API is an error in another shape."""
    await _problem(await local.get("/api/v1/nosuch"), 404, "NOT_FOUND")
    await _problem(await local.put("/api/v1/tokens"), 405, "METHOD_NOT_ALLOWED")
    await _problem(
        await local.post(
            "/api/v1/query", content=b"{", headers={"content-type": "application/json"}
        ),
        422,
        "REQUEST_INVALID",
    )


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/tokens", "GET, POST"),
        ("PUT", "/api/v1/tokens/tok_x", "GET, PATCH, DELETE"),
        ("DELETE", "/api/v1/query", "POST"),
        ("POST", "/api/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_every_right_one(
    local: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    """RFC 9110 section 15.5.6: `Allow` names the methods of the path, not of one route."""
    answer = await local.request(method, path)
    await _problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allowed


async def test_an_unforeseen_error_says_nothing_but_that(
    local: httpx.AsyncClient, app: Any, log_lines: io.StringIO
) -> None:
    """P1: what an exception quotes stays out of the answer and of the log."""

    def broken() -> None:
        raise RuntimeError("canary")

    app.state.services.tokens.all = broken
    answer = await local.get("/api/v1/tokens")
    await _problem(answer, 500, "INTERNAL")
    assert "canary" not in answer.text
    assert "RuntimeError at " in log_lines.getvalue()
    assert "canary" not in log_lines.getvalue()


async def test_the_landing_page_links_what_there_is(remote: httpx.AsyncClient) -> None:
    """A person who opens the port finds the way."""
    answer = await remote.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    for link in ("api/openapi.json", "metrics", "readyz"):
        assert f'href="{link}"' in answer.text
        assert (await remote.get(f"/{link}")).status_code == 200
