"""The admin API's description is a contract: a change to it is seen in review."""

import json
from pathlib import Path
from typing import Any

from weighbridge.admin.app import create_app

_GOLDEN = Path(__file__).parent / "openapi" / "admin.json"


def test_the_openapi_description_is_the_agreed_one() -> None:
    """To accept a change: write `json.dumps(app.openapi(), indent=1, sort_keys=True)` there."""
    services: Any = None  # routes are described without being called
    spec = create_app(services).openapi()
    del spec["info"]["version"]
    assert json.loads(_GOLDEN.read_text("utf-8")) == spec
