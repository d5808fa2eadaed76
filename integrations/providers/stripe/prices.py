"""What becomes of a product's prices when its variants change: which stay, which are new, which are put away. Pure.

A price costs what it costs for ever. A variant that costs something else now gets a new one, which inherits what the
venue set at Stripe: the rhythm, the tax, the lookup key and everybody's metadata. The old one is archived and marked,
so that it is not read as a variant any more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from integrations.providers.errors import Invalid
from integrations.providers.stripe import amounts
from integrations.providers.stripe.marks import RETIRED, SKU, VARIANT
from integrations.providers.types import JSON, Values

Form = dict[str, str]
FIELD = "prices"
LONGEST = 500  # characters of a value in metadata
_PUT_AWAY: Form = {"active": "false", f"metadata[{RETIRED}]": "yes"}
_RHYTHM = ("interval", "interval_count", "usage_type", "meter")
_TAX = ("inclusive", "exclusive")


@dataclass(slots=True)
class Plan:
    """What is to be done, each as the fields of a form.

    `made` holds new prices by the key of their variant, `opened` and `closed` what changes on prices that are there, by
    their ids: first those that are on sale afterwards, at last those that are not. `offered` are the keys of the
    variants that are on sale, in their order, each with the price that it keeps, "" where that is a new one.
    """

    made: dict[str, Form] = field(default_factory=dict)
    opened: dict[str, Form] = field(default_factory=dict)
    closed: dict[str, Form] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)

    def change(self, price_id: str, form: Form) -> None:
        """Note what changes on a price that is there."""
        (self.closed if form.get("active") == "false" else self.opened)[price_id] = form

    def offer(self, current: JSON | None, made: dict[str, str]) -> str | None:
        """Return the price that the product offers first from now on, "" for none; None where that stays as it is.

        `current` is the one that it offers now, `made` the ids of the new ones. The venue's own choice stays as long as
        it is on sale; its successor follows it.
        """
        if current is not None and current["id"] not in self.closed:
            return None
        if current is None and not made:
            return None
        ids = {key: price_id or made[key] for key, price_id in self.offered.items()}
        successor = ids.get(variant_of(current)) if current is not None else None
        return successor or next(iter(ids.values()), "")


def plan(wanted: Sequence[Values], there: Sequence[JSON], *, known: Collection[str]) -> Plan:
    """Return what makes the prices that are there say what is wanted. Raises Invalid.

    `wanted` are variants as they are sent, `there` all prices of the product. A price that is of no variant is put away
    if it is `known`, or one of ours; one that the venue made meanwhile is left alone. A variant without a price has no
    place at Stripe.
    """
    found, keys = Plan(), keys_of(wanted)
    living = [price for price in there if not is_retired(price)]
    for key, variant in zip(keys, wanted, strict=True):
        _place(found, key, variant, [price for price in living if variant_of(price) == key])
    for price in living:
        is_ours = price["id"] in known or VARIANT in _metadata(price)
        if variant_of(price) not in keys and is_ours:
            found.change(price["id"], _PUT_AWAY)
    return found


def first_offer(wanted: Sequence[Values]) -> tuple[str, Values] | None:
    """Return the first variant that is on sale, with its key; None where none is."""
    pairs = zip(keys_of(wanted), wanted, strict=True)
    return next(((key, each) for key, each in pairs if each.get("unit_amount") and _is_on_sale(each)), None)


def new(key: str, variant: Values, old: JSON | None = None) -> Form:
    """Return a new price, of the product that is still to be named; `old` is the one that it follows."""
    kept = {name: each for name, each in _metadata(old or {}).items() if name not in (RETIRED, SKU)}
    form = cost(variant) | {f"metadata[{name}]": each for name, each in (kept | marks(key, variant)).items()}
    form |= {"nickname": str(variant["nickname"])} if variant.get("nickname") else {}
    form |= {} if _is_on_sale(variant) else {"active": "false"}
    return form | _inherited(old) if old else form


def marks(key: str, variant: Values) -> dict[str, str]:
    """Return the metadata by which a price is known as the one of a variant."""
    return {VARIANT: key} | ({SKU: str(variant["sku"])} if variant.get("sku") else {})


def cost(variant: Values) -> Form:
    """Return what a variant costs. Raises Invalid for what is no price at Stripe."""
    money = variant["unit_amount"]
    if money.minor < 0:
        raise Invalid("One of its prices is below zero, and Stripe takes none that is.", field=FIELD)
    return {"currency": money.currency.lower(), "unit_amount": str(amounts.sent(money))}


def keys_of(wanted: Sequence[Values]) -> list[str]:
    """Return what tells each variant from the others: its key, else SKU, name or place."""
    return [
        str(each.get("key") or each.get("sku") or each.get("nickname") or place)[:LONGEST]
        for place, each in enumerate(wanted, 1)
    ]


def says_the_same(ours: Sequence[Values], theirs: Sequence[Values]) -> bool:
    """Return whether prices as they are read say what variants as they are sent say, in whatever order."""
    there = {str(each.get("key")): each for each in theirs}
    for key, variant in zip(keys_of(ours), ours, strict=True):
        price = there.pop(key, None)
        if price is None and variant.get("unit_amount") is None:
            continue
        if price is None or _told(variant, price) != _told(price, price):
            return False
    return not any(_is_on_sale(each) for each in there.values())


def is_retired(price: JSON) -> bool:
    """Return whether we put a price away; one that somebody took out again counts."""
    return not price.get("active") and RETIRED in _metadata(price)


def variant_of(price: JSON) -> str:
    """Return the key of the variant that a price is: the one we gave it, else the price's own id."""
    return str(_metadata(price).get(VARIANT) or price.get("id") or "")


