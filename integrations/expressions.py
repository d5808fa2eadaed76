"""SQL expressions that Django does not have."""

from typing import Any

from django.db.models import F, Func, JSONField, Value


class Appended(Func):
    """A JSON list column with one entry more, made by the database: nothing is read, so nothing can be lost."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = JSONField()

    def __init__(self, column: str, entry: dict[str, Any]) -> None:
        """Append `entry` to the list in `column`."""
        super().__init__(F(column), Value([entry], JSONField()))
