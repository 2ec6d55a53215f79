"""The policy as it travels."""

import msgspec
import pytest

from weighbridge.attribution.policy import PolicySnapshot, TokenRecord


def test_what_is_encoded_comes_back() -> None:
    """A snapshot survives the trip from the control process to a worker."""
    snapshot = PolicySnapshot(
        version=7,
        require_token=False,
        tokens=[
            TokenRecord(
                token_id="tok_1",
                name="n",
                sha256="ab" * 32,
                department="d",
                labels={"é": "名"},
                expires_at_us=2**53,
                revoked=True,
                free_tier=True,
                required=["project"],
                allowed={"department": ["d", "e"]},
                pinned=["department"],
            )
        ],
        required=["agent"],
        allowed={"agent": ["a", "b"]},
    )
    assert PolicySnapshot.decode(snapshot.encode()) == snapshot


def test_members_of_a_later_version_are_ignored() -> None:
    """A newer control process may say more than an older worker knows."""
    data = msgspec.msgpack.encode({"version": 1, "weather": [1, 2]})
    assert PolicySnapshot.decode(data) == PolicySnapshot(version=1)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"\x81\xa7version\xa1x"])
def test_what_is_no_policy_is_told(data: bytes) -> None:
    """Bytes that are no snapshot are an error, never an empty policy."""
    with pytest.raises(msgspec.DecodeError):
        PolicySnapshot.decode(data)
