"""How a webhook leaves the sandbox: one POST over connections that stay open, and to this machine only."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp

from integrations.sandbox.mail import Answer, Envelope

LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
FAR = "the sandbox only calls addresses of this machine"
_KEPT = 1.5  # seconds that an idle connection is kept; less than the servers of this world keep theirs


def is_near(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


class Wire:
    """A pool of connections. It opens with the first call, so that it may be made before there is an event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(self, envelope: Envelope, *, patience: float) -> Answer:
        """Send it and wait so many real seconds for an answer. Redirects are not followed."""
        if not is_near(envelope.url):
            return Answer(None, FAR)
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with self._open().post(
                envelope.url, data=envelope.body, headers=envelope.headers, timeout=limit, allow_redirects=False
            ) as answer:
                return Answer(answer.status)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, type(error).__name__)

    async def answers(self, url: str, *, patience: float) -> bool:
        """Whether a GET of the address is answered with 200."""
        if not is_near(url):
            return False
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with self._open().get(url, timeout=limit, allow_redirects=False) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError, ValueError):
            return False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session
