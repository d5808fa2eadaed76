"""A secret opens in the row it was sealed for and nowhere else, and never shows itself."""

import base64
import copy
import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core import management
from django.db import connection as database
from django.db.models import F

from connections import credentials
from connections.models import Connection, OAuthToken
from integrations.providers.types import AppCredentials, Grant
from integrations.sealing import CannotOpen, Sealed, Secret, fingerprint
from tests.factories import ConnectionFactory

PLAIN = "plaintext-canary"


def key(letter: str) -> str:
    return base64.urlsafe_b64encode(letter.encode() * 32).decode()


def test_what_was_sealed_opens_again() -> None:
    sealed = Sealed.seal(PLAIN, "venue|square|access_token")
    assert sealed.open("venue|square|access_token").reveal() == PLAIN
    assert PLAIN not in sealed.text()


@pytest.mark.parametrize(
    "elsewhere", ["other|square|access_token", "venue|stripe|access_token", "venue|square|refresh_token", ""]
)
def test_a_ciphertext_moved_elsewhere_does_not_open(elsewhere: str) -> None:
    sealed = Sealed.seal(PLAIN, "venue|square|access_token")
    with pytest.raises(CannotOpen):
        sealed.open(elsewhere)


@pytest.mark.parametrize("text", ["", "v1", "v1.old", "v2.{id}.{rest}", "v1.{id}.x{rest}", "v1.{id}.", "plain text"])
def test_an_altered_ciphertext_does_not_open(text: str) -> None:
    _, key_id, rest = Sealed.seal(PLAIN, "c").text().split(".", 2)
    with pytest.raises(CannotOpen):
        Sealed(text.format(id=key_id, rest=rest)).open("c")


def test_a_new_master_key_seals_and_the_old_one_still_opens(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = f"old:{key('o')}"
    before = Sealed.seal(PLAIN, "c")
    settings.FIELD_ENCRYPTION_KEYS = f"new:{key('n')},old:{key('o')}"
    after = Sealed.seal(PLAIN, "c")
    assert (before.key_id, after.key_id) == ("old", "new")
    assert before.open("c").reveal() == after.open("c").reveal() == PLAIN


def test_without_its_master_key_a_secret_cannot_be_opened(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = f"old:{key('o')}"
    sealed = Sealed.seal(PLAIN, "c")
    settings.FIELD_ENCRYPTION_KEYS = f"new:{key('n')}"
    with pytest.raises(CannotOpen, match="No master key “old”"):
        sealed.open("c")
    settings.FIELD_ENCRYPTION_KEYS = f"old:{key('x')}"
    with pytest.raises(CannotOpen):
        sealed.open("c")


@pytest.mark.parametrize("setting", ["", "nokey", "a:short", f":{base64.urlsafe_b64encode(b'k' * 32).decode()}"])
def test_malformed_master_keys_are_refused(settings: Any, setting: str) -> None:
    settings.FIELD_ENCRYPTION_KEYS = setting
    with pytest.raises(ValueError, match="FIELD_ENCRYPTION_KEYS holds"):
        Sealed.seal(PLAIN, "c")


HOLDERS: list[Any] = [
    Secret(PLAIN),
    Grant(access_token=PLAIN, refresh_token=PLAIN, account_id="M1"),
    AppCredentials("id", PLAIN),
]
TELLERS: list[Callable[[Any], str]] = [
    repr, str, "{}".format, "{!r}".format, "{!s:>40}".format, lambda held: f"{held}",
    lambda held: repr([held, {"x": held}]), lambda held: repr(copy.copy(held)),
]  # fmt: skip


@pytest.mark.parametrize("held", HOLDERS, ids=["secret", "grant", "app"])
@pytest.mark.parametrize("tell", TELLERS)
def test_no_way_of_printing_shows_a_secret(held: Any, tell: Callable[[Any], str]) -> None:
    assert PLAIN not in tell(held)


@pytest.mark.parametrize("spec", ["", ">200", "s"])
def test_a_format_with_a_width_shows_neither_secret_nor_ciphertext(spec: str) -> None:
    sealed = Sealed.seal(PLAIN, "c")
    told = format(Secret(PLAIN), spec) + format(sealed, spec) + str(sealed) + repr(sealed) + f"{sealed}"
    assert PLAIN not in told
    assert sealed.text().split(".", 2)[2] not in told


def test_a_log_line_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    sealed = Sealed.seal(PLAIN, "c")
    with caplog.at_level(logging.INFO):
        for held in HOLDERS:
            logging.getLogger("test").info("held %s %r", held, held, extra={"held": held})
        logging.getLogger("test").info("held %s", sealed)
    assert PLAIN not in caplog.text
    assert sealed.text() not in caplog.text


def test_two_keys_are_told_apart_without_showing_either() -> None:
    assert fingerprint("one") == fingerprint(Secret("one")) != fingerprint("two")
    assert len(fingerprint("one")) == 12


@pytest.mark.django_db
class TestTheColumn:
    """What a `SealedField` takes and gives."""

    def test_a_plain_string_is_refused(self, connection: Connection) -> None:
        with pytest.raises(TypeError, match="sealed value"):
            OAuthToken.objects.filter(connection=connection).update(access_token=PLAIN)
        token = connection.oauth_token
        token.access_token = PLAIN  # type: ignore[assignment]
        with pytest.raises(TypeError, match="sealed value"):
            token.save()

    def test_loading_opens_nothing(self, connection: Connection) -> None:
        token = OAuthToken.objects.get(connection=connection)
        assert isinstance(token.access_token, Sealed)
        assert credentials.open_secret(token, "access_token").reveal() == "access-canary"

    def test_a_row_moved_to_another_venue_does_not_open(self, connection: Connection) -> None:
        other = ConnectionFactory()
        OAuthToken.objects.filter(connection=other).update(access_token=connection.oauth_token.access_token)
        moved = OAuthToken.objects.get(connection=other)
        with pytest.raises(CannotOpen):
            credentials.open_secret(moved, "access_token")

    def test_bulk_update_keeps_the_value(self, connection: Connection) -> None:
        token = OAuthToken.objects.get(connection=connection)
        credentials.seal(token, "access_token", "renewed")
        OAuthToken.objects.bulk_update([token], ["access_token", "failures"])
        assert _opened(connection) == "renewed"

    def test_an_update_by_expression_passes_through(self, connection: Connection) -> None:
        OAuthToken.objects.filter(connection=connection).update(access_token=F("access_token"))
        assert _opened(connection) == "access-canary"

    def test_empty_stays_empty(self, connection: Connection) -> None:
        OAuthToken.objects.filter(connection=connection).update(refresh_token=None)
        assert OAuthToken.objects.get(connection=connection).refresh_token is None

    def test_neither_a_dump_nor_the_database_holds_a_secret(self, connection: Connection) -> None:
        out = io.StringIO()
        management.call_command("dumpdata", "connections", stdout=out)
        with database.cursor() as cursor:
            cursor.execute("SELECT token::text FROM oauth_tokens token")
            stored = str(cursor.fetchall())
        ciphertext = OAuthToken.objects.get(connection=connection).access_token.text()
        assert "[sealed]" in out.getvalue()
        assert "canary" not in out.getvalue() + stored
        assert ciphertext not in out.getvalue()


def _opened(connection: Connection) -> str:
    return credentials.open_secret(OAuthToken.objects.get(connection=connection), "access_token").reveal()
