"""Whose call it is: precedence, decoding, hints, policy, expiry."""

from typing import Any

import pytest

from weighbridge.attribution.identity import (
    Identity,
    PolicyIndex,
    Tracking,
    attributable,
    expired,
    header_text,
    identify,
)
from weighbridge.attribution.policy import PolicySnapshot, TokenRecord
from weighbridge.core.ids import secret_hash
from weighbridge.core.outcome import Reason, Refusal

MAIN = "trk_test" + "m" * 28
FULL = "trk_test" + "f" * 28
BRIEF = "trk_test" + "b" * 28
GONE = "trk_test" + "g" * 28
FREE = "trk_test" + "0" * 28
STRICT = "trk_test" + "s" * 28
PINNED = "trk_test" + "p" * 28
EXPIRES_US = 1_800_000_000_000_001


def record(name: str, secret: str, **more: Any) -> TokenRecord:
    return TokenRecord(token_id=f"tok_{name}", name=name, sha256=secret_hash(secret), **more)


TOKENS = [
    record("main", MAIN),
    record("full", FULL, department="sales", project="crm", agent="bot", labels={"env": "test"}),
    record("brief", BRIEF, expires_at_us=EXPIRES_US),
    record("gone", GONE, revoked=True, expires_at_us=1),
    record("free", FREE, free_tier=True),
    record("strict", STRICT, required=["agent"], allowed={"department": ["care", "sales"]}),
    record("pinned", PINNED, department="sales", project="crm", pinned=["department"]),
]


def find(
    now_us: int = 0, *, needs_token: bool = True, lenient: bool = False, **sent: Any
) -> Identity | Refusal:
    rules = ("required", "allowed", "require_token")
    policy = {name: sent.pop(name) for name in rules if name in sent}
    values = {
        name: value.encode() if isinstance(value, str) else value for name, value in sent.items()
    }
    index = PolicyIndex(PolicySnapshot(version=1, tokens=TOKENS, **policy))
    return identify(Tracking(**values), index, now_us, needs_token=needs_token, lenient=lenient)


def identity(**sent: Any) -> Identity:
    found = find(**sent)
    assert isinstance(found, Identity), found
    return found


def refusal(**sent: Any) -> Refusal:
    found = find(**sent)
    assert isinstance(found, Refusal), found
    return found


def test_token_carries_its_defaults() -> None:
    """A token's dimensions and labels stand where the call gives none."""
    found = identity(token=FULL)
    assert (found.token_id, found.department, found.project, found.agent, found.labels) == (
        "tok_full", "sales", "crm", "bot", {"env": "test"},
    )  # fmt: skip


def test_header_beats_prefix_beats_token() -> None:
    """Each dimension takes the nearest value."""
    found = identity(
        prefix=FULL + ";department=prefix;project=prefix", department="header", token=FULL
    )
    assert (found.department, found.project, found.agent) == ("header", "prefix", "bot")


def test_labels_are_merged_by_key() -> None:
    """Labels of header, prefix and token come together; the nearest value of a key counts."""
    found = identity(
        token=FULL, prefix=FULL + ";label.env=prefix;label.tier=gold", labels="tier=silver,x="
    )
    assert found.labels == {"env": "prefix", "tier": "silver", "x": ""}


@pytest.mark.parametrize(
    ("sent", "project"),
    [
        ({"project": "p", "team": "t"}, "p"),
        ({"team": "t"}, "t"),
        ({"project": "", "team": "t"}, "t"),
        ({"project": "  ", "team": "t"}, "t"),
        ({"prefix": ";team=t"}, "t"),
        ({"prefix": ";team=t;project=p"}, "t"),
        ({"team": "t", "prefix": ";project=p"}, "t"),
    ],
)
def test_team_is_the_legacy_name_of_project(sent: dict[str, str], project: str) -> None:
    """`X-Project` beats `X-Team`; an empty header counts as not given."""
    assert identity(token=MAIN, **sent).project == project


