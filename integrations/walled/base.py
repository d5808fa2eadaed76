"""Tells the database which wall stands, before a statement and only when it does not know."""

from typing import Any

from django.db.backends.postgresql import base

from integrations import walls
from integrations.walls import Wall

_TELL = (
    "SELECT set_config('role', %(role)s, %(within)s), set_config('backline.user', %(user)s, %(within)s),"
    " set_config('backline.venue', %(venue)s, %(within)s)"
)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows what the database was told.

    Outside of a transaction the session is told, within one only the transaction: whatever way it ends, what the
    session knew holds again. A rollback to a savepoint takes back what was told since, so it is told anew.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._of_session: Wall | None = walls.SIGNED_IN
        self._of_transaction: Wall | None = None

    def init_connection_state(self) -> None:
        """Begin as who signed in."""
        self._of_session, self._of_transaction = walls.SIGNED_IN, None
        super().init_connection_state()

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor behind the wall that stands."""
        self._tell(walls.current())
        return super().create_cursor(name)

    def binding_cursor(self) -> Any:
        """Return a cursor behind the wall that stands whose parameters travel beside the statement.

        Written `%(name)b` they travel in binary, and a list as an array: a page of rows costs a third less that way
        than as JSON that PostgreSQL takes apart.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            self._tell(walls.current())
            cursor = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]  # wrong in the stubs
            return self._prepare_cursor(cursor)  # type: ignore[attr-defined]  # not in the stubs

    def _tell(self, wall: Wall) -> None:
        within = not self.autocommit
        if wall == (self._of_transaction if within else self._of_session):
            return
        told = {"role": wall.role, "user": wall.user, "venue": wall.venue, "within": within}
        if within:
            self._of_transaction = None  # unknown, should the telling fail
        else:
            self._of_session = None
        self.connection.execute(_TELL, told)
        if within:
            self._of_transaction = wall
        else:
            self._of_session = wall

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # not in the stubs
        self._of_transaction = None if autocommit else self._of_session

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # not in the stubs
        self._of_transaction = None

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # not in the stubs
        self._of_transaction = None

    def _rollback(self) -> None:
        self._of_transaction = None
        super()._rollback()  # type: ignore[misc]  # not in the stubs
