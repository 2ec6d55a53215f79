"""langchain-google-genai: invoke, stream, tools and embeddings by `base_url`."""

from typing import Any

from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from transcript import EMBEDDING_MODEL, JOB, MODEL, QUESTION, STORY, play


def _chat_model(**extra: Any) -> ChatGoogleGenerativeAI:
    return ChatGoogleGenerativeAI(
        model=MODEL,
        google_api_key=JOB["google_key"],
        base_url=JOB["base_url"],
        max_retries=1,
        **extra,
    )


def _ours() -> ChatGoogleGenerativeAI:
    return _chat_model(additional_headers=JOB["headers"])


def _invoke() -> Any:
    answer = _ours().invoke(QUESTION)
    return {"content": answer.content, "usage": answer.usage_metadata}


def _stream() -> Any:
    chunks = list(_ours().stream(STORY))
    return {
        "chunks": [chunk.content for chunk in chunks],
        "usage": [chunk.usage_metadata for chunk in chunks],
    }


def _conversation() -> Any:
    turns = [("system", "Answer briefly."), ("human", QUESTION)]
    return _ours().invoke(turns).content


def _embed() -> Any:
    embeddings = GoogleGenerativeAIEmbeddings(
        model=f"models/{EMBEDDING_MODEL}",
        google_api_key=JOB["google_key"],
        base_url=JOB["base_url"],
        additional_headers=JOB["headers"],
    )
    return embeddings.embed_documents([QUESTION, STORY])


def _bare() -> Any:
    return _chat_model().invoke(QUESTION).content


play(
    {
        "invoke": _invoke,
        "stream": _stream,
        "conversation": _conversation,
        "embed": _embed,
        "bare": _bare,
    }
)
