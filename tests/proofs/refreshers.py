"""A process of many askers who all want new access at the same moment. Run by `test_readers` on the test's database.

    python -m tests.proofs.refreshers CONNECTION ASKERS [crash]

It prints "ready", waits for a line, and prints one line of JSON: the access tokens that its askers got. With `crash`
the process ends itself, as by kill -9, between the provider's answer and our commit.
"""

import json
import os
import signal
import sys
import threading
from typing import Any


def main(connection_id: str, askers: int, crash: bool) -> None:
    """Ask from so many threads at once."""
    import django

    django.setup()
    from django.db import connections as database_connections

    from connections import credentials, tokens
    from connections.models import OAuthToken

    row = OAuthToken.objects.select_related("connection").get(connection_id=connection_id)
    if crash:
        tokens._ask_twice = _end_after(tokens._ask_twice)
    got: list[str] = []
    start = threading.Barrier(askers + 1)

    def ask() -> None:
        start.wait()
        try:
            got.append(credentials.open_secret(tokens.refresh(row), "access_token").reveal())
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(askers)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    start.wait()
    for thread in threads:
        thread.join()
    print(json.dumps(got), flush=True)


def _end_after(act: Any) -> Any:
    """Return `act` that is followed by the death of the process."""

    def run(*given: Any) -> None:
        act(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    return run


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main(sys.argv[1], int(sys.argv[2]), "crash" in sys.argv[3:])
