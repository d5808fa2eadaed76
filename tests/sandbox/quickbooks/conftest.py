"""One sandbox process for the whole session, reset before each test, and a place that takes webhooks."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[3]
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT_ID = "ABSandboxBacklineQuickBooksOnlineApplication00"
CLIENT_SECRET = "BacklineSandboxQuickBooksSecretLettersOnly"
SCOPE = "com.intuit.quickbooks.accounting"
SIZES = {"Customer": 130, "Vendor": 4, "Item": 24, "Invoice": 60, "SalesReceipt": 90, "RefundReceipt": 6,
         "CreditMemo": 4}  # fmt: skip
JSON = {"Accept": "application/json"}
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nothing here is encrypted, so no certificates need be loaded


@dataclass
class Books:
    """The process under test: its control plane, and the first company's API with its ready token."""

    url: str
    control: httpx.Client
    api: httpx.Client
    account: dict[str, Any]
    others: list[dict[str, Any]] = field(default_factory=list)

    @property
    def realm(self) -> str:
        return str(self.account["id"])

    def settings(self, **wishes: Any) -> None:
        answer = self.control.post("quickbooks/settings", json=wishes)
        assert answer.status_code == 200, answer.text

    def advance(self, seconds: float) -> None:
        self.control.post("clock", json={"advance_seconds": seconds})

    def freeze(self) -> None:
        self.control.post("clock", json={"freeze": True})

    def fault(self, **wish: Any) -> None:
        answer = self.control.post("faults", json={"provider": "quickbooks", **wish})
        assert answer.status_code == 200, answer.text

    def edit(self, verb: str, **numbers: int) -> dict[str, list[str]]:
        answer = self.control.post(f"quickbooks/{self.realm}/{verb}", json=numbers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def tokens(self, action: str) -> dict[str, Any]:
        answer = self.control.post(f"quickbooks/{self.realm}/tokens", json={"action": action})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def state(self) -> dict[str, Any]:
        return dict(self.control.get("state").json()["quickbooks"])

    def truth(self, kind: str) -> dict[str, Any]:
        lines = self.control.get(f"quickbooks/{self.realm}/truth", params={"kind": kind}).text.splitlines()
        return {record.get("Id") or record["id"]: record for record in map(json.loads, lines)}

    def ask(self, query: str) -> httpx.Response:
        return self.api.get("query", params={"query": query, "minorversion": "75"})

    def found(self, rest: str) -> list[dict[str, Any]]:
        """The records of one page; `rest` is the query behind SELECT * FROM."""
        answer = self.ask(" ".join(("SELECT * FROM", rest)))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["QueryResponse"].get(rest.split()[0], []))

    def all(self, rest: str, page: int = 1000) -> list[dict[str, Any]]:
        """The records of all pages."""
        records: list[dict[str, Any]] = []
        while found := self.found(f"{rest} STARTPOSITION {len(records) + 1} MAXRESULTS {page}"):
            records += found
        return records

    def write(self, resource: str, body: Any, **query: str) -> httpx.Response:
        return self.api.post(resource, json=body, params={"minorversion": "75", **query})

    def written(self, resource: str, body: Any, **query: str) -> dict[str, Any]:
        answer = self.write(resource, body, **query)
        assert answer.status_code == 200, answer.text
        return dict(next(value for name, value in answer.json().items() if name != "time"))

    def token_call(self, form: dict[str, str], client: tuple[str, str] = (CLIENT_ID, CLIENT_SECRET)) -> httpx.Response:
        return httpx.post(f"{self.url}/oauth2/v1/tokens/bearer", data=form, auth=client, headers=JSON, verify=PLAIN)

    def refresh(self, token: str) -> httpx.Response:
        return self.token_call({"grant_type": "refresh_token", "refresh_token": token})


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent"]
    command += ["--redirect-uri", CALLBACK]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture
def books(addresses: dict[str, str]) -> Iterator[Books]:
    with httpx.Client(base_url=addresses["control"], timeout=30, verify=PLAIN) as control:
        state = control.post("reset", json={"seed": 7, "sizes": {"quickbooks": SIZES}}).json()["quickbooks"]
        account, *others = state["accounts"]
        with api_of(addresses["quickbooks"], account["id"], account["credentials"]["access_token"]) as api:
            yield Books(addresses["quickbooks"], control, api, account, others)


def api_of(url: str, realm: str, access_token: str) -> httpx.Client:
    headers = JSON | {"Authorization": f"Bearer {access_token}"}
    return httpx.Client(base_url=f"{url}/v3/company/{realm}/", headers=headers, timeout=30, verify=PLAIN)


def fault_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, whatever its case."""
    body = answer.json()
    error = body["Fault"]["Error"][0] if "Fault" in body else body["fault"]["error"][0]
    return answer.status_code, error["code"]


def consent(books: Books, realm: str | None = None, decision: str = "allow", **changes: str) -> httpx.URL:
    """Through the consent page; the address that the browser is sent to."""
    query = {
        "client_id": CLIENT_ID, "response_type": "code", "scope": SCOPE, "redirect_uri": CALLBACK, "state": "s-1",
    } | changes  # fmt: skip
    page = httpx.get(f"{books.url}/connect/oauth2", params=query, verify=PLAIN)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None, page.text
    form = {"ticket": ticket[1], "account": realm or books.realm, "decision": decision}
    reply = httpx.post(f"{books.url}/connect/authorize/decision", data=form, verify=PLAIN)
    assert reply.status_code == 302, reply.text
    return httpx.URL(reply.headers["Location"])


@dataclass
class Inbox:
    """What came in by webhook: bodies and signatures. `status` is what is answered."""

    url: str
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)

    @property
    def last(self) -> Any:
        return json.loads(self.bodies[-1])


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            taken.signatures.append(self.headers["intuit-signature"])
            self.send_response(taken.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Inbox(f"http://127.0.0.1:{server.server_address[1]}/hooks")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield taken
    server.shutdown()
    server.server_close()
    thread.join(5)
