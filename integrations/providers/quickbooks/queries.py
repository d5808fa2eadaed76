"""QuickBooks' query language, as far as we use it: known names and escaped values only. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from integrations.providers.types import ObjectType

# A field, an operator and what to compare with.
Condition: TypeAlias = tuple[str, str, str | bool | Sequence[str | bool]]

# What QuickBooks calls our objects.
ENTITIES: Mapping[ObjectType, str] = {
    ObjectType.ACCOUNT: "Account",
    ObjectType.TAX_CODE: "TaxCode",
    ObjectType.CLASS: "Class",
    ObjectType.PAYMENT_METHOD: "PaymentMethod",
    ObjectType.CUSTOMER: "Customer",
    ObjectType.PRODUCT: "Item",
    ObjectType.ORDER: "SalesReceipt",
    ObjectType.PAYMENT: "Payment",
    ObjectType.REFUND: "RefundReceipt",
    ObjectType.INVOICE: "Invoice",
}
TAX_RATE = "TaxRate"
_ENTITIES = frozenset({*ENTITIES.values(), TAX_RATE})
CHANGED = "MetaData.LastUpdatedTime"
_FIELDS = frozenset({"AccountSubType", "Active", "Id", "TxnDate", "DisplayName", "Name", "DocNumber", CHANGED})
_OPERATORS = frozenset({"=", "<", ">", "<=", ">=", "IN"})
MOST_ROWS = 1000  # that one answer holds

# Lists of names hide what is inactive unless both are asked for.
EVEN_INACTIVE: Condition = ("Active", "IN", (True, False))


def select(entity: str, where: Iterable[Condition], *, order_by: str = "", start: int = 1, rows: int) -> str:
    """Return the query for `rows` objects from the one numbered `start` on; there is no way to ask for fewer fields."""
    order = f" ORDERBY {_field(order_by)}" if order_by else ""
    # Nothing but known names, escaped values and numbers gets in here; and it is no SQL.
    return f"SELECT * FROM {_entity(entity)}{_where(where)}{order} STARTPOSITION {start} MAXRESULTS {rows}"  # noqa: S608


def count(entity: str, where: Iterable[Condition]) -> str:
    """Return the query for the number of objects."""
    return f"SELECT count(*) FROM {_entity(entity)}{_where(where)}"  # noqa: S608


def literal(value: str | bool) -> str:
    """Return a value as the language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _where(conditions: Iterable[Condition]) -> str:
    """Return the conditions, all of which must hold: the language has no OR."""
    texts = [f"{_field(field)} {_operator(operator)} {_values(value)}" for field, operator, value in conditions]
    return f" WHERE {' AND '.join(texts)}" if texts else ""


def _values(value: str | bool | Sequence[str | bool]) -> str:
    if isinstance(value, (str, bool)):
        return literal(value)
    return f"({', '.join(map(literal, value))})"


def _entity(name: str) -> str:
    return _known(name, _ENTITIES)


def _field(name: str) -> str:
    return _known(name, _FIELDS)


def _operator(name: str) -> str:
    return _known(name, _OPERATORS)


def _known(name: str, names: frozenset[str]) -> str:
    if name not in names:
        raise ValueError(f"“{name[:40]}” is not a name that our queries use")
    return name
