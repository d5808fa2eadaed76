"""One sandbox process for the whole session, reset before each test, and a receiver for what it delivers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.deliveries.providers import HOOKS, Hooked
from tests.sandbox.deliveries.receiver import Receiver

ROOT = Path(__file__).parents[3]
SIZES = {
    "square": {"customers": 200, "products": 20, "orders": 20, "refunds": 2, "payout_days": 2},
    "stripe": {"customers": 200, "products": 8, "charges": 20, "refunds": 2, "invoices": 2},
    "mailchimp": {"members": 300, "press": 4},
    "quickbooks": {"Customer": 200, "Vendor": 2, "Item": 8, "Invoice": 4, "SalesReceipt": 4, "RefundReceipt": 2},
}
Hook = Callable[[str], Hooked]


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture(scope="session")
def steering(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/_control", timeout=60) as control:
        yield control


@pytest.fixture
def control(steering: httpx.Client) -> httpx.Client:
    """Everything anew, with a clock that stands still."""
    steering.post("reset", json={"seed": 7, "sizes": SIZES})
    steering.post("clock", json={"freeze": True})
    return steering


@pytest.fixture
def state(control: httpx.Client) -> dict[str, Any]:
    return dict(control.get("state").json())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def hook(control: httpx.Client, url: str, state: dict[str, Any], receiver: Receiver) -> Hook:
    """Let the receiver be told of what changes at a provider."""
    return lambda name: HOOKS[name](control, url, state, receiver)


@pytest.fixture(params=list(HOOKS))
def hooked(request: pytest.FixtureRequest, hook: Hook) -> Hooked:
    """Each of the four providers in turn."""
    return hook(request.param)
