"""What a change on the way is: made once of what it needs to know, then called for every value. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Change: TypeAlias = Callable[[Any], Any]


class Unfit(ValueError):
    """A value that a transform cannot carry; the sentence says why, for the owner."""


@dataclass(frozen=True, slots=True)
class Context:
    """What transforms may know of the run: the provider, and the venue's habits."""

    provider: str
    timezone: str = "UTC"
    country: str = "GB"
