"""What of a request of Google's is no text: how many images, how much audio, what has no bound.

Hides the places where Google's methods take bytes that are no text. Rules for future edits: what
is not found where it may stand, or is of a kind whose tokens its bytes do not bound, makes the
prompt open-ended, which is never too little. Run only where a body may hold such a thing.
Source: Gemini API "Understand and count tokens" for the kinds, read 2026-11-22.
Counterpart: `declared` for all else in a body.
"""

from typing import Any, Final

import msgspec

from weighbridge.providers.decoding import UNREADABLE

_NULL: Final = msgspec.Raw(b"null")
# Each stands once in every part that holds or names such data, however deep it lies.
_NAMES: Final = (b'nlineData"', b'nline_data"', b'ileData"', b'ile_data"')


class Media(msgspec.Struct, frozen=True, gc=False):
    """Inline data: images by number, audio by its bytes; `data_bytes` are no text."""

    images: int
    audio_bytes: int
    data_bytes: int
    open_ended: bool


class _Blob(msgspec.Struct, gc=False):
    mimeType: Any = None  # noqa: N815 - wire names, in both spellings that Google reads
    mime_type: Any = None
    data: msgspec.Raw = _NULL


class _Part(msgspec.Struct, gc=False):
    inlineData: _Blob | None = None  # noqa: N815
    inline_data: _Blob | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | _Part | None = None


class _Request(msgspec.Struct, gc=False):
    contents: list[_Content] | _Content | None = None
    content: _Content | None = None
    systemInstruction: _Content | None = None  # noqa: N815
    system_instruction: _Content | None = None


class _Requests(_Request, gc=False):
    requests: list[_Request] | None = None


_decode: Final = msgspec.json.Decoder(_Requests).decode


def media_of(body: bytes) -> Media:
    """The media of one request.

    Example: an image and two files by reference are one image and open-ended.
    """
    named = sum(body.count(name) for name in _NAMES)
    try:
        blobs = _blobs(_decode(body))
    except UNREADABLE:
        return Media(0, 0, 0, open_ended=True)
    images = audio_bytes = data_bytes = 0
    bounded = True
    for blob in blobs:
        kind = blob.mimeType or blob.mime_type
        size = len(bytes(blob.data))
        if type(kind) is not str:
            bounded = False
        elif kind.startswith("image/"):
            images += 1
            data_bytes += size
        elif kind.startswith("audio/"):
            audio_bytes += size
            data_bytes += size
        else:
            bounded = bounded and kind == "text/plain"
    return Media(images, audio_bytes, data_bytes, open_ended=not bounded or named != len(blobs))


def _blobs(request: _Requests) -> list[_Blob]:
    found: list[_Blob] = []
    for each in (request, *(request.requests or ())):
        contents = each.contents
        listed = contents if type(contents) is list else [contents]
        for content in (*listed, each.content, each.systemInstruction, each.system_instruction):
            if isinstance(content, _Content):
                found += _of_parts(content)
    return found


def _of_parts(content: _Content) -> list[_Blob]:
    parts = content.parts
    listed = parts if type(parts) is list else [parts]
    return [
        blob
        for part in listed
        if isinstance(part, _Part)
        for blob in (part.inlineData, part.inline_data)
        if blob is not None
    ]
