"""The sandbox as one process: reads its arguments, listens on loopback, says where, and ends cleanly."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path

import orjson
from aiohttp import web

from integrations.sandbox.clock import VirtualClock
from integrations.sandbox.control import Control, ProviderControl
from integrations.sandbox.door import Door
from integrations.sandbox.doubles import Open, Opening
from integrations.sandbox.faults import Faults
from integrations.sandbox.log import RequestLog
from integrations.sandbox.mailchimp.opening import open_mailchimp
from integrations.sandbox.postman import Postman
from integrations.sandbox.quickbooks.opening import open_quickbooks
from integrations.sandbox.square.opening import open_square
from integrations.sandbox.stripe.opening import open_stripe

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 32 * 1024 * 1024
DOUBLES: dict[str, Open] = {
    "square": open_square, "stripe": open_stripe, "mailchimp": open_mailchimp, "quickbooks": open_quickbooks,
}  # fmt: skip


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
    """The application: each provider behind its door, and the control plane. ValueError for a wish without sense."""
    clock, faults, log = VirtualClock(), Faults(), RequestLog()
    sizes, apps = _sizes(options.size), _apps(options.app)
    clock.freeze(True)
    clock.set(_began(options.remember, clock.now()))  # the past of the accounts ends where it did at the first start
    app = web.Application(client_max_size=MOST_BYTES)
    controls: dict[str, ProviderControl] = {}
    postmen: dict[str, Postman] = {}
    for name, open_double in DOUBLES.items():
        client_id, client_secret = apps.get(name, ("", ""))
        opening = Opening(
            clock, seed=options.seed, sizes=sizes.get(name, {}), redirect_uris=tuple(options.redirect_uri),
            client_id=client_id, client_secret=client_secret, remember=_file_of(options.remember, name),
        )  # fmt: skip
        try:
            desk, controls[name], postmen[name] = open_double(opening)
        except TypeError as problem:
            raise ValueError(f"{name} has no such size: {problem}") from problem
        door = Door(desk, prefix=f"/{name}", clock=clock, faults=faults, log=log)
        app.router.add_route("*", f"/{name}/{{path:.*}}", door.handle)
    clock.back_to_real()
    control = Control(clock=clock, faults=faults, log=log, providers=controls, postmen=postmen)
    app.router.add_route("*", "/_control/{path:.*}", control.handle)

    async def close(app: web.Application) -> None:
        for postman in postmen.values():
            await postman.close()

    app.on_cleanup.append(close)
    return app


def _sizes(wishes: list[str]) -> dict[str, dict[str, int]]:
    """The sizes by provider out of wishes such as `square.customers=5000`."""
    found: dict[str, dict[str, int]] = {name: {} for name in DOUBLES}
    for wish in wishes:
        name, _, number = wish.partition("=")
        provider, _, kind = name.partition(".")
        if provider not in found or not kind or not number.isdigit():
            raise ValueError(f"--size is written provider.kind=number, not {wish!r}")
        found[provider][kind] = int(number)
    return found


def _apps(wishes: list[str]) -> dict[str, tuple[str, str]]:
    """Client id and secret by provider out of wishes such as `square=id:secret`."""
    found = {}
    for wish in wishes:
        provider, _, identity = wish.partition("=")
        client_id, _, client_secret = identity.partition(":")
        if provider not in DOUBLES or not client_secret:
            raise ValueError(f"--app is written provider=id:secret, and {provider!r} did not fit")
        found[provider] = (client_id, client_secret)
    return found


def _began(remember: Path | None, now: int) -> int:
    """When the sandbox that this file remembers was first started; now where there is none, which is then kept."""
    if remember is None:
        return now
    if not remember.exists():
        remember.write_bytes(orjson.dumps({"began": now}))
    return int(orjson.loads(remember.read_bytes())["began"])


def _file_of(remember: Path | None, provider: str) -> Path | None:
    return remember and remember.with_name(f"{remember.stem}-{provider}{remember.suffix}")


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
    return {"url": url, "control": f"{url}/_control"} | {name: f"{url}/{name}" for name in DOUBLES}


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
    parser.add_argument("--size", action="append", default=[], metavar="PROVIDER.KIND=NUMBER", help="of first accounts")
    parser.add_argument("--redirect-uri", action="append", default=[], help="may be given several times")
    parser.add_argument("--app", action="append", default=[], metavar="PROVIDER=ID:SECRET", help="our application")
    parser.add_argument("--remember", type=Path, metavar="FILE", help="keep when it began, and beside it the tokens")
    parser.add_argument("--parent-pid-watch", action="store_true", help="stop when the parent process is gone")
    parser.add_argument("--die-with-parent", action="store_true", help="the same, by the kernel (Linux)")
    return parser.parse_args(argv)
