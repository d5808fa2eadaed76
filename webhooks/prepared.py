"""How the one statement of a delivery is run: its plan is kept by the connection, its values go as they are.

Django binds values into the text of each statement, which PostgreSQL then parses and plans anew, and before the first
of a request it asks whether the connection is still good. For one INSERT that is most of its cost. Here the statement
itself is the question. Only it is prepared: a connection that may prepare keeps the text of its last hundred
statements, with all their values, and those of a sync are a megabyte each.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError
from django.db import connection as database

Rows = list[tuple[Any, ...]]


def execute(statement: str, values: Mapping[str, Any]) -> Rows:
    """Run a statement that does no harm when it is run twice, and return its rows. Raises Django's database errors.

    It is run again, once, over a new connection when the one that was kept had been lost.
    """
    try:
        return _run(statement, values)
    except (OperationalError, InterfaceError):
        if database.in_atomic_block or database.is_usable():
            raise
        database.close()
        return _run(statement, values)


def _run(statement: str, values: Mapping[str, Any]) -> Rows:
    database.ensure_connection()
    connection = database.connection
    connection.prepare_threshold = 0
    try:
        with database.wrap_database_errors, psycopg.Cursor(connection) as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
    finally:
        connection.prepare_threshold = None
