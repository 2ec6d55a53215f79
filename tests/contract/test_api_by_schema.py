"""The admin API answers as its OpenAPI document says, whatever is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from weighbridge.admin.app import create_app
from weighbridge.admin.auth import LocalAdmin
from weighbridge.compose.parts import open_parts
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder


class _Deaf:
    """The policy's way to workers where there are none, and their health."""

    async def publish(self) -> None:
        pass

    def metrics(self) -> dict[str, int]:
        return {}

    def problems(self) -> list[str]:
        return []


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = DataFolder(tmp_path_factory.mktemp("api") / "data")
    folder.make()
    parts = open_parts(folder, Settings(data=folder.root))
    app = create_app(parts.services(_Deaf(), _Deaf()))
    yield schemathesis.openapi.from_asgi("/api/openapi.json", LocalAdmin(app))
    parts.close()


def _operations() -> Iterator[tuple[str, str]]:
    services: Any = None  # routes are described without being called
    for path, methods in create_app(services).openapi()["paths"].items():
        for method in methods:
            yield path, method


@pytest.mark.parametrize(("path", "method"), list(_operations()))
def test_every_answer_is_one_that_the_document_names(api: Any, path: str, method: str) -> None:
    @given(case=api[path][method].as_strategy())
    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    def whatever_is_sent(case: schemathesis.Case) -> None:
        case.call_and_validate(
            checks=[
                schemathesis.checks.not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_headers_conformance,
                response_schema_conformance,
            ]
        )

    whatever_is_sent()
