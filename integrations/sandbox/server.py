"""The sandbox as one process: reads its arguments, listens on loopback, says where, and ends cleanly."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from aiohttp import web

from integrations.sandbox.clock import VirtualClock
from integrations.sandbox.control import Control
from integrations.sandbox.door import Door
from integrations.sandbox.faults import Faults
from integrations.sandbox.log import RequestLog
from integrations.sandbox.square.control import SquareControl
from integrations.sandbox.square.desk import SquareDesk
from integrations.sandbox.square.double import Application, SquareDouble
from integrations.sandbox.square.merchants import Sizes

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 32 * 1024 * 1024


def main(argv: list[str] | None = None) -> int:
    """Run until told to stop. Returns 0 after a clean end, 2 when the address or the sizes make no sense."""
    options = _options(argv)
    if options.host not in LOOPBACK:
        print(f"The sandbox listens on loopback only, not on {options.host}.", file=sys.stderr)
        return 2
    if options.die_with_parent:
        _die_with_parent()
    try:
        app = build(options)
    except ValueError as problem:
        print(f"The sandbox cannot start: {problem}.", file=sys.stderr)
        return 2
    asyncio.run(_serve(app, options))
    return 0


def build(options: argparse.Namespace) -> web.Application:
    """The application: each provider behind its door, and the control plane."""
    clock, faults, log = VirtualClock(), Faults(), RequestLog()
    wanted = {name: getattr(options, name) for name in asdict(Sizes())}
    sizes = replace(Sizes(), **{name: size for name, size in wanted.items() if size is not None})
    application = Application(options.square_client_id, options.square_client_secret)
    square = SquareDouble(clock, application, seed=options.seed, sizes=sizes)
    square.redirect_uris = list(options.redirect_uri)
    if options.remember:
        square.grants.remember_in(options.remember)
    app = web.Application(client_max_size=MOST_BYTES)
    door = Door(SquareDesk(square), prefix="/square", clock=clock, faults=faults, log=log)
    app.router.add_route("*", "/square/{path:.*}", door.handle)
    control = Control(clock=clock, faults=faults, log=log, providers={"square": SquareControl(square)})
    app.router.add_route("*", "/_control/{path:.*}", control.handle)
    return app


async def _serve(app: web.Application, options: argparse.Namespace) -> None:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port)
    await site.start()
    print(orjson.dumps(_addresses(runner, options.host)).decode(), flush=True)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    watcher = asyncio.create_task(_watch_parent(stopped)) if options.parent_pid_watch else None
    await stopped.wait()
    if watcher is not None:
        watcher.cancel()
    await runner.cleanup()


def _addresses(runner: web.AppRunner, host: str) -> dict[str, str]:
    port = runner.addresses[0][1]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return {"url": url, "square": f"{url}/square", "control": f"{url}/_control"}


async def _watch_parent(stopped: asyncio.Event) -> None:
    """Stop when the process that started us is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    stopped.set()


def _die_with_parent() -> None:
    """On Linux the kernel ends us with our parent; elsewhere this does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # 1 is PR_SET_PDEATHSIG


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8420, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=7)
    for name, size in asdict(Sizes()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, help=f"of the first seller; {size} if not given")
    parser.add_argument("--redirect-uri", action="append", default=[], help="may be given several times")
    parser.add_argument("--square-client-id", default="sandbox-sq0idb-backline")
    parser.add_argument("--square-client-secret", default="sandbox-sq0csb-backline-secret")
    parser.add_argument("--remember", type=Path, metavar="FILE", help="keep the tokens it gives in this file")
    parser.add_argument("--parent-pid-watch", action="store_true", help="stop when the parent process is gone")
    parser.add_argument("--die-with-parent", action="store_true", help="the same, by the kernel (Linux)")
    return parser.parse_args(argv)
