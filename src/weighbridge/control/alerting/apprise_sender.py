"""Sends messages through apprise, which knows Slack, mail, Teams, PagerDuty and their like.

Hides apprise: its URLs, its log, its plug-ins. Its log lines hold hosts and parts of URLs, so
they go nowhere; a word of a closed list is made of them. A URL may not reach into this machine:
no desktop, no syslog, no file.
Rules for future edits: neither a URL nor a text of apprise's leaves this module; one send is one
attempt, for retries are counted by who calls; apprise is loaded when it is first needed, which
costs 45 MB and a fifth of a second.
Counterpart: `dispatch` calls `send`, `channels` asks `service_of`.
"""

import logging
import re
import threading
import warnings
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from weighbridge.control.alerting.message import Message
from weighbridge.core.alert import Severity
from weighbridge.errors import Problem

_LOCAL: Final = frozenset(
    {"dbus", "kde", "qt", "glib", "gio", "gnome", "macosx", "windows", "syslog", "blink1"}
)
_FILES: Final = frozenset({"keyfile", "subfile", "template"})
_LONGEST_URL: Final = 4096
_STATUS: Final = re.compile(r"\berror=([1-5][0-9]{2})\b")
_KINDS: Final = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.CRITICAL: "failure",
}


class AppriseSender:
    """Sends; usable from several threads at once."""

    def __init__(self) -> None:
        self._heard = _Heard()
        self._loading = threading.Lock()
        self._loaded: Any = None

    def __repr__(self) -> str:
        return "<AppriseSender>"

    def prepare(self) -> None:
        """Load apprise."""
        self._apprise()

    def service_of(self, url: str) -> str | Problem:
        """Whose service a URL is, or what is wrong with it; the URL is not in the answer."""
        if len(url) > _LONGEST_URL or not url.isprintable() or "://" not in url:
            return Problem(
                "url", "expected a URL as apprise has them, like slack://… or mailto://…"
            )
        if url.partition("://")[0].lower() in _LOCAL:
            return Problem("url", "this service shows messages on the gateway's own machine")
        if _FILES & {name.lower() for name in parse_qs(urlsplit(url).query)}:
            named = ", ".join(sorted(_FILES))
            return Problem("url", f"expected no parameter that names a file ({named})")
        plugin = self._plugin(url)
        if plugin is None:
            return Problem(
                "url",
                "apprise knows no such service, or the URL lacks a part; the forms are listed at "
                "https://github.com/caronc/apprise/wiki",
            )
        return str(plugin.service_name)[:64]

    def send(self, url: str, message: Message) -> str | None:
        """Send once; gives None where it was taken, else why not, in a word."""
        apprise = self._apprise()
        plugin = self._plugin(url)
        if plugin is None:
            return "invalid"
        attach = None
        if message.picture is not None:
            picture = apprise.attachment.memory.AttachMemory(
                content=message.picture, name="chart.png", mimetype="image/png"
            )
            attach = apprise.AppriseAttachment(picture)
        self._heard.forget()
        try:
            taken = plugin.notify(
                body=message.body,
                title=message.title,
                notify_type=_KINDS[message.severity],
                body_format="text",
                attach=attach,
            )
        except Exception as error:  # noqa: BLE001 - plug-ins of many authors
            return f"error_{type(error).__name__}"[:32]
        return None if taken else self._heard.reason()

    def _plugin(self, url: str) -> Any:
        apprise = self._apprise()
        asset = apprise.AppriseAsset(
            app_id="Weighbridge", app_desc="Weighbridge", app_url="", storage_mode="memory"
        )
        return apprise.Apprise.instantiate(url, asset=asset)

    def _apprise(self) -> Any:
        with self._loading:
            if self._loaded is None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # of its own imports
                    self._loaded = import_module("apprise")
                    import_module("apprise.attachment.memory")
                    self._loaded.Apprise.instantiate("json://localhost")  # loads the plug-ins
                log = logging.getLogger("apprise")
                log.handlers[:] = [self._heard]
                log.propagate = False
            return self._loaded


class _Heard(logging.Handler):
    """What apprise said in this thread since it was last asked to forget."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._of = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text for `reason`, in this thread."""
        lines = getattr(self._of, "lines", [])
        self._of.lines = [*lines[-9:], record.getMessage()]

    def forget(self) -> None:
        """Begin anew."""
        self._of.lines = []

    def reason(self) -> str:
        """Why a message was not taken, as far as a log tells."""
        text = " ".join(getattr(self._of, "lines", []))
        if status := _STATUS.search(text):
            return f"http_{status[1]}"
        return "unreachable" if "onnection" in text else "refused"
