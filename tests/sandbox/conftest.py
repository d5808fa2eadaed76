"""One sandbox process for the whole session, reset before each test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT = {"client_id": "sandbox-sq0idb-backline", "client_secret": "sandbox-sq0csb-backline-secret"}


@dataclass
class Sandbox:
    """The process under test: its control plane, and Square with the first seller's personal token."""

    square_url: str
    control: httpx.Client
    square: httpx.Client
    merchant: dict[str, Any]
    url: str

    @property
    def merchant_id(self) -> str:
        return str(self.merchant["id"])

    @property
    def location_ids(self) -> list[str]:
        return [place["id"] for place in self.merchant["locations"]]

    def bearing(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def settings(self, **wishes: Any) -> None:
        assert self.control.post("square/settings", json=wishes).status_code == 200

    def advance(self, seconds: float) -> None:
        self.control.post("clock", json={"advance_seconds": seconds})

    def fault(self, **wish: Any) -> None:
        answer = self.control.post("faults", json={"provider": "square", **wish})
        assert answer.status_code == 200, answer.text

    def edit(self, verb: str, **numbers: int) -> dict[str, list[str]]:
        answer = self.control.post(f"square/{self.merchant_id}/{verb}", json=numbers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def truth(self, kind: str) -> dict[str, Any]:
        lines = self.control.get(f"square/{self.merchant_id}/truth", params={"kind": kind}).text.splitlines()
        return {record["id"]: record for record in map(json.loads, lines)}

    def pages(self, method: str, path: str, key: str, **asked: Any) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list or search, empty ones too."""
        while True:
            in_query = method == "GET"
            answer = self.square.request(
                method, path, params=asked if in_query else None, json=None if in_query else asked
            )
            assert answer.status_code == 200, answer.text
            yield answer.json().get(key, [])
            if "cursor" not in answer.json():
                return
            asked = asked | {"cursor": answer.json()["cursor"]}

    def all(self, method: str, path: str, key: str, **asked: Any) -> list[dict[str, Any]]:
        return [record for page in self.pages(method, path, key, **asked) for record in page]


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
def sandbox(addresses: dict[str, str]) -> Iterator[Sandbox]:
    with (
        httpx.Client(base_url=addresses["control"], timeout=30) as control,
        httpx.Client(base_url=addresses["square"], timeout=30) as square,
    ):
        sizes = {"customers": 250, "products": 40, "orders": 600, "refunds": 20, "payout_days": 30}
        state = control.post("reset", json={"seed": 7, "sizes": {"square": sizes}}).json()
        merchant = state["square"]["merchants"][0]
        square.headers["Authorization"] = f"Bearer {merchant['personal_token']}"
        yield Sandbox(addresses["square"], control, square, merchant, addresses["url"])


def error_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and field of a refusal in Square's shape."""
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error.get("field")
