"""What a perfect reader should know of a company now, lag or not."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from aiohttp import web

from integrations.sandbox.control import Unclear
from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company

_CHUNK = 500


async def send_truth(request: web.Request, company: Company) -> web.StreamResponse:
    """One kind, a record a line."""
    kind = request.query.get("kind", "")
    if kind not in company.shelves:
        raise Unclear(f"kind must be one of {', '.join(company.shelves)}.")
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    chunk: list[bytes] = []
    for document in _perfect(company, kind):
        chunk.append(orjson.dumps(document) + b"\n")
        if len(chunk) == _CHUNK:
            await response.write(b"".join(chunk))
            chunk.clear()
    await response.write(b"".join(chunk))
    return response


def _perfect(company: Company, kind: str) -> Iterator[Document]:
    for entry in company.shelves[kind].everything():
        yield {"id": entry.document["Id"], "is_deleted": True} if entry.is_deleted else entry.document
