"""What browsers are told: preflights, answers, and what of an upstream's is taken out."""

import pytest

from weighbridge.gateway.cors import Cors
from weighbridge.gateway.settings import CorsSettings

PAGE = b"https://app.example"
LISTED = Cors(CorsSettings(allowed_origins=(PAGE.decode(),), max_age_s=30))
ANY = Cors(CorsSettings(allowed_origins=("*",)))
OFF = Cors(CorsSettings())
SDK_HEADERS = (
    b"authorization,content-type,x-department,x-goog-api-client,x-goog-api-key,"
    b"x-goog-upload-command,x-goog-upload-offset,x-weighbridge-key,x-weighbridge-labels"
)


def _preflight(origin: bytes = PAGE, method: bytes = b"POST") -> list[tuple[bytes, bytes]]:
    return [
        (b"Host", b"gateway.example"),
        (b"Origin", origin),
        (b"Access-Control-Request-Method", method),
        (b"Access-Control-Request-Headers", SDK_HEADERS),
    ]


def _lines(head: bytes | None) -> dict[bytes, bytes]:
    assert head is not None
    pairs = (line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return {name.lower(): value for name, value in pairs}


def test_a_page_on_the_list_may_call_with_all_that_sdks_send() -> None:
    """Every requested name comes back, with the methods and how long that holds."""
    head = LISTED.preflight_answer(b"OPTIONS", _preflight())
    assert head is not None
    assert head.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert head.endswith(b"\r\n\r\n")
    lines = _lines(head)
    assert lines[b"access-control-allow-origin"] == PAGE
    assert lines[b"access-control-allow-headers"] == SDK_HEADERS.replace(b",", b", ")
    assert b"POST" in lines[b"access-control-allow-methods"].split(b", ")
    assert lines[b"access-control-max-age"] == b"30"
    assert lines[b"vary"].startswith(b"Origin, ")


def test_credentials_are_never_allowed() -> None:
    """Cookies of a page's visitor open nothing here."""
    said = b"".join([ANY.preflight(b"*", b"POST", b""), ANY.answer_lines(b"*")]).lower()
    assert b"credentials" not in said


def test_a_page_that_is_not_on_the_list_is_allowed_nothing() -> None:
    """The browser then reports the missing allowance."""
    head = LISTED.preflight_answer(b"OPTIONS", _preflight(b"https://app.example.evil"))
    assert list(_lines(head)) == [b"vary"]


@pytest.mark.parametrize(
    "origin",
    [b"https://app.example:8443", b"http://app.example", b"https://x.app.example", b"null"],
)
def test_origins_match_whole(origin: bytes) -> None:
    """Another scheme, port or sub-domain is another origin."""
    assert LISTED.origin([(b"origin", origin)]) is None


def test_any_page_may_call_where_all_are_allowed() -> None:
    """`*` answers every origin alike, so that caches need no variants."""
    assert ANY.origin([(b"ORIGIN", b"null")]) == b"*"
    lines = _lines(b"\r\n" + ANY.answer_lines(b"*"))
    assert lines[b"access-control-allow-origin"] == b"*"
    assert b"vary" not in lines


def test_what_is_no_preflight_is_left_to_the_gateway() -> None:
    """An OPTIONS call without a page, or another method, goes its usual way."""
    headers = _preflight()
    assert LISTED.preflight_answer(b"POST", headers) is None
    assert LISTED.preflight_answer(b"OPTIONS", headers[:2]) is None
    assert LISTED.preflight_answer(b"OPTIONS", headers[2:]) is None


def test_off_it_answers_nothing_and_adds_nothing() -> None:
    """Without a configured origin the bytes are as they were before."""
    assert OFF.enabled is False
    assert OFF.preflight_answer(b"OPTIONS", _preflight()) is None
    assert OFF.origin(_preflight()) is None
    assert OFF.answer_lines(None) == b""


def test_a_request_without_a_page_has_no_origin() -> None:
    """Servers' calls carry none; a repeated one is nobody's."""
    assert LISTED.origin([(b"host", b"h")]) is None
    assert LISTED.origin([(b"origin", PAGE), (b"origin", PAGE)]) is None


def test_an_answer_shows_pages_what_they_need() -> None:
    """The exchange id, the reason of a refusal and where to upload are readable."""
    lines = _lines(b"\r\n" + LISTED.answer_lines(PAGE))
    assert lines[b"access-control-allow-origin"] == PAGE
    assert lines[b"vary"] == b"Origin"
    exposed = lines[b"access-control-expose-headers"].split(b", ")
    for name in (b"X-Weighbridge-Id", b"X-Weighbridge-Error", b"X-Goog-Upload-URL"):
        assert name in exposed


def test_a_cache_keeps_answers_to_pages_and_to_others_apart() -> None:
    """Where origins are told apart, answers without an allowance say so too."""
    assert LISTED.answer_lines(None) == b"Vary: Origin\r\n"
    assert ANY.answer_lines(None) == b""


@pytest.mark.parametrize(
    ("requested", "allowed"),
    [
        (b"X-Team, b@d,x-team", b"x-team"),
        (b"a\tb", None),
        (b"x" * 65, None),
        (b",".join(b"h%d" % n for n in range(80)), b", ".join(b"h%d" % n for n in range(64))),
        (b"", None),
    ],
)
def test_only_plain_names_are_repeated(requested: bytes, allowed: bytes | None) -> None:
    """P6: nothing of a request stands in an answer unless it is a header's name."""
    lines = _lines(LISTED.preflight(PAGE, b"POST", requested))
    assert lines.get(b"access-control-allow-headers") == allowed


def test_a_method_that_is_none_of_the_api_is_not_allowed() -> None:
    """A browser then refuses the call itself."""
    lines = _lines(LISTED.preflight(PAGE, b"TRACE", b""))
    assert b"access-control-allow-methods" not in lines


def test_an_upstreams_own_lines_are_taken_out() -> None:
    """Two allowances count as none; all other lines, their order and bytes stay."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        b"access-control-allow-origin: https://app.example\r\nX-Note: Access-Control-Y: 1\r\n"
        b"ACCESS-CONTROL-EXPOSE-HEADERS: date\r\nvary: Origin, X-Origin\r\n"
    )
    assert Cors.without_cors(head) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        b"X-Note: Access-Control-Y: 1\r\nvary: Origin, X-Origin\r\n"
    )
