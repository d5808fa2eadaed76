"""Rows as a file that a spreadsheet opens: sent line by line, and without a cell that it would run."""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_file(lines: Iterable[Sequence[Any]], name: str) -> StreamingHttpResponse:
    """Return the answer that downloads these lines under a name."""
    writer = csv.writer(_Line())
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(
        (writer.writerow(cells) for cells in lines), content_type="text/csv; charset=utf-8", headers=headers
    )


def guarded(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: text that looks like a formula gets an apostrophe before it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


class _Line:
    """A file for the csv module that hands each line back."""

    def write(self, line: str) -> str:
        return line
