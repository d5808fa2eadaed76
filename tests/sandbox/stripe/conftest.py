"""One sandbox process for the whole session, reset before each test; Stripe's part of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

ROOT = Path(__file__).parents[3]
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT_ID, PLATFORM = "ca_SandboxBackline", "sk_test_SandboxBacklinePlatform"
SIZES = {"customers": 120, "products": 24, "charges": 300, "refunds": 12, "invoices": 24}


@dataclass
class Sandbox:
    """The process under test: its control plane, and Stripe with the first account's full key."""

    url: str
    control: httpx.Client
    api: httpx.Client
    accounts: list[dict[str, Any]]

    @property
    def account(self) -> dict[str, Any]:
        return self.accounts[0]

    @property
    def account_id(self) -> str:
        return str(self.account["id"])

    def act(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.control.post(f"stripe/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def settings(self, **wishes: Any) -> None:
        self.act("settings", **wishes)

    def edit(self, verb: str, **numbers: int) -> dict[str, list[str]]:
        return self.act(f"{self.account_id}/{verb}", **numbers)

    def advance(self, seconds: float) -> None:
        self.control.post("clock", json={"advance_seconds": seconds})

    def fault(self, **wish: Any) -> None:
        answer = self.control.post("faults", json={"provider": "stripe", **wish})
        assert answer.status_code == 200, answer.text

    def truth(self, kind: str, account_id: str | None = None) -> dict[str, Any]:
        path = f"stripe/{account_id or self.account_id}/truth"
        lines = self.control.get(path, params={"kind": kind}).text.splitlines()
        return {record["id"]: record for record in map(json.loads, lines)}

    def get(self, path: str, key: str | None = None, **asked: Any) -> httpx.Response:
        return self.api.get(f"v1/{path}", params=asked, headers=bearing(key))

    def post(
        self, path: str, key: str | None = None, headers: dict[str, str] | None = None, **form: Any
    ) -> httpx.Response:
        return self.api.post(f"v1/{path}", data=form, headers=bearing(key) | (headers or {}))

    def found(self, path: str, key: str | None = None, **asked: Any) -> dict[str, Any]:
        answer = self.get(path, key, **asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def made(self, path: str, **form: Any) -> dict[str, Any]:
        answer = self.post(path, **form)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def all(self, path: str, key: str | None = None, **asked: Any) -> list[dict[str, Any]]:
        """Every record of a list, page by page, newest first."""
        records: list[dict[str, Any]] = []
        while True:
            page = self.found(path, key, **{"limit": 100, **asked})
            records += page["data"]
            if not page["has_more"]:
                return records
            asked["starting_after"] = page["data"][-1]["id"]

    def ask_consent(self, **wishes: str) -> httpx.Response:
        query = {"client_id": CLIENT_ID, "response_type": "code", "scope": "read_write", "state": "s-1"}
        return self.api.get("oauth/authorize", params=query | {"redirect_uri": CALLBACK} | wishes)

    def answer_consent(self, page: httpx.Response, decision: str = "allow") -> dict[str, str]:
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
        assert ticket is not None, page.text
        form = {"ticket": ticket[1], "account": self.account_id, "decision": decision}
        reply = self.api.post("oauth/authorize/decision", data=form)
        assert reply.status_code == 302, reply.text
        return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["Location"]).query).items()}

    def code(self, **wishes: str) -> str:
        return self.answer_consent(self.ask_consent(**wishes))["code"]

    def token(self, key: str = PLATFORM, **form: str) -> httpx.Response:
        return self.api.post("oauth/token", data=form, headers=bearing(key))

    def connect(self, scope: str = "read_write") -> dict[str, Any]:
        """Connect the first account to the platform."""
        granted = self.token(grant_type="authorization_code", code=self.code(scope=scope))
        assert granted.status_code == 200, granted.text
        return dict(granted.json())


class Inbox:
    """A listener on loopback that keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.status = 200
        self.arrived = threading.Semaphore(0)
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.got.append((self.headers["Stripe-Signature"], body))
                self.send_response(inbox.status)
                self.end_headers()
                inbox.arrived.release()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/stripe"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def wait(self, number: int) -> list[dict[str, Any]]:
        for _ in range(number):
            assert self.arrived.acquire(timeout=5), "no delivery came"
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.server.shutdown()


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
def clients(addresses: dict[str, str]) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with (
        httpx.Client(base_url=addresses["control"], timeout=30) as control,
        httpx.Client(base_url=addresses["stripe"], timeout=30) as api,
    ):
        yield control, api


@pytest.fixture
def sandbox(addresses: dict[str, str], clients: tuple[httpx.Client, httpx.Client]) -> Sandbox:
    control, api = clients
    state = control.post("reset", json={"seed": 7, "sizes": {"stripe": SIZES}}).json()
    accounts = state["stripe"]["accounts"]
    api.headers["Authorization"] = f"Bearer {accounts[0]['secret_key']}"
    return Sandbox(addresses["stripe"], control, api, accounts)


def bearing(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def error_of(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    """Status, code and parameter of a refusal in Stripe's shape."""
    error = answer.json()["error"]
    assert error["message"]
    return answer.status_code, error.get("code"), error.get("param")
