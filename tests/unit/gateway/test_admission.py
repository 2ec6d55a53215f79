"""Admission: what is remembered, what never is, and when it is forgotten."""

from typing import Any

import pytest
from bench_wire import EXPIRED_TOKEN, REVOKED_TOKEN, SPARE_TOKEN, TOKEN, policy_with
from msgspec.structs import replace

from weighbridge.attribution.policy import PolicySnapshot, TokenRecord
from weighbridge.core.ids import secret_hash
from weighbridge.core.outcome import Reason
from weighbridge.gateway import admission as module
from weighbridge.gateway.admission import Admission
from weighbridge.gateway.request_heads import RequestHead
from weighbridge.providers.registry import Registry

TARGET = b"/v1beta/models/gemini-2.5-flash:generateContent"


def head(target: bytes = TARGET, **values: Any) -> RequestHead:
    made = RequestHead(b"POST", target, "1.1", keep_alive=True)
    for name, value in values.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def admission() -> Admission:
    return Admission(Registry(), policy_with({}))


def test_admitted(admission: Admission) -> None:
    """A good call has its route, its identity, its target, and no refusal."""
    found = admission.decide(head(token=TOKEN.encode(), agent=b"bot"), 0)
    assert found.route is not None
    assert (found.route.operation, found.identity.agent) == ("generateContent", "bot")
    assert (found.target, found.refusal) == (TARGET, None)


def test_same_values_are_one_identity(admission: Admission) -> None:
    """What was found once is the same object the next time."""
    first = admission.decide(head(token=TOKEN.encode()), 0).identity
    assert admission.decide(head(token=TOKEN.encode()), 1).identity is first
    assert admission.decide(head(token=SPARE_TOKEN.encode()), 1).identity is not first


@pytest.mark.parametrize(
    "name", ["department", "project", "team", "agent", "labels", "second_token"]
)
def test_every_value_counts(admission: Admission, name: str) -> None:
    """No value of a call is overlooked by the memo."""
    values: dict[str, Any] = {"token": TOKEN.encode()}
    admission.decide(head(**values), 0)
    values[name] = TOKEN.encode() if name == "second_token" else b"a=b"
    found = admission.decide(head(**values), 0)
    assert found.refusal is None
    if name == "labels":
        assert found.identity.labels == {"a": "b"}
    elif name != "second_token":
        assert getattr(found.identity, "project" if name == "team" else name) == "a=b"


def test_prefix_counts(admission: Admission) -> None:
    """The URL prefix is part of what is remembered, and is taken out of the target."""
    first = admission.decide(head(b"/-/" + TOKEN.encode() + b";agent=a" + TARGET), 0)
    second = admission.decide(head(b"/-/" + TOKEN.encode() + b";agent=b" + TARGET), 0)
    assert (first.identity.agent, second.identity.agent) == ("a", "b")
    assert first.target == second.target == TARGET


def test_refusals_are_not_remembered(admission: Admission) -> None:
    """A token that becomes known passes at once, and what is refused takes no room."""
    late = "trk_test" + "n" * 28
    for _ in range(2):
        refused = admission.decide(head(token=late.encode()), 0).refusal
        assert refused is not None
    assert "0 identities remembered" in repr(admission)
    record = TokenRecord(token_id="tok_late", name="late", sha256=secret_hash(late))
    admission.apply(PolicySnapshot(version=2, tokens=[record]))
    assert admission.decide(head(token=late.encode()), 0).identity.token_id == "tok_late"


def test_change_of_policy_forgets(admission: Admission) -> None:
    """A revoked token no longer passes, though it was remembered."""
    assert admission.decide(head(token=TOKEN.encode()), 0).refusal is None
    admission.apply(PolicySnapshot(version=2))
    refused = admission.decide(head(token=TOKEN.encode()), 0).refusal
    assert refused is not None
    assert refused.reason is Reason.TRACKING_TOKEN_INVALID
    assert admission.policy_version == 2


