"""The provider sandbox as tests see it: a process on loopback, steered over its control plane."""

import subprocess
import sys
from typing import Any

import orjson
import requests


class Sandbox:
    """A running sandbox. Every method is one call to its control plane."""

    def __init__(self, *arguments: str) -> None:
        """Start it on a free port; `arguments` as on its command line."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent", *arguments],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        started = orjson.loads(self.process.stdout.readline())
        self.url: str = started["url"]
        self._http = requests.Session()

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(timeout=10)

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Return the control plane's answer. Raises for a refusal, with its sentence."""
        answer = self._http.request(method, f"{self.url}/_control{path}", json=body, params=params, timeout=60)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return orjson.loads(answer.content) if answer.content else {}

    def merchant(self, name: str = "The Lantern Room", **sizes: int) -> dict[str, Any]:
        """Return a new Square seller with data of these sizes: its id and its personal token."""
        made = self.ask("POST", "/square/merchants", {"name": name, **({"sizes": sizes} if sizes else {})})
        sellers = self.ask("GET", "/state")["square"]["merchants"]
        return next(each for each in sellers if each["id"] == made["merchant_id"])

    def truth(self, merchant_id: str, kind: str) -> dict[str, dict[str, Any]]:
        """Return by id what a perfect reader should know now."""
        answer = self._http.get(f"{self.url}/_control/square/{merchant_id}/truth", params={"kind": kind}, timeout=300)
        return {each["id"]: each for each in map(orjson.loads, answer.content.splitlines())}

    def documents(self, provider: str, account_id: str, kind: str) -> list[dict[str, Any]]:
        """Return what an account holds of a kind now."""
        url = f"{self.url}/_control/{provider}/{account_id}/truth"
        lines = self._http.get(url, params={"kind": kind}, timeout=300).content.splitlines()
        return [each for each in map(orjson.loads, lines) if not each.get("is_deleted")]

    def calls(self) -> int:
        """Return how many calls were made since the log was cleared."""
        total: int = self.ask("GET", "/log/counts")["total"]
        return total

    def clear_log(self) -> None:
        """Forget the calls so far."""
        self.ask("DELETE", "/log")
