"""What the sandbox keeps from one start to the next."""

import time
from pathlib import Path

import orjson

from tests.provider_sandbox import Sandbox

_DAY = 86_400_000


def test_a_start_on_another_day_has_the_same_past(tmp_path: Path) -> None:
    file, began = tmp_path / "sandbox.json", time.time_ns() // 1_000_000 - 2 * _DAY
    file.write_bytes(orjson.dumps({"began": began}))
    found = []
    for _ in range(2):
        sandbox = Sandbox("--remember", str(file), "--size", "square.customers=50")
        seller = sandbox.ask("GET", "/state")["square"]["merchants"][0]["id"]
        past = sandbox.truth(seller, "customers").values()
        found.append({each["id"]: (each["created_at"], each.get("email_address")) for each in past})
        sandbox.stop()
    assert found[0] == found[1]
    earlier = time.strftime("%Y-%m-%d", time.gmtime(began / 1000))
    assert max(created for created, _ in found[0].values())[:10] <= earlier


def test_the_first_start_keeps_when_it_was(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    before = time.time_ns() // 1_000_000
    Sandbox("--remember", str(file)).stop()
    assert before <= orjson.loads(file.read_bytes())["began"] <= time.time_ns() // 1_000_000
