"""Pages whose figures do not come: in time, before the answer began, or after."""

import httpx
import pytest
from fastapi import FastAPI

from weighbridge.admin.questions import Questions


@pytest.fixture
def busy(app: FastAPI) -> FastAPI:
    """An app whose ledger takes no more questions; whoever waits a moment is told so."""
    app.state.questions = Questions(most=0, longest_wait_s=0.0)
    return app


async def test_a_busy_ledger_is_a_page_too(busy: FastAPI, local: httpx.AsyncClient) -> None:
    """It says so, and when to come again; programs get a problem document."""
    page = await local.get("/agents")
    assert page.status_code == 429
    assert page.headers["retry-after"] == "1"
    assert "ask again" in page.text
    assert page.text.rstrip().endswith("</html>")
    problem = await local.get("/agents.json")
    assert (problem.status_code, problem.json()["code"]) == (429, "BUSY")


async def test_what_began_ends_well_formed(busy: FastAPI, local: httpx.AsyncClient) -> None:
    """A frame that was sent ahead is followed by the reason, under the policy of all pages."""
    busy.state.questions = Questions(most=0, longest_wait_s=0.3)
    page = await local.get("/agents")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert 'role="alert"' in page.text
    assert "ask again" in page.text
    assert page.text.count("<h1>Agents</h1>") == 1
    assert page.text.rstrip().endswith("</html>")
