"""What heads of requests and answers have in common. Pure."""

from typing import Final

Headers = list[tuple[bytes, bytes]]
HEAD_END: Final = b"\r\n\r\n"


def name_of(line: bytes) -> bytes:
    """The name of a header line, in lower case."""
    return line.partition(b":")[0].lower()
