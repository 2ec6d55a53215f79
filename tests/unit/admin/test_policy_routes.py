"""The policy over the API, and what of it reaches the workers."""

from typing import Any

import httpx

from weighbridge.attribution.policy import LabelRules
from weighbridge.compose.parts import Parts


async def test_a_change_is_published_and_in_the_snapshot(
    local: httpx.AsyncClient, parts: Parts, policy: Any
) -> None:
    """Everything that workers go by comes from the settings as they stand."""
    change = {
        "gateway.require_token": False,
        "attribution.required": ["department"],
        "attribution.allowed.department": ["care", "risk"],
        "labels.inject": True,
        "labels.cardinality_warn": 7,
    }
    answer = await local.patch("/api/v1/policy", json=change)
    assert answer.status_code == 200
    assert policy.published == 1
    snapshot = parts.policy()
    assert not snapshot.require_token
    assert snapshot.required == ["department"]
    assert snapshot.allowed == {"department": ["care", "risk"]}
    assert snapshot.labels == LabelRules(inject=True)
    assert (await local.get("/api/v1/policy")).json() == answer.json()
    shown = {one["name"]: one for one in answer.json()["settings"]}
    assert {name: shown[name]["value"] for name in change} == change
    assert {shown[name]["origin"] for name in change} == {"policy"}
    assert shown["labels.fold"]["origin"] == "default"
    assert shown["labels.developer_api"]["choices"] == ["strip", "forward"]


async def test_what_is_wrong_is_told_by_its_name(local: httpx.AsyncClient, policy: Any) -> None:
    """Unknown names, words and numbers that are none; nothing is published."""
    answer = await local.patch(
        "/api/v1/policy", json={"attribution.require": ["agent"], "labels.developer_api": "eat"}
    )
    assert answer.status_code == 422
    wrong = {problem["where"].partition(".literal")[0] for problem in answer.json()["problems"]}
    assert wrong == {"attribution.require", "labels.developer_api"}
    answer = await local.patch("/api/v1/policy", json={"attribution.allowed.agent": []})
    assert [problem["where"] for problem in answer.json()["problems"]] == [
        "attribution.allowed.agent"
    ]
    assert policy.published == 0
