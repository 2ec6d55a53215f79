"""What people give names: found by its id or by a name that only one has, made or changed.

Counterparts: `budget` and `limit`, and the lists of the API.
"""

from typing import Any, NamedTuple

from weighbridge.cli.client import Client
from weighbridge.errors import NotFoundError, UsageError


class Named(NamedTuple):
    """A list of the API: its path, and what its answer, people and commands call its members."""

    path: str
    member: str
    noun: str
    command: str

    def find(self, client: Client, word: str) -> dict[str, Any] | None:
        """The one of an id or name, None where there is none.

        Errors: `UsageError` where several have the name.
        """
        listed = client.get(self.path)[self.member]
        fitting = [one for one in listed if one["id"] == word]
        fitting = fitting or [one for one in listed if one["name"] == word]
        if len(fitting) > 1:
            ids = ", ".join(one["id"] for one in fitting)
            raise UsageError(f"{len(fitting)} {self.noun}s are named {word!r}; give the ID: {ids}")
        return fitting[0] if fitting else None

    def get(self, client: Client, word: str) -> dict[str, Any]:
        """The one of an id or name.

        Errors: `NotFoundError` where there is none.
        """
        found = self.find(client, word)
        if found is None:
            told = f"no {self.noun} has the id or name {word[:60]!r}; see `{self.command} list`"
            raise NotFoundError(told)
        return found

    def put(
        self, client: Client, wanted: dict[str, Any], former: str | None
    ) -> tuple[dict[str, Any], str]:
        """Make one, or change the one that `former` or its wanted name means.

        Gives: what it is now, and what was done.
        """
        found = self.get(client, former) if former else self.find(client, wanted["name"])
        if found is None:
            return client.post(self.path, wanted), "Made"
        return client.patch(f"{self.path}/{found['id']}", wanted), "Changed"
