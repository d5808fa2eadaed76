"""Who may sign in to the demo venue, and how is a newcomer told?"""

import json
from dataclasses import dataclass

from config.local.errors import LaunchError
from config.local.say import BOLD, paint


@dataclass(frozen=True)
class Login:
    """A made-up person of the demo; the only password that is ever printed."""

    role: str
    email: str
    password: str


@dataclass(frozen=True)
class Demo:
    """The demo venue and who may sign in there."""

    venue: str
    logins: tuple[Login, ...]


def read(answer: str) -> Demo:
    """Return what `seed_demo --json` has answered; words before the JSON are not minded."""
    try:
        facts = json.loads(answer[answer.index("{") :])
        logins = tuple(Login(row["role"], row["email"], row["password"]) for row in facts["logins"])
        return Demo(str(facts["venue"]), logins)
    except (ValueError, KeyError, TypeError) as error:
        raise LaunchError(f"`manage.py seed_demo --json` gave no demo venue:\n{answer.strip()}") from error


def text(url: str, demo: Demo | None) -> str:
    """Return the block that says where the pages are and who may sign in."""
    lines = ["", f"  Backline is ready:  {paint(url, BOLD)}", ""]
    if demo:
        width = max((len(login.email) for login in demo.logins), default=0)
        lines += [f"  Sign in to {demo.venue} as"]
        lines += [f"    {login.role:<9} {login.email:<{width}}  {login.password}" for login in demo.logins]
        lines += [""]
    return "\n".join([*lines, "  Ctrl-C stops everything that was started here.", ""])
