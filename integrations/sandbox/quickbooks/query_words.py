"""How a query is read: one entity, everything or a count, conditions joined by AND, an order, a part of the list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from integrations.sandbox.quickbooks.errors import invalid_query, unreadable_query

MOST = 1000
DEFAULT = 100
OPERATORS = ("=", "<", ">", "<=", ">=", "IN", "LIKE")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_][\w.]*)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<sign><=|>=|=|<|>|\(|\)|,|\*))"
)
_WORDS = {"SELECT", "FROM", "WHERE", "AND", "ORDERBY", "ORDER", "BY", "STARTPOSITION", "MAXRESULTS", "IN", "LIKE"}


class Token(NamedTuple):
    kind: str
    text: str
    column: int

    def says(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.text.upper() in words


class Condition(NamedTuple):
    field: str
    operator: str
    values: list[str]


class Order(NamedTuple):
    field: str
    descending: bool


@dataclass
class Select:
    """A query that could be read; whether its fields exist is another question."""

    entity: str
    is_count: bool = False
    also: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    start: int = 1
    limit: int | None = None


def read_query(text: str) -> Select:
    """QuickBooksError 4000 where it cannot be read, 4001 where a number is out of bounds."""
    return _Reader(_tokens(text)).select()


def _tokens(text: str) -> list[Token]:
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise unreadable_query(text[position:].split()[0][:20], position + 1)
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], match.start(kind) + 1))
        position = match.end()
    return [*found, Token("end", "<EOF>", len(text) + 1)]


class _Reader:
    """Goes through the words once, from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens, self._place = tokens, 0

    def select(self) -> Select:
        self._expect("SELECT")
        select = Select("", is_count=self._is_count())
        while not select.is_count and self._takes(","):
            select.also.append(self._word())
        self._expect("FROM")
        select.entity = self._word()
        if self._takes("WHERE"):
            select.conditions = self._conditions()
        if self._takes("ORDERBY") or (self._takes("ORDER") and self._expect("BY")):
            select.orders = self._orders()
        self._part(select)
        if self._now.kind != "end":
            raise self._unreadable()
        return select

    def _is_count(self) -> bool:
        if self._takes("*"):
            return False
        for word in ("COUNT", "(", "*", ")"):
            self._expect(word)
        return True

    def _conditions(self) -> list[Condition]:
        found = [self._condition()]
        while self._takes("AND"):
            found.append(self._condition())
        return found

    def _condition(self) -> Condition:
        name, operator = self._word(), self._now.text.upper()
        if operator not in OPERATORS:
            raise self._unreadable()
        self._place += 1
        if operator != "IN":
            return Condition(name, operator, [self._value()])
        self._expect("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._expect(")")
        return Condition(name, operator, values)

    def _orders(self) -> list[Order]:
        found: list[Order] = []
        while not found or self._takes(","):
            name = self._word()
            descending = self._takes("DESC")
            if not descending:
                self._takes("ASC")
            found.append(Order(name, descending))
        return found

    def _part(self, select: Select) -> None:
        """STARTPOSITION and MAXRESULTS, each at most once, in this order."""
        if self._takes("STARTPOSITION"):
            select.start = self._whole(1, 1 << 53)
        if self._takes("MAXRESULTS"):
            select.limit = self._whole(0, MOST)

    def _whole(self, least: int, most: int) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.lstrip("-").isdigit():
            raise unreadable_query(token.text, token.column)
        number = int(token.text)
        if number > most:
            raise invalid_query(f"value {number} is too large. Maximum allowed value is {most}.")
        if number < least:
            raise invalid_query(f"value {number} is too small. Minimum allowed value is {least}.")
        return number

    def _value(self) -> str:
        """A text without its quotes, a number, or true or false."""
        token = self._next()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "number" or (token.kind == "word" and token.text.lower() in ("true", "false")):
            return token.text
        raise unreadable_query(token.text, token.column)

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word" or token.text.upper() in _WORDS:
            raise unreadable_query(token.text, token.column)
        return token.text

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._now
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def _takes(self, word: str) -> bool:
        if not self._now.says(word):
            return False
        self._place += 1
        return True

    def _expect(self, word: str) -> bool:
        if not self._takes(word):
            raise self._unreadable()
        return True

    def _unreadable(self) -> Exception:
        return unreadable_query(self._now.text, self._now.column)
