"""`HOST:PORT` as a value, for every setting and flag that names a place to listen."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; port 0 lets the system pick one.

    Example: `Address.parse("[::1]:8080")` gives `Address("::1", 8080)`.
    """

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @classmethod
    def parse(cls, text: object) -> "Address":
        """An address from its text.

        Errors: `ValueError` where the text is not HOST:PORT with a port of 0 to 65535.
        """
        if isinstance(text, cls):
            return text
        host, colon, port = str(text).rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        digits = port.isascii() and port.isdigit()
        if not (isinstance(text, str) and colon and host and digits and int(port) <= 65535):
            raise ValueError("expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:0")
        return cls(host, int(port))


AddressField = Annotated[Address, BeforeValidator(Address.parse), PlainSerializer(str)]
