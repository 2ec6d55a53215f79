"""What every SDK program shares: the job it is given, and the transcript it prints.

A job is one JSON argument: `base_url`, `google_key`, `headers` (for attribution; empty when
talking to the upstream directly), `png` (base64) and `steps`. The transcript is one JSON line
per step, with what the SDK handed to its caller, or the typed error that it raised.
"""

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

MODEL = "gemini-2.5-flash"
EMBEDDING_MODEL = "gemini-embedding-001"
QUESTION = "What is the capital of France?"
STORY = "Write a story about a robot learning to paint"
JOB: dict[str, Any] = json.loads(sys.argv[1])
PNG: bytes = base64.b64decode(JOB["png"])


def play(steps: dict[str, Callable[[], Any]]) -> None:
    """Run the steps that the job names, in its order, and print what each received."""
    for name in JOB["steps"]:
        line: dict[str, Any] = {"step": name}
        try:
            line["got"] = steps[name]()
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is the finding
            line["error"] = _describe(error)
        sys.stdout.write(json.dumps(line, default=str, sort_keys=True) + "\n")


def _describe(error: Exception) -> dict[str, Any]:
    kind = type(error)
    cause = error.__cause__
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "cause": type(cause).__qualname__ if cause else None,
        "code": getattr(error, "code", None) or getattr(error, "status_code", None),
        "message": str(error),
        "details": str(getattr(error, "details", None)),
    }
