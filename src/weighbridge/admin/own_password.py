"""Whoever is signed in changes their own password, by the API or by their page.

Who found a session open may try to guess the password here, so attempts count as those of signing
in do, under the same name. Counterparts: `attempts` counts, `control/users` changes it.
"""

from typing import Final

from fastapi import Request

from weighbridge.admin.cookies import SESSION_COOKIE
from weighbridge.admin.ports import Services
from weighbridge.core.principal import Principal
from weighbridge.core.user import name_key
from weighbridge.errors import ClientError, TooManyAttemptsError

_LONGEST: Final = 1024


def change_own_password(
    request: Request, services: Services, caller: Principal, given: tuple[str, str]
) -> None:
    """Put a new password in force; the caller's session goes on, their others end.

    Takes: the present password and the new one.
    Errors: `ClientError`; `ConflictError`; `TooManyAttemptsError`.
    """
    current, wanted = (text[:_LONGEST] for text in given)
    attempts = request.app.state.attempts
    counted = name_key(caller.name), request.client.host if request.client else ""
    if not attempts.begin(*counted):
        raise TooManyAttemptsError("too many attempts; wait five minutes")
    secret = request.cookies.get(SESSION_COOKIE)
    try:
        services.users.change_password(caller, current, wanted, secret)
    except ClientError as error:
        if "current" not in {problem.where for problem in error.problems}:
            attempts.forgive(*counted)
        raise
    attempts.forgive(*counted)
