"""Which token came with a request, and whom does it let in?"""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from integrations import token_text, walls
from integrations.api_tokens import ROLES
from integrations.bearer import Bearer, Grant
from integrations.models import ApiToken, Scope
from integrations.problems import TokenRejected

_TOLD_EVERY = timedelta(minutes=1)  # how exactly the time of last use is known


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer bkl_…`: decides alone where it is sent, also beside a session."""

    def authenticate(self, request: Request) -> tuple[Bearer, ApiToken] | None:
        """Return the token's person, held to what it may do, and the token; None without one. Raises TokenRejected."""
        kind, _, text = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"bearer":
            return None
        with walls.behind(walls.PLATFORM):  # whose it is, is found first
            token = _standing(text.strip().decode("ascii", "replace"), timezone.now())
        walls.move(walls.of_venue(token.venue_id))
        bearer: Bearer = token.user
        bearer.hold_to(Grant(token.venue_id, ROLES[Scope(token.scopes[-1])]))
        bind_contextvars(user_id=bearer.pk, bearer=str(token.pk))
        return bearer, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes DRF answer 401."""
        return "Bearer"


def _standing(text: str, now: datetime) -> ApiToken:
    if not token_text.is_one(text):
        raise TokenRejected
    found = ApiToken.objects.standing().filter(digest=token_text.digest(text), expires_at__gt=now)
    token = found.select_related("user").first()
    if token is None or not token.user.is_active:
        raise TokenRejected
    if token.last_used_at is None or token.last_used_at <= now - _TOLD_EVERY:
        _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    """Write down that it is in use; of requests at the same moment one writes."""
    unknown_yet = Q(last_used_at=None) | Q(last_used_at__lte=now - _TOLD_EVERY)
    ApiToken.objects.filter(unknown_yet, pk=token.pk).update(last_used_at=now)
