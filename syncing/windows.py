"""How far a read has come when several windows of it are read at once. Pure.

A window is a part of the read with a position of its own. What is stored as the bookmark is one plain JSON: the
stream's own position while there is one window, else `{"windows": {number: position}, "ends": [position, ...]}`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.providers.types import Page, Position


@dataclass(frozen=True, slots=True)
class Part:
    """A page of one window, and the new windows that were cut off its remainder, if any."""

    window: int
    page: Page
    given: tuple[tuple[int, Position], ...] = ()


class Windows:
    """The windows that are still open, and where those that ended have ended."""

    def __init__(self, position: Position, *, joined: Callable[[list[Position]], Position] | None = None) -> None:
        """Take up the stored bookmark. `joined` is the stream's own; a stream that is never cut needs none."""
        stored = position.get("windows")
        self.open: dict[int, Position] = (
            {int(number): each for number, each in stored.items()} if stored is not None else {0: position}
        )
        self._ends: list[Position] = list(position.get("ends", [])) if stored is not None else []
        self._joined = joined

    def take(self, part: Part) -> None:
        """Note that a part will be stored together with `position`."""
        self.open.update(part.given)
        if part.page.last:
            del self.open[part.window]
            ends = [*self._ends, part.page.position]
            self._ends = ends if self._joined is None else [self._joined(ends)]
        else:
            self.open[part.window] = part.page.position

    @property
    def is_over(self) -> bool:
        """Return whether every window has ended."""
        return not self.open

    @property
    def position(self) -> Position:
        """Return the bookmark that is true once everything taken so far is stored."""
        if self.is_over:
            return self._ends[0]
        if len(self.open) == 1 and not self._ends and 0 in self.open:
            return self.open[0]
        return {"windows": {str(number): each for number, each in self.open.items()}, "ends": self._ends}
