"""Which of several gateways tells what they all find: whoever claims it first, and can send it.

Gateways that share budgets find the same occurrences, each with channels of its own. A claim is
made before a message goes out and lasts a minute; when the message was taken it is made good until
nobody asks any more, and where it was not, it is given back. So a gateway that dies, or whose
channel is broken, leaves the alert to the others.

Rules for future edits: pure; what is in doubt is told twice rather than never.
Counterparts: `control/pot_claims` keeps claims, `control/alerting/dispatch` asks.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

import msgspec

# How long whoever's budget names no channel leaves an alert to those whose budget names some: what
# one gateway spent is seen by another within seconds.
GIVES_WAY_US: Final = 5_000_000


class Verdict(StrEnum):
    """Whether to send: now, maybe later, or not, for another gateway has."""

    OURS = "ours"
    LATER = "later"
    TOLD = "told"


class Claim(msgspec.Struct, frozen=True):
    """A node sends an alert, or has sent it."""

    node: str
    sent: bool = False


def judge(
    claim: Claim | None, own: str, naming: Mapping[str, Collection[str]], about: tuple[str, int]
) -> Verdict:
    """What a node does about an alert that is due.

    Takes: the claim that is there; of each node the budgets that name channels; which budget it is
    about, and how old it is.
    """
    if claim is not None and claim.node != own:
        return Verdict.TOLD if claim.sent else Verdict.LATER
    budget, age_us = about
    names = {node for node, budgets in naming.items() if budget in budgets}
    if claim is None and names and own not in names and 0 <= age_us < GIVES_WAY_US:
        return Verdict.LATER
    return Verdict.OURS
