"""Upload URLs point back at us, and at nobody that a header makes up."""

import pytest

from weighbridge.gateway.upload_urls import is_upload, public_base, rewritten, upload_id_of

GOOGLE = b"generativelanguage.googleapis.com"
OURS = b"http://127.0.0.1:8080"
PATH = b"/upload/v1beta/files?upload_id=AK-1_x&upload_protocol=resumable"
HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"X-GUploader-UploadID: AK-1_x\r\n"
    b"X-Goog-Upload-Status: active\r\n"
    b"X-Goog-Upload-URL: https://%b%b\r\n"
    b"X-Goog-Upload-Control-URL: https://%b%b\r\n"
    b"X-Goog-Upload-Chunk-Granularity: 8388608\r\n"
    b"Content-Length: 0\r\n"
)


def head(host: bytes = GOOGLE, path: bytes = PATH) -> bytes:
    return HEAD % (host, path, host, path)


def test_both_urls_point_at_us() -> None:
    """Scheme and host are ours, path and query as they came, all else byte for byte (S6)."""
    made, upload_id = rewritten(head(), OURS, {GOOGLE})
    assert made == head(b"HOST").replace(b"https://HOST", OURS)
    assert upload_id == b"AK-1_x"


@pytest.mark.parametrize(
    "line",
    [
        b"x-goog-upload-url: https://%b/upload/v1/files?upload_id=a",
        b"X-GOOG-UPLOAD-CONTROL-URL:https://%b/upload/v1/files?upload_id=a",
        b"X-Goog-Upload-Url:\t HTTPS://%b:443/upload/v1/files?upload_id=a",
    ],
)
def test_any_spelling_of_the_header(line: bytes) -> None:
    """Case, spaces and the usual port make no difference."""
    sent = b"HTTP/1.1 200 OK\r\n" + line % GOOGLE.upper() + b"\r\n"
    made, upload_id = rewritten(sent, OURS, {GOOGLE})
    name = line.partition(b":")[0]
    assert made.startswith(b"HTTP/1.1 200 OK\r\n" + name + b":")
    assert made.endswith(OURS + b"/upload/v1/files?upload_id=a\r\n")
    assert upload_id == b"a"


@pytest.mark.parametrize(
    "host",
    [
        b"storage.example",
        b"generativelanguage.googleapis.com.evil.example",
        b"user@generativelanguage.googleapis.com",
        b"generativelanguage.googleapis.com:8443",
        b"127.0.0.1:9",
    ],
)
def test_urls_of_others_stay(host: bytes) -> None:
    """Only the host that the call was sent to is ours to stand for."""
    assert rewritten(head(host), OURS, {GOOGLE, b"127.0.0.1:1"}) == (head(host), None)


def test_configured_upstream_is_known_by_its_host() -> None:
    """A simulator or a proxy that names itself is rewritten as well."""
    made, upload_id = rewritten(head(b"127.0.0.1:9"), OURS, {GOOGLE, b"127.0.0.1:9"})
    assert upload_id == b"AK-1_x"
    assert b"127.0.0.1:9/" not in made


def test_heads_without_urls_stay() -> None:
    """Other answers of the upload path, and headers that only look alike."""
    for line in (
        b"X-Goog-Upload-Status: final\r\n",
        b"Location: https://%b/upload/v1/files?upload_id=a\r\n" % GOOGLE,
        b"X-Goog-Upload-URL: \r\n",
        b"X-Goog-Upload-URL: https://%b\r\n" % GOOGLE,
        b"X-Note: X-Goog-Upload-URL: https://%b/?upload_id=a\r\n" % GOOGLE,
    ):
        sent = b"HTTP/1.1 200 OK\r\n" + line
        assert rewritten(sent, OURS, {GOOGLE}) == (sent, None)


def test_two_ids_in_one_answer_are_none() -> None:
    """What is ambiguous is not remembered; the URLs still point at us."""
    sent = HEAD % (GOOGLE, PATH, GOOGLE, b"/upload/v1beta/files?upload_id=other")
    made, upload_id = rewritten(sent, OURS, {GOOGLE})
    assert upload_id is None
    assert GOOGLE not in made


@pytest.mark.parametrize(
    ("target", "upload_id"),
    [
        (PATH, b"AK-1_x"),
        (b"/upload/v1/files?upload_protocol=resumable&upload_id=a%2Fb", b"a/b"),
        (b"/upload/v1/files?upload_id=a/b#x", b"a/b"),
        (b"/upload/v1/files", None),
        (b"/upload/v1/files?upload_id=", None),
        (b"/upload/v1/files?xupload_id=a", None),
        (b"/upload/v1/files?upload_id=a&upload_id=b", None),
        (b"/upload/v1/files?upload_id=" + b"a" * 5000, None),
    ],
)
def test_id_of_a_target(target: bytes, upload_id: bytes | None) -> None:
    """One id, decoded; none where there is none or more than one."""
    assert upload_id_of(target) == upload_id


def test_steps_of_uploads_are_told_by_their_path() -> None:
    """The area of a target decides, nothing else."""
    assert is_upload(PATH)
    assert not is_upload(b"/v1beta/files?x=/upload/")


def base(**given: object) -> bytes:
    facts: dict[str, object] = {
        "public_url": None,
        "host": b"gw.example:8443",
        "tls": False,
        "listen": b"127.0.0.1:8080",
    }
    return public_base(**(facts | given))  # type: ignore[arg-type]


def test_we_are_what_the_client_called_us() -> None:
    """`Host` names us, our TLS the scheme; a proxy before us is believed what it says of both."""
    assert base() == b"http://gw.example:8443"
    assert base(tls=True) == b"https://gw.example:8443"
    behind = [b"Accept: */*", b"X-Forwarded-Proto: https", b"x-forwarded-host: public.example, b"]
    assert base(lines=behind) == b"https://public.example"
    assert base(host=b"[::1]:8080") == b"http://[::1]:8080"


def test_configured_address_beats_all() -> None:
    """`gateway.public_url` is the operator's word."""
    lines = [b"X-Forwarded-Host: other.example"]
    assert base(public_url=b"https://gw.corp", lines=lines, tls=False) == b"https://gw.corp"


@pytest.mark.parametrize(
    "host",
    [
        None, b"", b"a b", b"a/b", b"a@b", b"a?b", b"a#b", b"a\r\nX: y", b"a:port", b"a:123456",
        b"-a", b"a:", b"\xc3\xa9.example", b"[::1", b"a" * 300, b"http://a",
    ],
)  # fmt: skip
def test_host_that_is_none_is_not_repeated(host: bytes | None) -> None:
    """Nothing but a host and a port reaches an answer's head."""
    assert base(host=host) == b"http://127.0.0.1:8080"
    if host is not None:
        assert base(lines=[b"X-Forwarded-Host: " + host]) == b"http://gw.example:8443"
    assert base(lines=[b"X-Forwarded-Proto: javascript"]) == b"http://gw.example:8443"
