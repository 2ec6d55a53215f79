"""A question to the ledger as a route answers it: parsed, bounded, of what its caller may see.

Rules for future edits: whatever takes a query in its body answers by this, so that no route can
forget a scope or run for ever. Counterparts: `auth` knows callers, `questions` bounds the work.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.ports import Reports
from weighbridge.admin.questions import questions_of
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.query import parse_query
from weighbridge.reports.result import QueryResult


class Asked:
    """A query of the present moment, and reports that answer it."""

    def __init__(self, query: CostQuery, now: datetime, reports: Reports) -> None:
        self.query = query
        self.now = now
        self.select = reports.select
        self._reports = reports

    def run(self, query: CostQuery) -> QueryResult:
        """What a query gives now."""
        return self._reports.run(query, self.now)


class _Asking:
    """A caller who may read, and gets answers of what they may see."""

    def __init__(self, request: Request, reports: Reports) -> None:
        self._request = request
        self._reports = reports

    async def answer(
        self, question: Mapping[str, Any], work: Callable[[Asked], dict[str, Any]]
    ) -> dict[str, Any]:
        """What `work` makes of the query that a document is."""
        now = datetime.now(UTC)
        query = parse_query(question, now)
        return await questions_of(self._request).answer(
            self._request, self._reports, lambda reports: work(Asked(query, now, reports))
        )


async def _asking(request: Request, _caller: Viewer, services: Seen) -> _Asking:
    return _Asking(request, services.reports)


Asking = Annotated[_Asking, Depends(_asking)]
