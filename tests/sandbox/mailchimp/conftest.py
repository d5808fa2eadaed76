"""One sandbox process for the whole session, reset before each test, and a listener for its webhooks."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

ROOT = Path(__file__).parents[3]
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT = {"client_id": "418612345678", "client_secret": "5a1db0c4e7f2963847bd0e6f1c2a9b83d4e5f60718293a4b"}


@dataclass
class Sandbox:
    """The process under test: its control plane, the first account's API with that account's key, and a stranger."""

    url: str
    control: httpx.Client
    api: httpx.Client
    stranger: httpx.Client
    account: dict[str, Any]
    other: dict[str, Any]

    @property
    def list_id(self) -> str:
        return str(self.account["lists"][0]["id"])

    @property
    def members_path(self) -> str:
        return f"lists/{self.list_id}/members"

    def member_path(self, address: str) -> str:
        return f"{self.members_path}/{address}"

    def settings(self, **wishes: Any) -> None:
        assert self.control.post("mailchimp/settings", json=wishes).status_code == 200

    def advance(self, seconds: float) -> None:
        self.control.post("clock", json={"advance_seconds": seconds})

    def fault(self, **wish: Any) -> None:
        answer = self.control.post("faults", json={"provider": "mailchimp", **wish})
        assert answer.status_code == 200, answer.text

    def act(self, name: str, **body: Any) -> dict[str, Any]:
        answer = self.control.post(f"mailchimp/{self.account['id']}/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def truth(self, kind: str = "members", list_id: str | None = None) -> list[dict[str, Any]]:
        asked = {"kind": kind, "list": list_id or self.list_id}
        lines = self.control.get(f"mailchimp/{self.account['id']}/truth", params=asked).text.splitlines()
        return [json.loads(line) for line in lines]

    def page(self, **asked: Any) -> dict[str, Any]:
        answer = self.api.get(self.members_path, params=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def all(self, **asked: Any) -> list[dict[str, Any]]:
        """Every member of a list, page after page, until as many have come as there are."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.page(**asked, offset=len(found))
            found += page["members"]
            if not page["members"] or len(found) >= page["total_items"]:
                return found

    def somebody(self, status: str = "subscribed") -> dict[str, Any]:
        return dict(self.page(status=status, count=1)["members"][0])

    def add(self, email: str, **wishes: Any) -> dict[str, Any]:
        body = {"email_address": email, "status": "subscribed", **wishes}
        answer = self.api.post(self.members_path, json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent"]
    command += ["--redirect-uri", CALLBACK]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture(scope="session")
def clients(addresses: dict[str, str]) -> Iterator[list[httpx.Client]]:
    control, base = addresses["control"], f"{addresses['mailchimp']}/us6/3.0"
    with (
        httpx.Client(base_url=control, timeout=30) as steering,
        httpx.Client(base_url=base, timeout=30) as api,
        httpx.Client(timeout=30) as stranger,
    ):
        yield [steering, api, stranger]


@pytest.fixture
def sandbox(addresses: dict[str, str], clients: list[httpx.Client]) -> Sandbox:
    control, api, stranger = clients
    sizes = {"members": 600, "press": 20}
    state = control.post("reset", json={"seed": 7, "sizes": {"mailchimp": sizes}}).json()
    account, other = state["mailchimp"]["accounts"]
    api.auth = ("anybody", account["api_key"])
    return Sandbox(addresses["mailchimp"], control, api, stranger, account, other)


class Inbox:
    """A listener on loopback that answers GET with a status of its choice and keeps what is posted to it."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, bytes]] = []
        self.get_status = 200
        self.arrived = threading.Semaphore(0)
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(inbox.get_status)
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.got.append((self.headers["X-Mailchimp-Signature"], body))
                self.send_response(200)
                self.end_headers()
                inbox.arrived.release()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/mailchimp"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def wait(self, number: int) -> list[dict[str, str]]:
        """The forms of so many more posts, and of all before them."""
        for _ in range(number):
            assert self.arrived.acquire(timeout=5), "no delivery came"
        return [dict(parse_qsl(body.decode(), keep_blank_values=True)) for _, body in self.got]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.server.shutdown()


def hash_of(email: str) -> str:
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and title of a refusal, whose form is checked on the way."""
    problem = answer.json()
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["title"]


def wrong_fields(answer: httpx.Response) -> list[str]:
    assert refusal(answer) == (400, "Invalid Resource")
    return sorted(error["field"] for error in answer.json()["errors"])
