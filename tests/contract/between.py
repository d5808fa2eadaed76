"""Stands between us and a provider's double and changes what it answers, as no double would by itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import requests

from integrations.providers.types import JSON, ObjectType
from tests.contract.account import Account

Tamper = Callable[[list[JSON], JSON], None]
_OWN = {"content-length", "transfer-encoding", "connection", "date", "server", "content-encoding"}


def listed(body: JSON, key: str) -> list[JSON] | None:
    """Return the records of an answer, None where it is about something else."""
    found = body.get(key, (body.get("QueryResponse") or {}).get(key))
    return found if isinstance(found, list) else None


class Between:
    """Passes everything on; the lists of one stream go through `tamper`. `cuts` is how many of them break off."""

    def __init__(self, account: Account, object_type: ObjectType, tamper: Tamper, cuts: int) -> None:
        self.upstream, self._tamper, self.cuts = account.sandbox.url, tamper, cuts
        self._list = f"/{account.stage.key}{account.path(object_type)}"
        self._key = account.stage.streams[object_type].key
        self._one_at_a_time = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def changed(self, path: str, answer: requests.Response) -> bytes:
        """Return what to answer instead."""
        if path.partition("?")[0] != self._list or not answer.ok:
            return answer.content
        body = orjson.loads(answer.content)
        records = listed(body, self._key)
        if records is None:
            return answer.content
        with self._one_at_a_time:
            self._tamper(records, body)
        return orjson.dumps(body)

    def is_cut(self, path: str) -> bool:
        """Return whether this answer breaks off in the middle."""
        with self._one_at_a_time:
            if self.cuts and path.partition("?")[0] == self._list:
                self.cuts -= 1
                return True
        return False


@contextmanager
def between(
    account: Account, object_type: ObjectType, settings: Any, tamper: Tamper = lambda records, body: None, *,
    cuts: int = 0,
) -> Iterator[Between]:  # fmt: skip
    """Lead all calls to the double through one that changes the lists of a stream."""
    server = Between(account, object_type, tamper, cuts)
    settings.SANDBOX_URL = server.url
    try:
        yield server
    finally:
        settings.SANDBOX_URL = server.upstream
        server.close()


def _handler(between: Between) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = requests.request(
                self.command,
                between.upstream + self.path,
                data=sent,
                headers=headers,
                allow_redirects=False,
                timeout=60,
            )
            body = between.changed(self.path, answer)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _OWN:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if between.is_cut(self.path):
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            else:
                self.wfile.write(body)

        do_GET = do_POST = _pass_on

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
