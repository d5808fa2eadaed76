"""Which lines of an invoice at Stripe are which of ours, and what each of ours is sent as. Pure.

One line of ours is one item at Stripe, and a second one where something is taken off it. Both carry the number of the
line, for Stripe shows its lines in an order of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from integrations.providers.errors import Invalid
from integrations.providers.stripe import amounts
from integrations.providers.stripe.marks import DISCOUNT, LINE, PART
from integrations.providers.types import JSON, Money, Values

Form = dict[str, str]
FIELD = "lines"
MOST_ITEMS = 250  # that one invoice takes


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a draft, in Stripe's units. `number` is 0 for one that is none of ours."""

    description: str
    amount: int
    quantity: str  # decimal
    unit: str  # decimal
    number: int = 0
    part: str = ""

    @property
    def place(self) -> tuple[int, str]:
        """Return which part of which line it is."""
        return self.number, self.part

    @property
    def says(self) -> tuple[str, int, str, str]:
        """Return what stands on the invoice."""
        return self.description, self.amount, self.quantity, self.unit

    def form(self) -> Form:
        """Return the item's own fields. It costs an amount, or a quantity at a price: Stripe takes one of the two."""
        form = {"description": self.description, f"metadata[{LINE}]": str(self.number)}
        form |= {f"metadata[{PART}]": self.part} if self.part else {}
        if self.quantity == "1":
            return form | {"amount": str(self.amount)}
        name = "quantity" if self.quantity.isdecimal() else "quantity_decimal"
        return form | {name: self.quantity, "unit_amount_decimal": self.unit}


@dataclass(slots=True)
class Plan:
    """What makes the items that are there the ones that are wanted; `changed` and `gone` by their ids."""

    new: list[Item] = field(default_factory=list)
    changed: dict[str, Item] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def items(lines: Iterable[Values]) -> list[Item]:
    """Return the items that lines, as they are sent, become. Raises Invalid for what Stripe cannot hold."""
    found = [item for number, line in enumerate(lines, 1) for item in _parts(line, number)]
    if len(found) > MOST_ITEMS:
        raise Invalid(f"An invoice holds at most {MOST_ITEMS} lines at Stripe.", field=FIELD)
    return found


def plan(wanted: Sequence[Item], there: Mapping[str, Item]) -> Plan:
    """Return what is to be done. An item of a quantity never becomes one of an amount: that one is made anew."""
    found, left = Plan(), dict(there)
    for item in wanted:
        old = _counterpart(item, left)
        known = left.pop(old) if old else None
        if known is None:
            found.new.append(item)
        elif known.says != item.says and item.quantity == "1" and known.quantity != "1":
            found.new.append(item)
            found.gone.append(old)
        elif known.says != item.says:
            found.changed[old] = item
    found.gone += left
    return found


def _counterpart(item: Item, there: Mapping[str, Item]) -> str:
    """Return the id of what stands in an item's place, else of one of somebody else's that says the same; else ""."""
    same = (each for each, known in there.items() if not known.number and known.says == item.says)
    return next((each for each, known in there.items() if known.place == item.place), next(same, ""))


def item_of(raw: JSON) -> Item:
    """Return an item, or the line that shows it, as it is at Stripe."""
    unit = (raw.get("pricing") or {}).get("unit_amount_decimal") or raw["amount"]
    return Item(
        str(raw.get("description") or ""), int(raw["amount"]),
        _plain(raw.get("quantity_decimal") or raw.get("quantity") or 1), _plain(unit), _number(raw), _part(raw),
    )  # fmt: skip


def says_the_same(ours: Sequence[Values], theirs: Sequence[Values]) -> bool:
    """Return whether lines as they are read say what lines as they are sent say, in whatever order."""
    try:
        return sorted(item.says for item in items(ours)) == sorted(item.says for item in items(theirs))
    except Invalid:
        return False


def in_our_order(raws: Sequence[JSON]) -> list[tuple[JSON, int]]:
    """Return the lines that are whole, ours in their order and then all others, each with what is taken off it.

    What is taken off is an amount in Stripe's units. A discount whose line is gone is a line by itself.
    """
    wholes = {_number(raw) for raw in raws if not _part(raw)}
    off = {_number(raw): raw for raw in raws if _part(raw) and _number(raw) in wholes}
    shown = [raw for raw in raws if raw not in off.values()]
    shown.sort(key=lambda raw: (not _number(raw), _number(raw)))
    return [(raw, -int(off.pop(_number(raw), {"amount": 0})["amount"])) for raw in shown]


def _parts(line: Values, number: int) -> list[Item]:
    """Return a line as one item, and what is taken off it as another."""
    gross, off = _gross(line), line.get("discount")
    less = off.minor if off is not None else 0
    total = line.get("total")
    if total is not None and total.minor != gross.minor - less:
        raise Invalid(_odd(line, total.minor - gross.minor + less), field=FIELD)
    name = str(line.get("description") or "")
    whole = _item(line, gross, name, number)
    if not less:
        return [whole]
    taken = amounts.sent(Money(-less, gross.currency))
    return [whole, Item(f"Discount on {name}" if name else "Discount", taken, "1", str(taken), number, DISCOUNT)]


def _odd(line: Values, on_top: int) -> str:
    """Return why a line cannot be sent whose total is more, or less, than what it consists of."""
    tax = line.get("tax")
    if tax is not None and tax.minor == on_top:
        return "A tax comes on top of its lines, and taxes are set up in Stripe itself."
    return "One of its lines does not add up."


def _gross(line: Values) -> Money:
    """Return what a line costs before anything is taken off it. Raises Invalid where nothing tells."""
    told, total = line.get("amount"), line.get("total")
    if told is None and line.get("unit_amount") is not None:
        unit: Money = line["unit_amount"]
        exact = Decimal(unit.minor) * Decimal(str(line.get("quantity") or 1))
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), unit.currency)
    if told is None and total is not None:
        off = line.get("discount")
        return Money(total.minor + (off.minor if off is not None else 0), total.currency)
    if told is None:
        raise Invalid("One of its lines has no amount.", field=FIELD)
    found: Money = told
    return found


def _item(line: Values, gross: Money, name: str, number: int) -> Item:
    """Return a line at its quantity and price, as one amount where these do not make it up."""
    amount, quantity = amounts.sent(gross), _plain(line.get("quantity") or 1)
    price = line.get("unit_amount")
    if price is not None and price.minor * Decimal(quantity) == gross.minor and Decimal(quantity) > 0:
        return Item(name, amount, quantity, str(amounts.sent(price)), number)
    return Item(name, amount, "1", str(amount), number)


def _plain(value: object) -> str:
    """Return a decimal without what it can do without."""
    return f"{Decimal(str(value)).normalize():f}"


def _number(raw: JSON) -> int:
    """Return which line of our invoice an item is, 0 for one of somebody else's."""
    number = str((raw.get("metadata") or {}).get(LINE) or "")
    return int(number) if number.isdecimal() else 0


def _part(raw: JSON) -> str:
    """Return which part of its line an item is, "" for the whole."""
    return str((raw.get("metadata") or {}).get(PART) or "") if _number(raw) else ""
