"""How does the launcher talk to the person at the terminal?"""

import os
import sys

_COLOURS = (36, 33, 35, 32, 34, 95, 96)
BOLD, RED = 1, 31


def say(text: str) -> None:
    """Print a line of our own, at once."""
    print(paint("backline", BOLD) + f"  {text}", flush=True)


def colour(number: int) -> int:
    """Return the colour of the n-th process."""
    return _COLOURS[number % len(_COLOURS)]


def paint(text: str, code: int) -> str:
    """Return the text in colour where the output is a terminal that wants it."""
    return f"\x1b[{code}m{text}\x1b[0m" if _is_colourful() else text


def _is_colourful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
