"""Who has this to itself right now?

A claim is a locked file: the kernel lets go of it when its process ends, however it ends, so no claim is ever stale.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Self

from config.local.project import make_folder

Facts = dict[str, str]


class Claim:
    """A locked file that also tells others what its holder has to say."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Return the claim, or None while another process holds it."""
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def publish(self, facts: Facts) -> None:
        """Replace what others read; a reader sees the whole or nothing."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(facts).encode() + b"\n", 0)

    def release(self) -> None:
        """Let go, and keep the words: they are hints for the next holder. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the claim."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def words(path: Path) -> Facts:
    """Return what the holder, or the last one, published; nothing if it is unreadable or half written."""
    try:
        text = path.read_text()
        facts = json.loads(text) if text.endswith("\n") else {}
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def words_of_holder(path: Path) -> Facts:
    """Return what is published by a process that still lives, else nothing."""
    return words(path) if is_held(path) else {}
