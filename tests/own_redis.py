"""Gives each of several test workers a database of its own in the one Redis: none meets what another counts or flushes.

Loaded by pytest before the settings are read, and in each worker by itself.
"""

import os
from urllib.parse import urlsplit

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_MOST = 15  # Redis has sixteen databases unless it is told otherwise; the first is for whoever works alone

if _WORKER:
    given = urlsplit(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    number = int(_WORKER.removeprefix("gw")) % _MOST + 1
    os.environ["REDIS_URL"] = given._replace(path=f"/{number}").geturl()
