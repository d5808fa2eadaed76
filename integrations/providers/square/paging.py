"""How a search is followed to its last page: pages may be empty in the middle, only a missing cursor ends them."""

from collections.abc import Iterator

from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.types import JSON


def answers(api: ApiSession, path: str, body: JSON) -> Iterator[JSON]:
    """Yield the answers to a search, page by page. Raises Transient for a cursor that leads back to itself."""
    cursor = None
    while True:
        answer: JSON = api.post(path, body | ({"cursor": cursor} if cursor else {}), repeatable=True).body
        yield answer
        if not answer.get("cursor"):
            return
        if answer["cursor"] == cursor:
            raise Transient("Square gave the same page cursor twice.", code="cursor_loop")
        cursor = answer["cursor"]
