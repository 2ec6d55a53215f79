"""Every error that Weighbridge raises on purpose: one tree, split by who must act.

The operator mends configuration, the client its request, the upstream's owner the upstream;
metering, ledger and control errors are ours. Rules for future edits: each class has a stable
`code` (scripts and API answers carry it), the message says what, the value seen, what is
expected and what to do, in one line, and never holds a secret or a body. Observers of the
data path may not raise any of these into the forwarder.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration or a request.

    `where` is a dotted name (`gateway.listen`, `since`), `origin` where the value came from
    (a file, an environment variable, a flag), `seen` the value as text, `remedy` what to do.
    """

    where: str
    message: str
    seen: str | None = None
    origin: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        """One line: name, origin, what, value seen, what to do."""
        place = f"{self.where} ({self.origin})" if self.origin else self.where
        return f"{place}: {self.said}"

    @property
    def said(self) -> str:
        """The same without the name: what, value seen, what to do."""
        seen = f", got {self.seen}" if self.seen is not None else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.message}{seen}{remedy}"


class WeighbridgeError(Exception):
    """Root of the tree; `code` is stable, `message` is for people."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class ConfigurationError(WeighbridgeError):
    """The operator must act; carries all problems at once."""

    code = "CONFIGURATION_INVALID"

    def __init__(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems), problems=problems)


class UsageError(WeighbridgeError):
    """A command was called in a way that has no meaning."""

    code = "USAGE"


class ClientError(WeighbridgeError):
    """The caller of our API must change its request."""

    code = "REQUEST_INVALID"


class UnauthenticatedError(ClientError):
    """No admin key, or one that is unknown or revoked."""

    code = "UNAUTHENTICATED"


class NotAllowedError(ClientError):
    """The caller's role does not reach that far."""

    code = "NOT_ALLOWED"


class CsrfError(NotAllowedError):
    """A session's cookie came without the token that proves whose page sent it."""

    code = "CSRF_TOKEN_INVALID"


class TooManyAttemptsError(ClientError):
    """Too many failed authentications from one place."""

    code = "TOO_MANY_ATTEMPTS"


class NotFoundError(ClientError):
    """Nothing has that id."""

    code = "NOT_FOUND"


class ConflictError(ClientError):
    """The change contradicts what is there already."""

    code = "CONFLICT"


class BusyError(ClientError):
    """As many questions as may run at once do; asking again helps."""

    code = "BUSY"


class UpstreamError(WeighbridgeError):
    """The provider, or the way to it, failed."""

    code = "UPSTREAM_FAILED"


class MeteringError(WeighbridgeError):
    """Usage or price could not be established: ours to mend."""

    code = "METERING_FAILED"


class LedgerError(WeighbridgeError):
    """The ledger or its journal could not be written or read: ours to mend."""

    code = "LEDGER_FAILED"


class ControlError(WeighbridgeError):
    """The control process, its database or its sockets failed."""

    code = "CONTROL_FAILED"


class FolderInUseError(ControlError):
    """Another process holds the data folder."""

    code = "FOLDER_IN_USE"


class StartError(ControlError):
    """A child process could not be brought up, or an address could not be bound."""

    code = "START_FAILED"