@pytest.mark.parametrize("value", ["", " ", "\t", "%20"])
def test_empty_value_is_not_given(value: str) -> None:
    """An empty attribution header leaves the token's default."""
    assert identity(token=FULL, department=value).department == "sales"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b" trimmed\t", "trimmed"),
        (b"r%26d", "r&d"),
        (b"%C3%A9", "é"),
        ("é".encode(), "é"),
        (b"\xe9", "é"),
        (b"%e9", "é"),
        (b"100%", "100%"),
        (b"50%zz", "50%zz"),
        ("名前".encode(), "名前"),
        (b"a+b", "a+b"),
    ],
)
def test_header_text(raw: bytes, text: str) -> None:
    """Percent-decoded UTF-8; Latin-1 where it is none; a plus is a plus."""
    assert header_text(raw) == text


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "X-Weighbridge-Key"),
        ({"mistaken_token": True}, "X-Cloudidr-Key"),
        ({"misplaced_token": True}, "stands where the Google API key belongs"),
        ({"token": " "}, "X-Weighbridge-Key"),
        ({"prefix": ";agent=a"}, "X-Weighbridge-Key"),
    ],
)
def test_missing_token(sent: dict[str, Any], says: str) -> None:
    """The message names the header, and the wrong place where one was sent there."""
    refused = refusal(**sent)
    assert refused.reason is Reason.TRACKING_TOKEN_MISSING
    assert says in refused.message


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("trk_unknown", "not known"),
        ("AIzaSyTESTtest", "swapped"),
        ("hello", "begins with trk_"),
        (GONE, "tok_gone was revoked"),
        (MAIN + "x", "not known"),
        (MAIN[:-1], "not known"),
        (MAIN.upper(), "no tracking token"),
    ],
)
@pytest.mark.parametrize("place", ["token", "second_token", "prefix"])
def test_invalid_token(token: str, says: str, place: str) -> None:
    """P5: whatever is wrong is a refusal with a hint, wherever the token stood, never its text."""
    refused = refusal(**{place: token})
    assert refused.reason is Reason.TRACKING_TOKEN_INVALID
    assert says in refused.message
    assert token not in refused.message


def test_wrong_token_is_refused_where_none_is_needed() -> None:
    """P5: a token that fails its check is never an empty identity."""
    assert refusal(token="trk_wrong", require_token=False).reason is Reason.TRACKING_TOKEN_INVALID
    assert refusal(token="trk_wrong", needs_token=False).reason is Reason.TRACKING_TOKEN_INVALID
    assert identity(require_token=False).token_id is None
    assert identity(needs_token=False).token_id is None


def test_two_tokens() -> None:
    """The same token in both headers is one; two that differ are refused; headers beat the URL."""
    assert identity(token=MAIN, second_token=MAIN).token_id == "tok_main"
    refused = refusal(token=MAIN, second_token=FULL)
    assert refused.reason is Reason.TRACKING_TOKEN_INVALID
    assert "two different" in refused.message
    assert identity(token=MAIN, prefix=FULL).token_id == "tok_main"
    assert identity(second_token=MAIN, prefix=FULL).token_id == "tok_main"


def test_expiry_is_exact() -> None:
    """A token's last microsecond still counts; the next does not."""
    assert identity(token=BRIEF, now_us=EXPIRES_US).expires_at_us == EXPIRES_US
    refused = refusal(token=BRIEF, now_us=EXPIRES_US + 1)
    assert refused.reason is Reason.TRACKING_TOKEN_INVALID
    assert "tok_brief has expired" in refused.message
    assert not expired(None, 2**62)


def test_revoked_is_said_before_expired() -> None:
    """A token that is both is called revoked: that was a decision."""
    assert "revoked" in refusal(token=GONE, now_us=5).message


def test_required_dimension() -> None:
    """The first dimension that is missing is named, with its header; a default fulfils it."""
    refused = refusal(token=MAIN, required=["department", "agent"], agent="a")
    assert refused.reason is Reason.ATTRIBUTION_REQUIRED
    assert refused.metadata == {"dimension": "department", "rule": "gateway"}
    assert refused.status == 400
    assert "X-Department" in refused.message
    assert identity(token=FULL, required=["department", "agent"]).agent == "bot"


