"""Frames `text/event-stream`: the data of each event is one JSON document.

Hides line ends, split pieces, comments, `[DONE]` and one habit of Google's: an error in
mid-stream may come as bare JSON lines without `data:`, and a refused stream as a plain JSON
body under this content type. Rules for future edits: LF, CRLF and CR end a line, CR and LF may
come in different pieces; a line is bounded like any document.
Source: WHATWG HTML section 9.2.6 (event stream interpretation), read 2026-11-21;
googleapis/python-genai issue 1162 (bare error lines).
Counterpart: `json_array` frames the other kind of stream for the same answers.
"""

from typing import Final

from weighbridge.providers.base import Reading
from weighbridge.providers.documents import Answer, DocumentBuffer
from weighbridge.providers.json_array import JsonReader

EVENT_STREAM: Final = b"text/event-stream"
_DONE: Final = b"[DONE]"
_DATA: Final = b"data:"
_OTHER_FIELDS: Final = (b":", b"event:", b"id:", b"retry:")


def is_event_stream(content_type: bytes | None) -> bool:
    """Whether a `Content-Type` says event stream, whatever its case and parameters."""
    return content_type is not None and content_type[: len(EVENT_STREAM)].lower() == EVENT_STREAM


class SseReader:
    """Reads an event stream."""

    __slots__ = ("_after_cr", "_answer", "_event", "_line", "_stray")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._line = DocumentBuffer()
        self._event = DocumentBuffer()
        self._after_cr = False  # The piece before ended in CR; an LF now is part of that line end.
        self._stray: JsonReader | None = None

    def __repr__(self) -> str:
        return f"<SseReader line {self._line!r}, event {self._event!r}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if not data:
            return
        if self._after_cr and data[0] == 0x0A:
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        rest = lines.pop()
        for line in lines:
            if len(self._line):
                self._line.add(line)
                self._end_line()
            else:
                self._take(line)
        if rest:
            self._line.add(rest)

    def so_far(self) -> Reading:
        """What the events that came whole have said; reading goes on."""
        return self._answer.reading(complete=False)

    def finish(self, *, complete: bool) -> Reading:
        """Sum up; `complete` is False where the stream was cut.

        A last event without its empty line counts where it decodes, also in a cut stream.
        """
        if len(self._line):
            if complete or self._line.whole:
                self._end_line()
            else:
                self._line.hand_to(self._answer)
        self._dispatch(cut=not complete)
        if self._stray is not None:
            self._stray.close(complete=complete)
        return self._answer.reading(complete=complete)

    def _end_line(self) -> None:
        """The line that came in several pieces is at its end."""
        if self._line.whole:
            self._take(bytes(self._line.take()))
        elif self._line.head.startswith(_DATA):
            self._line.hand_to(self._answer)
        else:
            self._line.take()

    def _take(self, line: bytes) -> None:
        """One whole line without its end."""
        if not line:
            self._dispatch(cut=False)
        elif line.startswith(_DATA):
            value = line[6:] if line[5:6] == b" " else line[5:]
            if value == _DONE:
                return
            if len(self._event):
                self._event.add(b"\n")
            self._event.add(value)
        elif not line.startswith(_OTHER_FIELDS):
            self._take_stray(line)

    def _dispatch(self, *, cut: bool) -> None:
        """The event is at its end: its data is one document."""
        if not len(self._event):
            return
        if cut and self._event.whole:
            self._answer.cut(self._event.take())
        else:
            self._event.hand_to(self._answer)

    def _take_stray(self, line: bytes) -> None:
        """A line that is no field: perhaps bare JSON, else nothing."""
        if self._stray is None:
            if not line.lstrip().startswith((b"{", b"[")):
                return
            self._stray = JsonReader(self._answer)
        self._stray.feed(line + b"\n")
