"""Which Python runs Backline?

This module is read by whatever `python3` is, so it is written for the oldest one that may meet it.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWEST = (3, 13)
_PREFERRED = ("python3.13", "python3.12", "python3.11")


def refusal(version: "tuple[int, ...]") -> str:
    """Return the sentence that says why this Python cannot run Backline, or nothing when it can."""
    if OLDEST <= version[:2] <= NEWEST:
        return ""
    needs = "Backline needs Python {}.{} to {}.{}; this is {}.{}.".format(*OLDEST, *NEWEST, *version[:2])
    return needs + " Install one, for example: apt install python3.11 python3.11-venv"


def insist() -> None:
    """Go on if this Python will do; otherwise start again under one that does, or end with a sentence."""
    problem = refusal(sys.version_info[:3])
    if not problem:
        return
    for name in _PREFERRED:
        path = shutil.which(name)
        if path and _works(path):
            os.execv(path, [path] + sys.argv)  # noqa: RUF005, S606
    sys.exit("backline: " + problem)


def _works(path: str) -> bool:
    """A name on the path may be a shim for a version that is not there."""
    question = "import sys; sys.exit(sys.version_info[:2] < ({}, {}))".format(*OLDEST)
    return subprocess.call([path, "-c", question], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