def test_allowed_values() -> None:
    """Only listed values pass; none given passes where none is required."""
    allowed = {"department": ["sales", "ops"]}
    assert identity(token=FULL, allowed=allowed).department == "sales"
    assert identity(token=MAIN, allowed=allowed).department is None
    refused = refusal(token=FULL, department="Sales", allowed=allowed)
    assert refused.reason is Reason.ATTRIBUTION_NOT_ALLOWED
    assert "'Sales'" in refused.message
    assert "ops, sales" in refused.message


def test_length_of_a_value() -> None:
    """128 characters pass, counted after decoding; 129 do not."""
    assert identity(token=MAIN, agent="%C3%A9" * 128).agent == "é" * 128
    refused = refusal(token=MAIN, agent="a" * 129)
    assert refused.reason is Reason.ATTRIBUTION_NOT_ALLOWED
    assert "129" in refused.message


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("a=b", {"a": "b"}),
        ("a=b,c=d", {"a": "b", "c": "d"}),
        (" a = b , c=d,", {"a": "b", "c": "d"}),
        ("", {}),
        (",,", {}),
        ("a=", {"a": ""}),
        ("%C3%A9=%E5%90%8D", {"é": "名"}),
    ],
)
def test_label_header(labels: str, found: dict[str, str]) -> None:
    """Pairs with commas between; blanks around them and empty pieces do not count."""
    assert identity(token=MAIN, labels=labels).labels == found


@pytest.mark.parametrize("labels", ["a", "a=b,c", "=b", "a=b=c", "A=b", "a=b,a=c", "a%3Db"])
def test_label_header_refused(labels: str) -> None:
    """Each pair needs its `=`, and keeps Google's rules."""
    refused = refusal(token=MAIN, labels=labels)
    assert refused.reason is Reason.LABELS_INVALID
    assert refused.message.startswith("X-Weighbridge-Labels: ")


def test_labels_of_all_sources_count_together() -> None:
    """64 labels are allowed on a call, wherever they come from."""
    header = ",".join(f"k{number}=v" for number in range(64))
    assert len(identity(token=MAIN, labels=header).labels) == 64
    refused = refusal(token=FULL, labels=header)
    assert refused.reason is Reason.LABELS_INVALID
    assert "64" in refused.message


def test_prefix_is_percent_decoded_and_ignores_what_it_does_not_know() -> None:
    """Parameters of the prefix are decoded one by one; unknown keys pass without meaning."""
    found = identity(prefix=f"{MAIN};department=r%3Bd;color=red;label.caf%C3%A9=x;agent")
    assert (found.department, found.labels, found.agent) == ("r;d", {"café": "x"}, None)


def test_first_of_a_repeated_parameter_counts() -> None:
    """As with headers, the first value of a repeated dimension counts."""
    assert identity(prefix=f"{MAIN};agent=a;agent=b").agent == "a"


def test_repr_of_the_index_shows_no_token() -> None:
    """The index's line of state names counts, never hashes."""
    index = PolicyIndex(PolicySnapshot(version=3, tokens=TOKENS))
    assert repr(index) == "<PolicyIndex version 3, 7 tokens>"


@pytest.mark.parametrize(
    ("sent", "labels"),
    [
        ({"labels": "No=1"}, {"env": "test"}),
        ({"department": "d" * 129, "labels": "a=b"}, {"env": "test", "a": "b"}),
        ({"allowed": {"department": ["care"]}}, {"env": "test"}),
    ],
    ids=["a broken label", "a value too long", "a value that is not allowed"],
)
def test_a_refused_call_is_still_somebodys(sent: dict[str, Any], labels: dict[str, str]) -> None:
    """What passes its own check stays on the row, so that the sender can be found."""
    given = {"token": FULL, "agent": "cron", **sent}
    assert isinstance(find(**given), Refusal)
    rules = {"allowed": given.pop("allowed", {})}
    index = PolicyIndex(PolicySnapshot(version=1, tokens=TOKENS, **rules))
    tracking = Tracking(**{name: value.encode() for name, value in given.items()})
    known = attributable(tracking, index, 0, lenient=False)
    assert (known.token_id, known.project, known.agent) == ("tok_full", "crm", "cron")
    assert known.department == ("sales" if "No=1" in sent.values() else None)
    assert known.labels == labels


