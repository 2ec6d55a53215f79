"""All of Google's surface through its SDKs: the same bytes, and a row for every call."""

from collections.abc import Callable

import pytest
from sdk_programs import Program
from surface_runs import PROGRAMS, Run
from wiretap import Answer

NAMES = [program.file for program in PROGRAMS]
UPLOAD_URLS = frozenset({b"x-goog-upload-url", b"x-goog-upload-control-url"})


def compared(answer: Answer) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """An answer less its upload URLs, which are meant to differ."""
    status, headers, body = answer.compared()
    return status, [each for each in headers if each[0].lower() not in UPLOAD_URLS], body


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=NAMES)
def test_an_sdk_gets_the_same_answers(program: Program, run_of: Callable[[Program], Run]) -> None:
    """With the gateway in between, what an SDK gets is the same, byte for byte."""
    run = run_of(program)
    assert [line for line in run.plain.values() if "error" in line] == []
    assert run.weighed == run.plain
    assert [compared(each) for each in run.through] == [compared(each) for each in run.direct]


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=NAMES)
def test_upload_urls_lead_back_to_us(program: Program, run_of: Callable[[Program], Run]) -> None:
    """S6: where Google names its own host, the client is told ours."""
    run = run_of(program)
    urls = [
        value for each in run.through for name, value in each.headers if name.lower() in UPLOAD_URLS
    ]
    assert all(url.startswith(f"{run.url}/upload/v1".encode()) for url in urls)
    assert bool(urls) is any(operation.startswith("upload") for _, operation in run.expected)


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=NAMES)
def test_every_call_has_its_row(program: Program, run_of: Callable[[Program], Run]) -> None:
    """Steps that carry neither key nor header are booked to whoever began them."""
    run = run_of(program)
    assert [row["operation"] for row in run.calls] == [name for _, name in run.expected]
    assert {row["token_id"] for row in run.calls} == {run.token_id}
    assert {(row["status"], row["outcome"]) for row in run.calls} == {(200, "ok")}
