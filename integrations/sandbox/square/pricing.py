"""What an order comes to: its lines with their discounts and taxes, rounded half to even as Square rounds.

Discounts are taken off in Square's order: percentages of lines, percentages of the order, amounts off lines, amounts
off the order. A tax is worked out on all that it applies to and shared out among those lines: the shares add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call
from integrations.sandbox.square.order_parts import (
    APPLIED,
    check_references,
    discounts_of,
    lines_of,
    quantity_of,
    taxes_of,
)

_TURNS = [("FIXED_PERCENTAGE", "LINE_ITEM"), ("FIXED_PERCENTAGE", "ORDER"), ("FIXED_AMOUNT", "LINE_ITEM"),
          ("FIXED_AMOUNT", "ORDER")]  # fmt: skip
_DISCOUNT, _TAX = APPLIED


@dataclass
class _Line:
    """One line while it is priced: what was taken off and what is added, by the uid of the discount or tax."""

    document: Document
    gross: int
    off: dict[str, int] = field(default_factory=dict)
    tax: dict[str, int] = field(default_factory=dict)
    added: int = 0

    @property
    def net(self) -> int:
        return self.gross - sum(self.off.values())


def priced(call: Call, order: Document) -> Document:
    """The order with the sums of its lines, taxes and discounts; SquareError for one that makes no sense."""
    currency = call.merchant.currency_at(order["location_id"])
    told = lines_of(call, order, currency)
    discounts, taxes = discounts_of(call, order, currency), taxes_of(call, order)
    check_references(told, _DISCOUNT, discounts)
    check_references(told, _TAX, taxes)
    lines = [_Line(line, _gross(line, place)) for place, line in enumerate(told)]
    for part in sorted(discounts, key=lambda part: _TURNS.index((part["type"], part["scope"]))):
        _take_off(part, _covered(part, lines, _DISCOUNT))
    for part in taxes:
        _add_tax(part, _covered(part, lines, _TAX))
    return order | _sums(lines, currency) | _shown(lines, discounts, taxes, currency)


def _gross(line: Document, place: int) -> int:
    return _even(line["base_price_money"].get("amount", 0) * quantity_of(line, f"order.line_items[{place}]"))


def _covered(part: Document, lines: Sequence[_Line], kind: str) -> list[_Line]:
    """The lines that a part applies to: all, or those that name it."""
    return [line for line in lines if part["scope"] == "ORDER" or _names(line.document, kind, part["uid"])]


def _names(line: Document, kind: str, uid: str) -> bool:
    return any(each[APPLIED[kind]] == uid for each in line.get(kind) or [])


def _take_off(part: Document, lines: Sequence[_Line]) -> None:
    nets, whole = [line.net for line in lines], sum(line.net for line in lines)
    if part["type"] == "FIXED_PERCENTAGE":
        shares = _shared([net * Decimal(part["percentage"]) / 100 for net in nets])
    elif part["scope"] == "LINE_ITEM":
        shares = [min(net, part["amount_money"]["amount"]) for net in nets]
    else:
        off = min(whole, part["amount_money"]["amount"])
        shares = _shared([Decimal(net) * off / (whole or 1) for net in nets])
    for line, share in zip(lines, shares, strict=True):
        line.off[part["uid"]] = share


def _add_tax(part: Document, lines: Sequence[_Line]) -> None:
    rate, is_inside = Decimal(part["percentage"]) / 100, part["type"] == "INCLUSIVE"
    shares = _shared([line.net - line.net / (1 + rate) if is_inside else line.net * rate for line in lines])
    for line, share in zip(lines, shares, strict=True):
        line.tax[part["uid"]] = share
        line.added += 0 if is_inside else share


def _shared(exact: Iterable[Decimal]) -> list[int]:
    """Whole numbers near to the exact ones, which add up to their rounded sum."""
    shares, reached, given = [], Decimal(), 0
    for each in exact:
        reached += each
        shares.append(_even(reached) - given)
        given += shares[-1]
    return shares


def _even(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))


def _sums(lines: Sequence[_Line], currency: str) -> Document:
    total, tax = sum(line.net + line.added for line in lines), sum(sum(line.tax.values()) for line in lines)
    off, zero = sum(line.gross - line.net for line in lines), _money(0, currency)
    told = {"total_money": _money(total, currency), "tax_money": _money(tax, currency),
            "discount_money": _money(off, currency), "tip_money": zero, "service_charge_money": zero}  # fmt: skip
    return {
        "total_money": told["total_money"], "total_tax_money": told["tax_money"],
        "total_discount_money": told["discount_money"], "total_tip_money": zero, "total_service_charge_money": zero,
        "net_amounts": told, "net_amount_due_money": told["total_money"],
    }  # fmt: skip


def _shown(lines: Sequence[_Line], discounts: Sequence[Document], taxes: Sequence[Document], currency: str) -> Document:
    shown: Document = {
        "line_items": [_shown_line(line, currency) for line in lines],
        "discounts": [
            part | {"applied_money": _money(sum(line.off.get(part["uid"], 0) for line in lines), currency)}
            for part in discounts
        ],
        "taxes": [
            part | {"applied_money": _money(sum(line.tax.get(part["uid"], 0) for line in lines), currency)}
            for part in taxes
        ],
    }
    return {name: value for name, value in shown.items() if value}


def _shown_line(line: _Line, currency: str) -> Document:
    amounts = {_DISCOUNT: line.off, _TAX: line.tax}
    applied = {kind: _applied(line, kind, found, currency) for kind, found in amounts.items()}
    kept = {name: value for name, value in line.document.items() if name not in applied}
    return kept | {kind: parts for kind, parts in applied.items() if parts} | {
        "variation_total_price_money": _money(line.gross, currency), "gross_sales_money": _money(line.gross, currency),
        "total_tax_money": _money(sum(line.tax.values()), currency),
        "total_discount_money": _money(line.gross - line.net, currency),
        "total_service_charge_money": _money(0, currency), "total_money": _money(line.net + line.added, currency),
    }  # fmt: skip


def _applied(line: _Line, kind: str, amounts: dict[str, int], currency: str) -> list[Document]:
    return [
        {"uid": f"{uid}-{line.document['uid']}"[:60], APPLIED[kind]: uid, "applied_money": _money(amount, currency)}
        for uid, amount in amounts.items()
    ]


def _money(amount: int, currency: str) -> Document:
    return {"amount": amount, "currency": currency}
