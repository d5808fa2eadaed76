"""What the lines of a sale say, whichever provider they go to. Pure."""

from decimal import Decimal, InvalidOperation

from integrations.providers.types import Values


def quantity_of(line: Values) -> Decimal:
    """Return how many were sold; one where that cannot be read, for no amount of a line depends on it."""
    try:
        found = Decimal(str(line.get("quantity") or 1))
    except InvalidOperation:
        return Decimal(1)
    return found if found.is_finite() else Decimal(1)
