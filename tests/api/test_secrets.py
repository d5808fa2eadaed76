"""No answer of the API holds a token, a key or a ciphertext."""

from typing import Any

import pytest
from django.db import connection as database

from connections import credentials
from connections.models import Connection, OAuthState, VenueApiKey
from integrations.models import Venue
from tests.api.conftest import SignedIn
from tests.api.rows import dead_job, log_of
from tests.api.test_routes import ROUTES, call
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db
_CIPHERTEXTS = """
SELECT access_token FROM oauth_tokens UNION ALL SELECT refresh_token FROM oauth_tokens
UNION ALL SELECT key FROM venue_api_keys
"""
CANARIES = ("access-canary", "refresh-canary", "EAAAkey-canary")


def planted(connection: Connection) -> list[str]:
    """Give the connection a key as well, and return every secret with its ciphertext."""
    key = VenueApiKey(connection=connection, fingerprint="f" * 12, last4="nary")
    credentials.seal(key, "key", "EAAAkey-canary")
    key.save()
    with database.cursor() as cursor:
        cursor.execute(_CIPHERTEXTS)
        ciphertexts = [row[0] for row in cursor.fetchall()]
    assert len(ciphertexts) == 3
    return [*CANARIES, *ciphertexts, *(each.rsplit(".", 1)[-1] for each in ciphertexts)]


@pytest.mark.parametrize("method", ["oauth", "api_key"])
@pytest.mark.parametrize("name", list(ROUTES))
def test_no_answer_holds_a_secret(
    as_user: SignedIn, owner: Any, venue: Venue, connection: Connection, name: str, method: str
) -> None:
    log_of(connection)
    dead_job(connection)
    secrets = planted(connection)
    Connection.objects.update(method=method)
    answer = call(as_user(owner), name, venue)
    said = answer.content.decode() + str(answer.headers)
    assert [each for each in secrets if each in said] == []


def test_a_sign_in_tells_neither_its_verifier_nor_our_own_secret(
    as_user: SignedIn, owner: Any, venue: Venue, sandbox: Sandbox
) -> None:
    answer = as_user(owner).post("/api/v1/integrations/connect/square", {"method": "oauth"})
    state = OAuthState.objects.get()
    verifier = credentials.open_secret(state, "pkce_verifier").reveal()
    said = answer.content.decode()
    assert verifier not in said
    assert "sandbox-sq0csb-backline-secret" not in said
