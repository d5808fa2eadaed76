"""What can be asked of `./backline`?"""

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from config.local import announcement, environment, judging, running, secrets, servers, stack, tether, variables
from config.local.errors import LaunchError
from config.local.project import Project
from config.local.say import say

_PASSED_ON = {"test", "manage"}  # what follows belongs to pytest and to manage.py
_DEFAULT = "run"
_PORT = 8000
_EPILOG = """\
commands:
  run [--port 8000] [--no-demo]   start everything, print the address and the logins (the default)
  demo --headless                 connect and sync the demo venue once without a browser, print the result, stop
  test [pytest arguments]         lint, types, layers, migrations, deploy check, then pytest
  prove stands                    run the proofs of a step and print one line for each point
  chaos [--seed 1]                ten thousand events while everything is killed in turn; prints what it came to
  manage COMMAND ...              run manage.py with the settings of this machine
  servers [--instance NAME]       start only PostgreSQL and Valkey, print their addresses, stay until Ctrl-C
  shell-env [--instance NAME]     print the settings of this machine as exports, for servers that run already

DATABASE_URL and REDIS_URL, when set, are used instead of servers of its own.
What it makes for itself lies in .venv/ and var/. More: docs/how-to/run.md
"""


def main(root: Path, arguments: Sequence[str]) -> int:
    """Do what was asked and return the exit code; what goes wrong is said in a sentence."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _leave)
    try:
        return _dispatch(Project(root), list(arguments))
    except LaunchError as error:
        print(f"backline: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _leave(number: int, frame: FrameType | None) -> None:
    """Turn a signal into an ordinary end, so that everything started is stopped on the way out."""
    raise SystemExit(128 + number)


def _dispatch(project: Project, arguments: list[str]) -> int:
    if arguments and arguments[0] in _PASSED_ON and arguments[1:] not in (["-h"], ["--help"]):
        command, rest = arguments[0], arguments[1:]
        return _test(project, rest) if command == "test" else _manage(project, rest)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help"}):
        arguments = [_DEFAULT, *arguments]
    asked = _parser().parse_args(arguments)
    action: Callable[[Project, argparse.Namespace], int] = asked.action
    return action(project, asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./backline",
        description="Run Backline on this machine.",
        usage="./backline [command]",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="", help=argparse.SUPPRESS)

    def command(name: str, action: Callable[[Project, argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, description=about, help=argparse.SUPPRESS)
        made.set_defaults(action=action)
        return made

    run = command("run", _run, "Start everything; Ctrl-C stops it.")
    run.add_argument("--port", type=int, default=_PORT, help="the port of the pages (the next free one if it is taken)")
    run.add_argument("--no-demo", action="store_true", help="no demo venue and no sandbox")
    demo = command("demo", _demo, "Connect and sync the demo venue once, then stop.")
    demo.add_argument("--headless", action="store_true", required=True, help="without a browser")
    chaos = command("chaos", _chaos, "Take in ten thousand events while everything is killed in turn.")
    chaos.add_argument("--seed", type=int, default=1, help="what chance goes by")
    prove = command("prove", _prove, "Run the proofs of a step.")
    prove.add_argument("step", help="which proofs: stands, ...")
    command(
        "test", lambda project, asked: _test(project, []), "Everything that judges the code; arguments go to pytest."
    )
    command("manage", lambda project, asked: _manage(project, []), "Run manage.py; arguments go to it.")
    for name, action, about in (
        ("servers", _servers, "Start PostgreSQL and Valkey and stay."),
        ("shell-env", _shell_env, 'Print exports for a shell: eval "$(./backline shell-env)"'),
    ):
        made = command(name, action, about)
        made.add_argument(
            "--instance", default=servers.MAIN, type=_instance, help="a pair of servers of its own, by name"
        )
    return parser


def _instance(name: str) -> str:
    if not name.isascii() or not name.replace("-", "").isalnum():
        raise argparse.ArgumentTypeError("letters, digits and hyphens only")
    return name


def _run(project: Project, asked: argparse.Namespace) -> int:
    environment.prepare(project, environment.RUNTIME, say)
    running.run(project, wanted_port=asked.port, demo=not asked.no_demo)
    return 0


def _demo(project: Project, asked: argparse.Namespace) -> int:
    environment.prepare(project, environment.RUNTIME, say)
    return running.demonstrate(project)


def _test(project: Project, arguments: list[str]) -> int:
    environment.prepare(project, environment.WITH_TESTS, say)
    return judging.test(project, arguments)


def _prove(project: Project, asked: argparse.Namespace) -> int:
    environment.prepare(project, environment.WITH_TESTS, say)
    return judging.prove(project, asked.step)


def _chaos(project: Project, asked: argparse.Namespace) -> int:
    environment.prepare(project, environment.WITH_TESTS, say)
    return judging.chaos(project, asked.seed)


def _manage(project: Project, arguments: list[str]) -> int:
    environment.prepare(project, environment.RUNTIME, _aside)
    with servers.running(project, os.environ) as both:
        settings = variables.surroundings(project) | _settings(project, both)
        return tether.outlast(stack.manage(project, settings, *arguments))


def _servers(project: Project, asked: argparse.Namespace) -> int:
    """Print the addresses on the output, everything else beside it, and stay."""
    environment.prepare(project, environment.RUNTIME, _aside)
    with servers.running(project, os.environ, instance=asked.instance) as both:
        for note in both.notes():
            _aside(note)
        _print_exports(variables.addresses(database_url=both.database_url, redis_url=both.redis_url))
        if not any(tenure.is_ours for tenure in both.tenures):
            return 0
        _aside("Ctrl-C stops what was started here.")
        while not both.ended():
            time.sleep(0.5)
        raise LaunchError(f"{both.ended()} has ended by itself; see {project.logs}.")


def _shell_env(project: Project, asked: argparse.Namespace) -> int:
    both = servers.already_running(project, os.environ, instance=asked.instance)
    if not both:
        raise LaunchError("No servers run here. Start them with ./backline or ./backline servers.")
    _print_exports(_settings(project, both))
    return 0


def _settings(project: Project, both: servers.Servers) -> variables.Variables:
    addresses = variables.addresses(database_url=both.database_url, redis_url=both.redis_url)
    run = announcement.read(project)
    return variables.local(
        addresses,
        secrets.load(project.var),
        port=int(run.get("port", _PORT)),
        sandbox_url=run.get("sandbox_url", ""),
    )


def _print_exports(values: variables.Variables) -> None:
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}", flush=True)


def _aside(text: str) -> None:
    print(f"# {text}", file=sys.stderr, flush=True)