def sku_of(price: JSON) -> str:
    """Return the SKU as we wrote it, else the name by which the venue's own pages look the price up."""
    return str(_metadata(price).get(SKU) or price.get("lookup_key") or "")


def _place(found: Plan, key: str, variant: Values, mine: Sequence[JSON]) -> None:
    """Note what becomes of one variant, of whose prices `mine` are there."""
    is_priced = variant.get("unit_amount") is not None
    kept = _newest([price for price in mine if not is_priced or _costs(price, variant)])
    old = _newest(mine)
    if kept is not None:
        if form := _changes(variant, kept):
            found.change(kept["id"], form)
    elif old is not None and old.get("unit_amount") is None:
        raise Invalid("Stripe works this price out by itself; it can be changed in Stripe only.", field=FIELD)
    elif is_priced:
        found.made[key] = new(key, variant, old)
    if _is_on_sale(variant) and (kept is not None or is_priced):
        found.offered[key] = kept["id"] if kept is not None else ""
    for price in mine:
        if price is not kept:
            found.change(price["id"], _PUT_AWAY)


def _newest(prices: Sequence[JSON]) -> JSON | None:
    """Return the price that is on sale, of several the newest."""
    return max(prices, key=lambda price: (bool(price["active"]), price["created"], price["id"]), default=None)


def _costs(price: JSON, variant: Values) -> bool:
    return {"currency": price["currency"], "unit_amount": str(price.get("unit_amount"))} == cost(variant)


def _changes(variant: Values, price: JSON) -> Form:
    """Return what can be changed on a price and differs."""
    form: Form = {}
    if str(variant.get("nickname") or "") != (price.get("nickname") or ""):
        form["nickname"] = str(variant.get("nickname") or "")
    sku = str(variant.get("sku") or "")
    if sku != sku_of(price) and (sku or SKU in _metadata(price)):
        form[f"metadata[{SKU}]"] = sku
    if _is_on_sale(variant) != price["active"]:
        form["active"] = str(_is_on_sale(variant)).lower()
    return form


def _inherited(old: JSON) -> Form:
    """Return what the venue set on the price that is followed and cannot be set later."""
    rhythm = old.get("recurring") or {}
    form = {f"recurring[{name}]": str(rhythm[name]) for name in _RHYTHM if rhythm.get(name)}
    form |= {"tax_behavior": str(old["tax_behavior"])} if old.get("tax_behavior") in _TAX else {}
    return form | ({"lookup_key": old["lookup_key"], "transfer_lookup_key": "true"} if old.get("lookup_key") else {})


def _told(variant: Values, price: Values) -> tuple[object, ...]:
    """Return what a variant says of its price. A missing amount says nothing, and a lookup key is no SKU of ours."""
    sku, amount = variant.get("sku") or "", variant.get("unit_amount") or price.get("unit_amount")
    return variant.get("nickname") or "", "" if sku == price.get("lookup_key") else sku, amount, _is_on_sale(variant)


def _is_on_sale(variant: Values) -> bool:
    return variant.get("active") is not False


def _metadata(price: JSON) -> JSON:
    return price.get("metadata") or {}
