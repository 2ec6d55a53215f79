"""The first call: the command that sends one, with a token filled in, and what waits for it.

Rules for future edits: the command can be pasted as it stands; only the Google key is the
reader's to set, and it is never asked for here.
"""

from collections.abc import Sequence
from typing import Final

from weighbridge.core.credential import NewToken, Role, TrackingToken
from weighbridge.core.policy_setting import PolicySetting
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import FirstCall
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Notice
from weighbridge.ledger.stores.base import PageRequest

REQUIRED: Final = "attribution.required"
_ALLOWED: Final = "attribution.allowed."
_ANY: Final = "trial"
_NO_TOKEN: Final = "trk_…"


def first_call(desk: Desk) -> FirstCall:
    """What a page says that has no call to show."""
    sources = desk.sources
    if sources.exchanges.page(PageRequest(limit=1)).exchanges:
        return FirstCall(older=True)
    settings = sources.administration.policy_settings.all()
    return FirstCall(
        waiting=bool(desk.outcome.notice and desk.outcome.notice.command),
        makes_token=desk.principal.role.includes(Role.EDITOR),
        command=command(sources.gateway, _NO_TOKEN, settings),
    )


def make_first(errand: Errand) -> Outcome:
    """Make a token that carries nothing, and tell the call to send with it."""
    return told_once(errand, NewToken(name="first"))


def told_once(errand: Errand, new: NewToken) -> Outcome:
    """Make a token, and tell its secret with the call to send."""
    services = errand.administration
    token, secret = services.tokens.create(new, errand.principal)
    settings = services.policy_settings.all()
    notice = Notice(
        text=f"Token {token.name} is in force. Copy it now: it is not shown again.",
        secret=secret,
        command=command(errand.gateway, secret, settings, token),
        about="The call to send, complete but for your Google key:",
        next=("See its calls arrive", f"/exchanges?token={token.id}"),
    )
    return Outcome(notice=notice, publish=True, status=201)


def command(
    gateway: str, secret: str, settings: Sequence[PolicySetting], token: TrackingToken | None = None
) -> str:
    """The command, with headers for what calls must carry and the token does not."""
    policy = {one.name: one.value for one in settings}
    carried = [token.department, token.project, token.agent] if token else [None, None, None]
    required = {*policy[REQUIRED], *(token.required if token else ())}
    headers = ""
    for name, value in zip(("department", "project", "agent"), carried, strict=True):
        if name in required and not value:
            own = token.allowed.get(name) if token else None
            told = (own or policy.get(_ALLOWED + name) or (_ANY,))[0]
            headers += f'  -H "X-{name.capitalize()}: {told}" \\\n'
    return (
        f"curl {gateway}/v1beta/models/gemini-2.5-flash:generateContent \\\n"
        f'  -H "X-Weighbridge-Key: {secret}" \\\n{headers}'
        '  -H "x-goog-api-key: $GEMINI_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        """  -d '{"contents":[{"parts":[{"text":"Hello"}]}]}'"""
    )
