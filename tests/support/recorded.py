"""Recorded Gemini and Vertex exchanges, and what the ledger has to say about each.

The reference shares no code with the readers: it decodes whole bodies with the standard library
and applies the rules of the ledger's contract in the plainest way. Where the recordings are not
beside the checkout, a small sample of the same form stands in.
"""

import json
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).resolve().parents[2] / "../shared/recorded/gemini"

SAMPLE: tuple[dict[str, Any], ...] = (
    {
        "method": "POST",
        "url_path": "/v1beta/models/gemini-2.5-flash-preview-04-17:generateContent",
        "status": 200,
        "response_headers": {"content-type": "application/json; charset=UTF-8"},
        "response_body": json.dumps(
            {
                "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "x"}]}}],
                "usageMetadata": {
                    "promptTokenCount": 801,
                    "candidatesTokenCount": 1519,
                    "thoughtsTokenCount": 794,
                    "totalTokenCount": 2320,
                    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 801}],
                },
                "modelVersion": "models/gemini-2.5-flash-preview-04-17",
            }
        ),
    },
    {
        "method": "POST",
        "url_path": "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        "status": 200,
        "response_headers": {"content-type": "text/event-stream"},
        "response_body": 'data: {"usageMetadata": {"promptTokenCount": 101, "totalTokenCount": 9}}'
        "\r\n\r\n"
        'data: {"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 27,'
        '"candidatesTokenCount": 5, "totalTokenCount": 32}, "modelVersion": "gemini-2.5-flash"}'
        "\r\n\r\n",
    },
)


def recorded_exchanges() -> list[dict[str, Any]]:
    """The sample, then every recording there is."""
    rows: list[dict[str, Any]] = [*SAMPLE]
    for file in sorted(RECORDED.glob("*.jsonl")):
        rows.extend(json.loads(line) for line in file.read_text("utf-8").splitlines())
    return rows


def name_of(index: int, row: dict[str, Any]) -> str:
    """How a test about a recording is called."""
    return f"{index}-{row['url_path'].split('?')[0][-60:]}"


def content_type(row: dict[str, Any]) -> bytes | None:
    for name, value in row["response_headers"].items():
        if name.lower() == "content-type":
            return value.encode()
    return None


def documents_of(text: str) -> list[dict[str, Any]]:
    if not text.strip():
        return []
    if text.lstrip()[0] in "{[":
        body = json.loads(text)
        return body if isinstance(body, list) else [body]
    return [
        json.loads(line[len("data: ") :])
        for line in text.splitlines()
        if line.startswith("data: {")
    ]


def is_metered(row: dict[str, Any]) -> bool:
    path = row["url_path"].split("?")[0]
    verbs = (":generateContent", ":streamGenerateContent", "EmbedContents", ":embedContent")
    return path.endswith((*verbs, "/openai/chat/completions")) and row["status"] == 200


COLUMNS = [
    "input_tokens",
    "cached_input_tokens",
    "tool_use_input_tokens",
    "output_tokens",
    "thinking_tokens",
    "total_tokens",
    "input_text_tokens",
    "input_image_tokens",
    "input_audio_tokens",
    "input_video_tokens",
    "input_document_tokens",
    "output_text_tokens",
    "output_image_tokens",
    "output_audio_tokens",
    "search_queries",
]
MODALITIES = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}


def _split(details: list[dict[str, Any]] | None, count: int | None) -> dict[str, int] | None:
    if details is None or count is None:
        return None
    sums = dict.fromkeys(MODALITIES.values(), 0)
    for detail in details:
        modality = detail.get("modality")
        sums[MODALITIES.get(modality, modality)] += detail.get("tokenCount", 0)
    if sum(sums.values()) > count:
        return None
    sums["TEXT"] = count - sum(tokens for kind, tokens in sums.items() if kind != "TEXT")
    return sums


def expected_columns(row: dict[str, Any]) -> dict[str, Any]:
    """Columns by the contract, from whole decoded documents."""
    columns: dict[str, Any] = dict.fromkeys(COLUMNS)
    if not is_metered(row):
        return columns | {"usage_source": "none"}
    documents = documents_of(row["response_body"] or "")
    if "/openai/" in row["url_path"]:
        usage = documents[-1]["usage"]
        columns["input_tokens"] = usage["prompt_tokens"]
        columns["output_tokens"] = usage["completion_tokens"]
        columns["total_tokens"] = usage["total_tokens"]
        hidden = usage["total_tokens"] - usage["prompt_tokens"] - usage["completion_tokens"]
        columns["thinking_tokens"] = hidden or None
        return columns | {"usage_source": "final"}
    usage = {}
    queries: set[str] | None = None
    for document in documents:
        usage.update(document.get("usageMetadata") or {})
        for candidate in document.get("candidates") or []:
            found = (candidate.get("groundingMetadata") or {}).get("webSearchQueries")
            if found is not None:
                queries = (queries or set()) | {query for query in found if query.strip()}
    columns["search_queries"] = None if queries is None else len(queries)
    counts = {name: value for name, value in usage.items() if name.endswith("TokenCount")}
    if not counts:
        return columns | {"usage_source": "none"}
    prompt, candidates = counts.get("promptTokenCount"), counts.get("candidatesTokenCount")
    thoughts, total = counts.get("thoughtsTokenCount"), counts.get("totalTokenCount")
    tool_use = counts.get("toolUsePromptTokenCount")
    output = candidates
    if candidates is not None and total is not None and thoughts:
        output = total - (prompt or 0) - (tool_use or 0) - thoughts
    columns |= {
        "input_tokens": prompt,
        "cached_input_tokens": counts.get("cachedContentTokenCount"),
        "tool_use_input_tokens": tool_use,
        "output_tokens": output,
        "thinking_tokens": thoughts,
        "total_tokens": total,
        "usage_source": "final",
    }
    details = usage.get("promptTokensDetails", usage.get("promptTokenDetails"))
    inputs = _split(details, prompt)
    for kind in MODALITIES.values():
        columns[f"input_{kind.lower()}_tokens"] = inputs and inputs[kind]
    outputs = _split(usage.get("candidatesTokensDetails"), candidates)
    for kind in ("TEXT", "IMAGE", "AUDIO"):
        columns[f"output_{kind.lower()}_tokens"] = outputs and outputs[kind]
    return columns


def expected_words(row: dict[str, Any]) -> dict[str, Any]:
    words: dict[str, Any] = dict.fromkeys(("model_version", "finish_reason", "error_type"))
    documents = documents_of(row["response_body"] or "")
    if row["status"] >= 400:
        words["error_type"] = documents[0]["error"]["status"]
        return words
    if not is_metered(row):
        return words
    numbers = {1: "STOP", 2: "MAX_TOKENS"}
    for document in documents:
        version = document.get("modelVersion", document.get("model"))
        if version is not None:
            words["model_version"] = version.removeprefix("models/")
        for candidate in (document.get("candidates") or document.get("choices") or [])[:1]:
            reason = candidate.get("finishReason", candidate.get("finish_reason"))
            if reason is not None:
                words["finish_reason"] = numbers.get(reason, str(reason).upper())
    return words
