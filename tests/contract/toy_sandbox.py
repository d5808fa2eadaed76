"""The sandbox with the toy's double behind its door, in a thread of the tests."""

import asyncio
import threading

import requests
from aiohttp import web

from integrations.sandbox.clock import VirtualClock
from integrations.sandbox.control import Control
from integrations.sandbox.door import Door
from integrations.sandbox.faults import Faults
from integrations.sandbox.log import RequestLog
from tests.contract.toy_double import ToyDesk
from tests.provider_sandbox import Sandbox


class ToySandbox(Sandbox):
    """The sandbox as tests see it, with the toy behind its door."""

    def __init__(self) -> None:
        self._http = requests.Session()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="toy-double", daemon=True).start()
        self.url = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    def stop(self) -> None:
        """End the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _end(self) -> None:
        await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # answers that nobody waits for any more
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self) -> str:
        clock, faults, log, app = VirtualClock(), Faults(), RequestLog(), web.Application()
        desk = ToyDesk(clock)
        door = Door(desk, prefix="/toy", clock=clock, faults=faults, log=log)
        control = Control(clock=clock, faults=faults, log=log, providers={"toy": desk})
        app.router.add_route("*", "/toy/{path:.*}", door.handle)
        app.router.add_route("*", "/_control/{path:.*}", control.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"
