"""Which providers the sandbox doubles, and what each of them is opened with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from integrations.sandbox.clock import VirtualClock
from integrations.sandbox.control import ProviderControl
from integrations.sandbox.door import Desk
from integrations.sandbox.postman import Postman


@dataclass(frozen=True)
class Opening:
    """What a double is opened with. Sizes are those of its first account; what is not named has its own default."""

    clock: VirtualClock
    seed: int = 7
    sizes: Mapping[str, int] = field(default_factory=dict)
    redirect_uris: tuple[str, ...] = ()
    client_id: str = ""
    client_secret: str = ""
    remember: Path | None = None


class Opened(NamedTuple):
    """A double behind its two doors, and the one who carries its webhooks: desk, strings, postman."""

    desk: Desk
    control: ProviderControl
    postman: Postman


Open = Callable[[Opening], Opened]
