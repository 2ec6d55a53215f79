"""The request of Google's guide to labels, as written but for the host.

Source: "Add labels to API calls" of Vertex AI's documentation: `contents` and `parts` are
objects, a comma stands after the last member. PowerShell 5 writes a byte order mark and CR LF,
and asks before it sends a body.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import Bridge

PATH = "/v1/projects/research-1/locations/us-central1/publishers/google/models/gemini-2.5-flash"
METHODS = ("generateContent", "streamGenerateContent")
REQUEST = """{
  "contents": {
    "role": "USER",
    "parts": {
      "text": "What is a weighbridge?"
    }
  },
  "labels": {
    "team": "LABEL_VALUE"
  },
}
"""
LOGIN = ("-H", "Authorization: Bearer ya29.TESTresearch")
KIND = ("-H", "Content-Type: application/json; charset=utf-8")
FORMS: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "curl": (REQUEST.encode(), "-d", ()),
    "powershell": (
        b"\xef\xbb\xbf" + REQUEST.replace("\n", "\r\n").encode(),
        "--data-binary",
        ("-H", "Expect: 100-continue", "-A", "Mozilla/5.0 (Windows NT) WindowsPowerShell/5.1"),
    ),
}


def run(form: str, base: str, method: str, label: str, folder: Path) -> Any:
    """What the example gets, sent in one of its forms."""
    body, flag, options = FORMS[form]
    file = folder / "request.json"
    file.write_bytes(body.replace(b"LABEL_VALUE", label.encode()))
    data = (flag, f"@{file.name}")
    command = [
        "curl",
        "-sS",
        "-X",
        "POST",
        *LOGIN,
        *KIND,
        *options,
        *data,
        f"{base}{PATH}:{method}",
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True, cwd=folder
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", FORMS)
def test_the_guides_example_works_and_its_label_is_booked(
    form: str, method: str, upstream: str, surfaces: Bridge, tmp_path: Path
) -> None:
    """The same answer as without us; the label reaches Google and the ledger."""
    token = surfaces.token(f"guide-{form}-{method}")["token"]
    label = f"{form}-{method.lower()}"
    direct = run(form, upstream, method, label, tmp_path)
    through = run(form, f"{surfaces.url}/-/{token};agent=guide-{label}", method, label, tmp_path)
    assert through == direct
    assert "error" not in str(through)

    (row,) = surfaces.wait_for_rows(1, agent=f"guide-{label}")
    assert row["labels"] == {"team": label}
    assert (row["operation"], row["location"]) == (method, "us-central1")
    assert row["cloud_project"] == "research-1"
    received = httpx.get(f"{upstream}/-/simulator/labels", timeout=10).json()["labels"]
    assert [each["labels"] for each in received].count({"team": label}) == 2


@pytest.mark.parametrize("form", FORMS)
def test_an_invalid_label_is_refused_before_google_is_asked(
    form: str, upstream: str, surfaces: Bridge, tmp_path: Path
) -> None:
    """The refusal names the label; nothing reaches the upstream."""
    token = surfaces.token(f"guide-wrong-{form}")["token"]
    label = f"Wrong-{form}"
    refused = run(form, f"{surfaces.url}/-/{token}", "generateContent", label, tmp_path)
    error = refused["error"]
    received = httpx.get(f"{upstream}/-/simulator/labels", timeout=10).json()["labels"]
    assert (error["code"], error["details"][0]["reason"]) == (400, "LABELS_INVALID")
    assert "team" in error["message"]
    assert {"team": label} not in [each["labels"] for each in received]
