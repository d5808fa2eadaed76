"""Starts localstripe on loopback, on a free port that it prints, with nothing written to disk. Never imported.

localstripe is GPL: it runs as a process of its own, and nothing of Backline's is in it. Only where it listens and where
it keeps its state are changed; whatever it answers is its own.
"""

import asyncio
import ctypes
import signal
import sys

from aiohttp import web
from localstripe import resources, server


async def main() -> None:
    """Serve until this process is ended."""
    resources.Store.dump_to_disk = lambda self: None
    runner = web.AppRunner(server.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # 1 is PR_SET_PDEATHSIG: the kernel ends us with our parent
asyncio.run(main())
