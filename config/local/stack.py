"""Which processes make up a running Backline on this machine, and in which order do they start?"""

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.local import ports, procfile, secrets, tether, variables, welcome
from config.local.errors import LaunchError
from config.local.project import Project, make_folder
from config.local.say import say
from config.local.servers import Servers
from config.local.supervisor import Show, Supervisor
from config.local.variables import Variables
from config.local.welcome import Demo

_SANDBOX = "sandbox"
_CALLBACKS = [
    f"/api/v1/integrations/oauth/callback/{provider}" for provider in ("square", "stripe", "mailchimp", "quickbooks")
]
_HEALTH = "/health/live"
_PATIENCE = 90.0  # seconds until the sandbox or the pages must answer; a cold disk is slow


@dataclass(frozen=True)
class Stack:
    """A running Backline: its supervisor, what its processes find in their environment, and its demo venue."""

    supervisor: Supervisor
    settings: Variables
    demo: Demo | None

    @property
    def url(self) -> str:
        return self.settings["PUBLIC_URL"]


@contextmanager
def started(project: Project, both: Servers, port: int, show: Show, *, demo: bool) -> Iterator[Stack]:
    """Release, seed, start every process; give control once the pages answer. At the end all of them are stopped."""
    commands = procfile.read(project.root / "Procfile")
    listener = _SandboxListener(show)
    with Supervisor(project.root, listener) as supervisor:
        settings = _settings(project, both, port)
        _release(project, procfile.arguments(commands.pop(procfile.RELEASE), settings), settings)
        venue = _seed(project, settings) if demo else None
        if demo:
            settings = _settings(project, both, port, _start_sandbox(project, supervisor, listener, settings))
        for name, command in commands.items():
            supervisor.start(name, procfile.arguments(command, settings), settings)
        supervisor.wait_for(
            lambda: 0 < _health(port) < http.HTTPStatus.INTERNAL_SERVER_ERROR, seconds=_PATIENCE, every=0.3
        )
        if (answer := _health(port)) != http.HTTPStatus.OK:
            raise LaunchError(f"The pages answer {answer or 'nothing'} at {_HEALTH}. All is stopped.")
        yield Stack(supervisor, settings, venue)


def manage(
    project: Project, settings: Variables, *arguments: str, output: tether.Output = None
) -> "subprocess.Popen[bytes]":
    """Start manage.py with these settings, at our terminal."""
    return tether.start(
        [project.python, "manage.py", *arguments],
        farewell=signal.SIGTERM,
        environment=settings,
        folder=project.root,
        output=output,
        own_session=False,
    )


def _settings(project: Project, both: Servers, port: int, sandbox_url: str = "") -> Variables:
    addresses = variables.addresses(database_url=both.database_url, redis_url=both.redis_url)
    ours = variables.local(addresses, secrets.load(project.var), port=port, sandbox_url=sandbox_url)
    return variables.surroundings(project) | ours | {"PORT": str(port)}


def _release(project: Project, command: list[str], settings: Variables) -> None:
    say("Preparing the database")
    process = tether.start(
        command, farewell=signal.SIGTERM, environment=settings, folder=project.root, own_session=False
    )
    if process.wait():
        raise LaunchError(f"`{' '.join(command)}` failed with code {process.returncode}; its words are above.")


def _seed(project: Project, settings: Variables) -> Demo:
    """Make the demo venue, or find it as it was."""
    answer, _ = manage(project, settings, "seed_demo", "--json", output=subprocess.PIPE).communicate()
    return welcome.read(answer.decode(errors="replace"))


def _start_sandbox(project: Project, supervisor: Supervisor, listener: "_SandboxListener", settings: Variables) -> str:
    """Start the providers' double and return the address that it prints."""
    command = [str(project.python), "-m", "integrations.sandbox", "--port", str(ports.any_free())]
    command += [part for path in _CALLBACKS for part in ("--redirect-uri", settings["PUBLIC_URL"] + path)]
    command += ["--remember", str(make_folder(project.var) / "sandbox.json")]  # a second start is still connected
    supervisor.start(_SANDBOX, command, settings, ends_last=True)
    if not supervisor.wait_for(lambda: bool(listener.url), seconds=_PATIENCE):
        raise LaunchError(f"The sandbox did not say its address within {_PATIENCE:.0f} s. All is stopped.")
    _paste_address(listener.url, settings["PUBLIC_URL"])
    return listener.url


def _paste_address(sandbox_url: str, public_url: str) -> None:
    """Do what an operator does in QuickBooks' portal, which takes our address by no other way."""
    connection = http.client.HTTPConnection(urlsplit(sandbox_url).netloc, timeout=10)
    try:
        body = json.dumps({"webhook_url": f"{public_url}/api/v1/integrations/webhooks/quickbooks"})
        connection.request("POST", "/_control/quickbooks/settings", body, {"Content-Type": "application/json"})
        if connection.getresponse().status != http.HTTPStatus.OK:
            raise LaunchError("The sandbox did not take the address for QuickBooks' events. All is stopped.")
    except (OSError, http.client.HTTPException) as error:
        raise LaunchError("The sandbox does not answer. All is stopped.") from error
    finally:
        connection.close()


class _SandboxListener:
    """Passes every line on, and keeps the address from the line in which the sandbox says it."""

    def __init__(self, show: Show) -> None:
        self.url = ""
        self._show = show

    def __call__(self, name: str, line: str) -> None:
        if name == _SANDBOX and line.startswith("{"):
            self.url = self.url or _address_in(line)
        self._show(name, line)


def _address_in(line: str) -> str:
    try:
        return str(json.loads(line).get("url", ""))
    except ValueError:
        return ""


def _health(port: int) -> int:
    """Return the HTTP status of the web process, 0 while it does not answer at all."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", _HEALTH)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
