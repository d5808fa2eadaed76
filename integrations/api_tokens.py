"""How a person makes, sees and revokes tokens. The token itself leaves here once, and is nowhere after that."""

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import TextChoices
from django.utils import timezone

from integrations import token_text
from integrations.models import ApiToken, ApiTokenQuerySet, Role, Scope, VenueMembership
from integrations.permissions import may
from integrations.problems import Problem

logger = logging.getLogger(__name__)

# scope -> the role it is, the least first; each holds those before it.
ROLES = {Scope.READ: Role.VIEWER, Scope.OPERATE: Role.OPERATOR, Scope.MANAGE: Role.VENUE_ADMIN}
LIFETIMES = (30, 90, 365)  # days
LIFETIME = 90


class State(TextChoices):
    """Whether a token opens anything."""

    LIVE = "live", "Live"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


class Made(NamedTuple):
    """A new row, and the token that it is about."""

    row: ApiToken
    token: str


def offered(member: VenueMembership) -> list[Scope]:
    """Return the scopes that the member may give to a token: no more than the own role."""
    return [scope for scope, role in ROLES.items() if may(member, role)]


def make(member: VenueMembership, *, name: str, scopes: Iterable[str], days: int) -> Made:
    """Return a new token of the member's; `scopes` are completed by those that they hold.

    Raises Problem forbidden for a scope beyond the member's role, conflict for a name that one has already.
    """
    wanted = _completed(scopes)
    if wanted[-1] not in offered(member):
        raise Problem(
            "forbidden",
            f"You are {member.get_role_display().lower()} at {member.venue}: a token of yours cannot do more than you.",
        )
    token, now = token_text.mint(), timezone.now()
    row = ApiToken(
        user_id=member.user_id, venue=member.venue, name=name, scopes=wanted, prefix=token[: token_text.SHOWN],
        digest=token_text.digest(token), created_at=now, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Problem("conflict", f"You have a token named “{name}”. Revoke it, or choose another name.") from error
    logger.info("token.made", extra={"bearer": str(row.pk), "venue": str(row.venue_id)})
    return Made(row, token)


def seen_by(member: VenueMembership) -> ApiTokenQuerySet:
    """Return the tokens that the member may see and revoke, with their people: a venue admin all of the venue's."""
    found = ApiToken.objects.filter(venue=member.venue).select_related("user", "revoked_by")
    return found if may(member, Role.VENUE_ADMIN) else found.filter(user_id=member.user_id)


def one_of(member: VenueMembership, pk: uuid.UUID) -> ApiToken:
    """Return a token that the member may see. Raises Problem not_found, whether it exists elsewhere or not."""
    found = seen_by(member).filter(pk=pk).first()
    if found is None:
        raise Problem("not_found", "There is no such token.")
    return found


def revoke(member: VenueMembership, pk: uuid.UUID, *, by: Any) -> ApiToken:
    """Return the token, which opens nothing from now on. Twice is harmless. Raises Problem not_found."""
    token = one_of(member, pk)
    if ApiToken.objects.standing().filter(pk=token.pk).update(revoked_at=timezone.now(), revoked_by=by):
        logger.info("token.revoked", extra={"bearer": str(token.pk), "venue": str(token.venue_id)})
    return token


def state(token: ApiToken) -> State:
    """Return how it stands now."""
    if token.revoked_at is not None:
        return State.REVOKED
    return State.EXPIRED if token.has_ended else State.LIVE


def person(user: User) -> str:
    """Return what somebody is called."""
    return user.get_full_name() or user.email or user.get_username()


def _completed(scopes: Iterable[str]) -> list[Scope]:
    """Return the scopes with those that they hold, the least first."""
    order, given = list(ROLES), {Scope(each) for each in scopes}
    return order[: max(order.index(each) for each in given) + 1]
