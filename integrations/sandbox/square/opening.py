"""How the Square double is opened."""

from __future__ import annotations

from dataclasses import replace

from integrations.sandbox.doubles import Opened, Opening
from integrations.sandbox.square.control import SquareControl
from integrations.sandbox.square.desk import SquareDesk
from integrations.sandbox.square.double import Application, SquareDouble
from integrations.sandbox.square.merchants import Sizes

CLIENT_ID = "sandbox-sq0idb-backline"
CLIENT_SECRET = "sandbox-sq0csb-backline-secret"


def open_square(opening: Opening) -> Opened:
    """Return the double with its two first sellers. Raises ValueError or TypeError for sizes that make no sense."""
    application = Application(opening.client_id or CLIENT_ID, opening.client_secret or CLIENT_SECRET)
    square = SquareDouble(opening.clock, application, seed=opening.seed, sizes=replace(Sizes(), **opening.sizes))
    square.redirect_uris = list(opening.redirect_uris)
    if opening.remember:
        square.grants.remember_in(opening.remember)
    return Opened(SquareDesk(square), SquareControl(square), square.postman)
