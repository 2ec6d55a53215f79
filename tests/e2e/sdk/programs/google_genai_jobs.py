"""google-genai on the Developer API, beyond single calls: files, batches, caches, interactions."""

import asyncio
import hashlib
import io
import json
from typing import Any

from google import genai
from google.genai import types
from transcript import JOB, MODEL, QUESTION, STORY, play

# More than one chunk of 8 MiB.
LARGE = b"weighed " * (9 * 131_072)


def _client() -> genai.Client:
    return genai.Client(
        api_key=JOB["google_key"],
        http_options=types.HttpOptions(base_url=JOB["base_url"], headers=JOB["headers"]),
    )


_CLIENT = _client()


def _request(text: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def _files() -> Any:
    """Uploads in two chunks, asks about it with a question, lists it, deletes it."""
    config = types.UploadFileConfig(mime_type="application/pdf", display_name="waybill.pdf")
    file = _CLIENT.files.upload(file=io.BytesIO(LARGE), config=config)
    seen = _CLIENT.files.get(name=file.name)
    answer = _CLIENT.models.generate_content(model=MODEL, contents=[file, QUESTION])
    listed = [each.name for each in _CLIENT.files.list()]
    _CLIENT.files.delete(name=file.name)
    return [file.model_dump(mode="json"), seen.uri, answer.text, file.name in listed]


def _files_async() -> Any:
    async def call() -> Any:
        client = _client()
        config = types.UploadFileConfig(mime_type="text/plain")
        file = await client.aio.files.upload(file=io.BytesIO(b"async"), config=config)
        await client.aio.files.delete(name=file.name)
        return file.model_dump(mode="json")

    return asyncio.run(call())


def _batch_inline() -> Any:
    requests = [_request(QUESTION), _request(STORY)]
    job = _CLIENT.batches.create(model=MODEL, src=requests)
    done = _CLIENT.batches.get(name=job.name)
    again = _CLIENT.batches.get(name=job.name)
    texts = [each.response.text for each in done.dest.inlined_responses]
    return [job.name, done.state, texts, again == done]


def _batch_file() -> Any:
    lines = "".join(
        json.dumps({"key": key, "request": _request(text)}) + "\n"
        for key, text in (("a", QUESTION), ("b", STORY))
    )
    config = types.UploadFileConfig(mime_type="application/jsonl")
    file = _CLIENT.files.upload(file=io.BytesIO(lines.encode()), config=config)
    job = _CLIENT.batches.create(model=MODEL, src=file.name)
    done = _CLIENT.batches.get(name=job.name)
    data = _CLIENT.files.download(file=done.dest.file_name)
    return [done.dest.file_name, hashlib.sha256(data).hexdigest()]


def _batch_embeddings() -> Any:
    source = types.EmbeddingsBatchJobSource(
        inlined_requests=types.EmbedContentBatch(
            contents=[QUESTION, STORY], config=types.EmbedContentConfig(output_dimensionality=8)
        )
    )
    job = _CLIENT.batches.create_embeddings(model="gemini-embedding-2", src=source)
    done = _CLIENT.batches.get(name=job.name)
    return [job.name, len(done.dest.inlined_embed_content_responses)]


def _batch_ended() -> Any:
    job = _CLIENT.batches.create(model=MODEL, src=[_request("a batch that nobody waits for")])
    _CLIENT.batches.cancel(name=job.name)
    states = [each.state for each in _CLIENT.batches.list() if each.name == job.name]
    _CLIENT.batches.delete(name=job.name)
    return states


def _caches() -> Any:
    made = _CLIENT.caches.create(
        model=MODEL, config=types.CreateCachedContentConfig(contents=STORY * 400, ttl="600s")
    )
    config = types.GenerateContentConfig(cached_content=made.name)
    used = _CLIENT.models.generate_content(model=MODEL, contents=QUESTION, config=config)
    later = types.UpdateCachedContentConfig(ttl="7200s")
    moved = _CLIENT.caches.update(name=made.name, config=later)
    _CLIENT.caches.delete(name=made.name)
    return [made.name, used.usage_metadata.cached_content_token_count, moved.expire_time]


def _interactions() -> Any:
    made = _CLIENT.interactions.create(model=MODEL, input=QUESTION)
    seen = _CLIENT.interactions.get(made.id)
    return [made.output_text, made.usage.model_dump(mode="json"), seen.status]


def _interactions_stream() -> Any:
    stream = _CLIENT.interactions.create(model=MODEL, input=STORY, stream=True)
    return [event.event_type for event in stream]


def _interactions_background() -> Any:
    begun = _CLIENT.interactions.create(model=MODEL, input="later", background=True)
    done = _CLIENT.interactions.get(begun.id)
    return [begun.status, done.status, done.usage.total_tokens]


def _stores() -> Any:
    store = _CLIENT.file_search_stores.create(config={"display_name": "law"})
    operation = _CLIENT.file_search_stores.upload_to_file_search_store(
        file_search_store_name=store.name,
        file=io.BytesIO(b"the law of weights"),
        config={"mime_type": "text/plain"},
    )
    done = _CLIENT.operations.get(operation)
    _CLIENT.file_search_stores.delete(name=store.name, config={"force": True})
    return [store.name, done.done]


play(
    {
        "files": _files,
        "files_async": _files_async,
        "batch_inline": _batch_inline,
        "batch_file": _batch_file,
        "batch_embeddings": _batch_embeddings,
        "batch_ended": _batch_ended,
        "caches": _caches,
        "interactions": _interactions,
        "interactions_stream": _interactions_stream,
        "interactions_background": _interactions_background,
        "stores": _stores,
    }
)
