"""Recognition of raw request targets."""

import pytest

from weighbridge.providers.targets import Target, has_upload_id, read_target


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/v1beta/models", Target("", ("models",), "v1beta")),
        (b"/v1/models/m:generateContent", Target("", ("models", "m:generateContent"), "v1")),
        (b"/v1internal/x", Target("", ("x",), "v1internal")),
        (b"/v1beta2/x", Target("", ("x",), "v1beta2")),
        (b"/v1beta/", Target("", ("",), "v1beta")),
        (b"/upload/v1beta/files", Target("upload", ("files",), "v1beta")),
        (b"/download/v1/files/f:download", Target("download", ("files", "f:download"), "v1")),
        (b"/ws/a.b.C", Target("ws", ("a.b.C",))),
        (b"/$discovery/rest", Target("discovery", ("rest",))),
        (b"/v1beta/models/m%3AcountTokens", Target("", ("models", "m:countTokens"), "v1beta")),
        (b"/v1beta/models%2Fm:countTokens", Target("", ("models", "m:countTokens"), "v1beta")),
    ],
)
def test_paths_of_google_are_read(path: bytes, expected: Target) -> None:
    """Every area and version is recognised, percent-encoding is looked through."""
    assert read_target(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"*",
        b"/",
        b"/v1beta",
        b"/voices/x",
        b"/V1/models",
        b"//v1/models",
        b"/healthz",
        b"/upload/files",
        b"/upload/v1beta",
        b"/-/trk_test/v1/models",
        b"http://evil.example/v1/models",
        b"evil.example:443",
        b"/v1beta/../admin",
        b"/v1beta/models/%2e%2E/x",
        b"/v1beta/./models",
        b"/v1beta/a\\b",
        b"/v1beta/a#b",
        b"/v1beta/a b",
        b"/v1beta/a\x00",
        b"/v1beta/\xff",
        b"/v" + b"1" * 40 + b"/models",
        b"/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
    ],
)
def test_what_is_not_ours_or_doubtful_is_nothing(path: bytes) -> None:
    """Absolute form, dot segments in any spelling and odd bytes are no route (P3)."""
    assert read_target(path) is None


def test_a_custom_verb_is_split_off_the_last_segment() -> None:
    """The last colon of the last segment begins the verb."""
    assert Target("", ("models", "m:x:countTokens")).split_verb() == (
        ("models", "m:x"),
        "countTokens",
    )
    assert Target("", ("models", "m")).split_verb() == (("models", "m"), "")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"upload_id=A&upload_protocol=resumable", True),
        (b"key=k&upload_id=A", True),
        (b"upload_id=", False),
        (b"xupload_id=A", False),
        (b"uploadType=resumable", False),
        (b"", False),
    ],
)
def test_an_upload_id_is_a_parameter_with_a_value(query: bytes, expected: bool) -> None:
    """Only `upload_id` itself, not empty, marks an upload's second step."""
    assert has_upload_id(query) is expected