def test_expiry_of_what_is_remembered() -> None:
    """A remembered identity expires at its exact microsecond."""
    record = TokenRecord(token_id="tok_b", name="b", sha256=secret_hash(TOKEN), expires_at_us=1_000)
    admission = Admission(Registry(), PolicySnapshot(version=1, tokens=[record]))
    assert admission.decide(head(token=TOKEN.encode()), 999).refusal is None
    assert admission.decide(head(token=TOKEN.encode()), 1_000).refusal is None
    late = admission.decide(head(token=TOKEN.encode()), 1_001).refusal
    assert late is not None
    assert "expired" in late.message


def test_memo_is_bounded(monkeypatch: pytest.MonkeyPatch, admission: Admission) -> None:
    """P7: a client that makes up values does not make the worker grow."""
    monkeypatch.setattr(module, "_MEMO_LIMIT", 10)
    for number in range(100):
        admission.decide(head(token=TOKEN.encode(), agent=b"%d" % number), 0)
        assert len(admission._memo) <= 10


@pytest.mark.parametrize("token", [REVOKED_TOKEN, EXPIRED_TOKEN, "trk_x"])
def test_unknown_route_with_a_bad_token(admission: Admission, token: str) -> None:
    """P5: a refused call is not attributed by a token that is no good."""
    found = admission.decide(head(b"/nowhere", token=token.encode()), 10)
    assert (found.route, found.identity.token_id) == (None, None)


def test_unknown_route_is_attributed(admission: Admission) -> None:
    """A call that is refused for its path is still somebody's."""
    found = admission.decide(head(b"/nowhere", token=TOKEN.encode()), 0)
    assert found.identity.token_id == "tok_main"


def test_a_call_with_broken_labels_is_attributed(admission: Admission) -> None:
    """Its row names the token, so that somebody can tell the sender."""
    found = admission.decide(head(token=TOKEN.encode(), labels=b"A=b"), 0)
    assert found.refusal is not None
    assert found.refusal.reason is Reason.LABELS_INVALID
    assert (found.identity.token_id, found.identity.labels) == ("tok_main", {})


@pytest.mark.parametrize(
    "sent", [head(provider_key_is_tracking_token=True), head(TARGET + b"?key=trk_x")]
)
def test_a_token_in_the_wrong_place_alone_is_said(admission: Admission, sent: RequestHead) -> None:
    """None was sent as one, and the message says where it stands instead."""
    refusal = admission.decide(sent, 0).refusal
    assert refusal is not None
    assert refusal.reason is Reason.TRACKING_TOKEN_MISSING
    assert "where the Google API key belongs" in refusal.message


def test_route_comes_from_the_target_alone(admission: Admission) -> None:
    """P3: no header moves a call to another host."""
    route = admission.decide(head(token=TOKEN.encode()), 0).route
    assert route is not None
    assert route.host == "generativelanguage.googleapis.com"


def test_swapped_key_comes_after_the_token(admission: Admission) -> None:
    """Keys fully swapped: `TRACKING_TOKEN_INVALID` comes first."""
    swapped = {"provider_key_is_tracking_token": True}
    both = admission.decide(head(token=b"AIzaSyTEST", **swapped), 0).refusal
    one = admission.decide(head(token=TOKEN.encode(), **swapped), 0).refusal
    query = admission.decide(head(TARGET + b"?key=trk_x", token=TOKEN.encode()), 0).refusal
    assert both is not None
    assert one is not None
    assert query is not None
    assert both.reason is Reason.TRACKING_TOKEN_INVALID
    assert one.reason is query.reason is Reason.PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN


def test_noisy_labels_are_folded_in_rows_alone() -> None:
    """A folded key's values are one in what is recorded; what was sent stays, for Google."""
    folding = replace(policy_with({}), folded_labels=["request"])
    admission = Admission(Registry(), folding)
    sent = head(token=TOKEN.encode(), labels=b"request=r1,env=prod")
    identity = admission.decide(sent, 0).identity
    assert identity.labels["request"] == "r1"
    assert admission.recorded(identity).labels["request"] == "(many)"
    assert admission.recorded(identity).labels["env"] == "prod"
    admission.apply(policy_with({}))
    assert admission.recorded(identity) is identity
