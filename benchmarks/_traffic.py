"""The calls that the benchmarks make: shaped like recorded ones, with counts of known price.

Rules for edits: requests differ from each other in model, department, project, agent and length,
so that no peer can answer from a memo of the request before; every answer's cost is known
exactly, so that the ledger can be checked against the load that went through.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

# Header names and values of google-genai 3.4.0 on CPython 3.11.
SDK_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Content-Type": "application/json",
    "User-Agent": "google-genai-sdk/3.4.0 gl-python/3.11.7",
    "x-goog-api-client": "google-genai-sdk/3.4.0 gl-python/3.11.7",
    "x-goog-api-key": "AIzaSyTEST000000000000000000000000000000",
}
NO_TOKEN = "trk_" + "b" * 32

# What the Developer API sends beside Content-Type and Date (recorded).
ANSWER_HEADERS = {
    "Vary": "Origin, X-Origin, Referer",
    "X-XSS-Protection": "0",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Server-Timing": "gfet4t7; dur=1218",
    "Alt-Svc": 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000',
}

_TICKET = (
    "Customer writes: since the update on Monday the export of the monthly statement stops at "
    "page three, the progress bar stays at 62 % and no file appears in the download folder. "
    "They use the desktop client 8.4 on a managed laptop, have signed in again twice, and need "
    "the statement for an audit on Friday. Summarise the problem in one sentence, name the most "
    "likely component, and propose the next question that support should ask the customer."
)
_ANSWER = (
    "**Problem:** Since Monday's update the statement export in desktop client 8.4 stalls at page "
    "three (62 %) and writes no file.\n\n**Component:** the PDF renderer of the export service, "
    "most likely its font cache on managed devices.\n\n**Next question:** Does the export succeed "
    "from the web client with the same account and the same month?\n"
)


@dataclass(frozen=True, slots=True)
class Model:
    """A model with the usage that its answers report, and what one answer costs.

    The cost in pico-USD is counted by hand from the list prices in USD per million tokens.
    """

    name: str
    prompt_tokens: int
    candidates_tokens: int
    thoughts_tokens: int
    cost_pico_usd: int


MODELS = (
    # 214 × 0.30 + (78 + 142) × 2.50
    Model("gemini-2.5-flash", 214, 78, 142, 614_200_000),
    # 214 × 1.25 + (81 + 655) × 10.00
    Model("gemini-2.5-pro", 214, 81, 655, 7_627_500_000),
    # 214 × 0.10 + 76 × 0.40
    Model("gemini-2.5-flash-lite", 214, 76, 0, 51_800_000),
)

DEPARTMENTS = ("support", "research", "finance", "platform")
PROJECTS = ("ticket-triage", "statement-export", "audit-2026")
AGENTS = ("summariser", "router", "answer-checker", "nightly-report", "copilot")


def answer_body(model: Model) -> bytes:
    """A unary answer, indented by two as Google sends it."""
    usage: dict[str, object] = {
        "promptTokenCount": model.prompt_tokens,
        "candidatesTokenCount": model.candidates_tokens,
        "totalTokenCount": model.prompt_tokens + model.candidates_tokens + model.thoughts_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": model.prompt_tokens}],
    }
    if model.thoughts_tokens:
        usage["thoughtsTokenCount"] = model.thoughts_tokens
    answer = {
        "candidates": [
            {
                "content": {"parts": [{"text": _ANSWER}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            },
        ],
        "usageMetadata": usage,
        "modelVersion": model.name,
        "responseId": "NtBKaNyJNuzRvdIPls2XuQc",
    }
    return json.dumps(answer, indent=2, ensure_ascii=False).encode() + b"\n"


def request_body(number: int, extra: int = 240) -> bytes:
    question = f"Ticket {4711 + number}. {_TICKET} {_TICKET[:extra]}"
    request = {
        "contents": [{"parts": [{"text": question}], "role": "user"}],
        "systemInstruction": {
            "parts": [{"text": "You help a support team. Be brief; never invent a fact."}],
            "role": "user",
        },
        "generationConfig": {"temperature": 0.2, "maxOutputTokens": 1024},
    }
    return json.dumps(request).encode()


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    headers: dict[str, str]
    body: bytes


def calls(tracking_token: str, path_prefix: str = "", **headers: str) -> list[Call]:
    """A thousand calls, hardly two with the same head, in an order that repeats no pattern.

    Takes: the token (peers other than Weighbridge pass its header on as any other); what a peer
    needs before the path; headers that differ for a peer, `_` for `-`.
    """
    special = {name.replace("_", "-"): value for name, value in headers.items()}
    chance = Random(1)
    return [
        Call(
            path=f"{path_prefix}/v1beta/models/{chance.choice(MODELS).name}:generateContent",
            headers=SDK_HEADERS
            | {
                "X-Weighbridge-Key": tracking_token,
                "X-Department": chance.choice(DEPARTMENTS),
                "X-Project": chance.choice(PROJECTS),
                "X-Agent": chance.choice(AGENTS),
            }
            | special,
            body=request_body(number, extra=chance.randrange(len(_TICKET))),
        )
        for number in range(1000)
    ]
