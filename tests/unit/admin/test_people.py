"""People and the log of changes over the API."""

import httpx

from weighbridge.compose.parts import Parts


async def test_a_person_is_added_with_a_link(local: httpx.AsyncClient, parts: Parts) -> None:
    """The link's secret is told once and is in no list."""
    wish = {"name": "Vi", "email": "vi@example.org", "scope": {"department": ["care"]}}
    made = await local.post("/api/v1/users", json=wish)
    assert made.status_code == 201
    user = made.json()
    secret = user["one_time"]["link"].rpartition("/")[2]
    assert parts.links.find(secret) is not None
    assert (user["role"], user["scope"]) == ("viewer", {"department": ["care"]})
    listed = (await local.get("/api/v1/users")).text
    assert user["id"] in listed
    assert secret not in listed
    again = (await local.post(f"/api/v1/users/{user['id']}/link")).json()
    assert parts.links.find(secret) is None
    assert again["link"].startswith("/welcome/wbl_")


async def test_a_person_is_changed(local: httpx.AsyncClient) -> None:
    """Only what is given; nobody of that id is 404; unknown fields are told."""
    made = (await local.post("/api/v1/users", json={"name": "Vi"})).json()
    path = f"/api/v1/users/{made['id']}"
    answer = await local.patch(path, json={"disabled": True})
    assert answer.json()["disabled_at"] is not None
    assert answer.json()["name"] == "Vi"
    assert (await local.get(path)).json() == answer.json()
    assert (await local.patch("/api/v1/users/usr_x", json={})).status_code == 404
    assert (await local.patch(path, json={"scope": {"agent": ["x"]}})).status_code == 422


async def test_the_setup_link_is_given_while_there_is_nobody(local: httpx.AsyncClient) -> None:
    """Afterwards it is a conflict."""
    assert (await local.post("/api/v1/setup-link")).status_code == 201
    await local.post("/api/v1/users", json={"name": "Vi"})
    assert (await local.post("/api/v1/setup-link")).status_code == 409


async def test_changes_are_listed_page_by_page(local: httpx.AsyncClient) -> None:
    """By cursor, newest first."""
    for name in ("a", "b", "c"):
        await local.post("/api/v1/tokens", json={"name": name})
    first = (await local.get("/api/v1/audit", params={"limit": 2})).json()
    assert [entry["after"]["name"] for entry in first["entries"]] == ["c", "b"]
    assert first["entries"][0]["actor_kind"] == "operator"
    rest = await local.get("/api/v1/audit", params={"cursor": first["next_cursor"]})
    assert [entry["after"]["name"] for entry in rest.json()["entries"]] == ["a"]
    assert rest.json()["next_cursor"] is None