@pytest.mark.parametrize("token", [None, GONE, "trk_x"])
def test_no_good_token_attributes_nothing(token: str | None) -> None:
    """P5: what a caller without a token says about himself is not booked."""
    index = PolicyIndex(PolicySnapshot(version=1, tokens=TOKENS))
    tracking = Tracking(token=token.encode() if token else None, department=b"sales", labels=b"X=")
    assert attributable(tracking, index, 0, lenient=False) == Identity()


def test_a_token_may_say_that_its_calls_cost_nothing() -> None:
    """An unpaid Google key can't be told from a paid one: the token has to say it."""
    assert identity(token=FREE).free_tier is True
    assert identity(token=MAIN).free_tier is False
    assert identity(require_token=False).free_tier is False


def test_a_tokens_own_rules_are_checked_beside_the_gateways() -> None:
    """Both lists must hold the value; the refusal names whose rule it was."""
    assert identity(token=STRICT, agent="bot", department="care").department == "care"
    assert identity(token=STRICT, agent="bot").department is None
    missing = refusal(token=STRICT)
    assert missing.reason is Reason.ATTRIBUTION_REQUIRED
    assert missing.metadata == {"dimension": "agent", "rule": "token", "token_id": "tok_strict"}
    assert missing.message.startswith("token tok_strict requires an agent")
    wrong = refusal(token=STRICT, agent="bot", department="hr")
    assert wrong.reason is Reason.ATTRIBUTION_NOT_ALLOWED
    assert "tok_strict" in wrong.message
    assert "care, sales" in wrong.message


def test_a_token_narrows_and_never_widens() -> None:
    """What the gateway forbids stays forbidden; only what passes both is proposed."""
    rules = {"allowed": {"department": ["care", "hr"]}}
    by_gateway = refusal(token=STRICT, agent="bot", department="sales", **rules)
    assert by_gateway.metadata == {"dimension": "department", "rule": "gateway"}
    assert by_gateway.message.endswith("use one of: care")
    by_token = refusal(token=STRICT, agent="bot", department="hr", **rules)
    assert by_token.metadata["rule"] == "token"
    assert by_token.message.endswith("use one of: care")
    nothing = refusal(token=STRICT, agent="bot", department="hr", allowed={"department": ["hr"]})
    assert nothing.message.endswith("none passes")


@pytest.mark.parametrize("sent", [{}, {"department": "sales"}, {"prefix": PINNED}])
def test_what_a_token_pins_may_be_left_out_or_repeated(sent: dict[str, Any]) -> None:
    """The token's own value counts; other dimensions stay free."""
    found = identity(token=PINNED, project="web", **sent)
    assert (found.department, found.project) == ("sales", "web")


@pytest.mark.parametrize(
    "sent", [{"department": "care"}, {"prefix": PINNED + ";department=care"}], ids=str
)
def test_what_a_token_pins_can_be_changed_by_nobody(sent: dict[str, Any]) -> None:
    """Neither header nor prefix beats it; the row of the refusal keeps the token's own value."""
    refused = refusal(token=PINNED, **sent)
    assert refused.reason is Reason.ATTRIBUTION_NOT_ALLOWED
    assert "tok_pinned" in refused.message
    assert refused.metadata["rule"] == "token"
    index = PolicyIndex(PolicySnapshot(version=1, tokens=TOKENS))
    values = {name: value.encode() for name, value in {"token": PINNED, **sent}.items()}
    known = attributable(Tracking(**values), index, 0, lenient=False)
    assert (known.token_id, known.department) == ("tok_pinned", "sales")


def test_a_refused_call_keeps_only_what_its_token_allows() -> None:
    """A value that the token's own rules forbid stands in no row."""
    index = PolicyIndex(PolicySnapshot(version=1, tokens=TOKENS))
    tracking = Tracking(token=STRICT.encode(), department=b"hr", project=b"web")
    known = attributable(tracking, index, 0, lenient=False)
    assert (known.department, known.project) == (None, "web")
