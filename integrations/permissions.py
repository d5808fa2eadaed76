"""Who may do what at which venue: authorising is part of fetching."""

from django.contrib.auth.base_user import AbstractBaseUser

from integrations.bearer import Bearer, Grant
from integrations.ids import uuid_of
from integrations.models import Role, Venue, VenueMembership, VenueQuerySet
from integrations.problems import Problem

_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.VENUE_ADMIN: 2}
_NEEDS = {Role.VIEWER: "viewer", Role.OPERATOR: "operator", Role.VENUE_ADMIN: "venue admin"}


def membership(user: object, selector: str | None, *, at_least: Role) -> VenueMembership:
    """Return the user's membership, with its venue, at the venue that `selector` names by id or slug.

    Without a selector the user's only venue is meant. Behind a token it is the membership at the token's venue, with
    what the token leaves of the role. Raises Problem: not_found for a venue that is not the user's (whether it exists
    or not), validation_failed when a choice is needed, forbidden when the role is too low.
    """
    found = _of(user, selector)
    if _RANK[Role(found.role)] < _RANK[at_least]:
        raise Problem("forbidden", _why_not(user, found, at_least))
    return found


def venue_for(user: object, selector: str | None, *, at_least: Role) -> Venue:
    """Return the venue of `membership(...)`; raises as it does."""
    return membership(user, selector, at_least=at_least).venue


def venues_of(user: object, selector: str) -> VenueQuerySet:
    """Return the user's venues, or of them the one that `selector` names by id or slug; for who reads them and no more.

    No statement is made yet, so that it can be a part of another one. Whose venue it is not, finds none.
    """
    own = Venue.objects.of(user)
    if not selector:
        return own
    return own.named(selector)


def may(member: VenueMembership, role: Role) -> bool:
    """Return whether the member may do what needs `role`."""
    return _RANK[Role(member.role)] >= _RANK[role]


def lower(one: str, other: str) -> Role:
    """Return the role of the two that may do less."""
    return min(Role(one), Role(other), key=lambda role: _RANK[role])


def _why_not(user: object, member: VenueMembership, needed: Role) -> str:
    if isinstance(user, Bearer):
        return (
            f"This token may do at {member.venue} what the role {_NEEDS[Role(member.role)]} may; this needs the role "
            f"{_NEEDS[needed]}."
        )
    return (
        f"You are {member.get_role_display().lower()} at {member.venue}; this needs the role {_NEEDS[needed]}. "
        "A venue admin can give it to you."
    )


def _of(user: object, selector: str | None) -> VenueMembership:
    if not isinstance(user, AbstractBaseUser):
        raise Problem("not_authenticated", "Sign in to see your venues.")
    grant = user.grant if isinstance(user, Bearer) else None
    found = _chosen(user, selector, grant)
    if grant is not None:
        found.role = lower(found.role, grant.role)  # in memory: the row keeps the person's own
    return found


def _chosen(user: AbstractBaseUser, selector: str | None, grant: Grant | None) -> VenueMembership:
    own = VenueMembership.objects.filter(user_id=user.pk).select_related("venue")
    if isinstance(user, Bearer):
        own = own.filter(venue_id=grant.venue) if grant else own.none()
    if selector:
        named = {"venue_id": selector} if uuid_of(selector) else {"venue__slug": selector}
        found = own.filter(**named).first()
        if found is None:
            raise Problem("not_found", "You have no venue by that name.")
        return found
    two = list(own.order_by("venue__name")[:2])
    if not two:
        raise Problem("not_found", "You are not a member of a venue yet. Ask a venue admin to add you.")
    if len(two) > 1:
        raise Problem("validation_failed", "You belong to several venues: name one with “venue”.")
    return two[0]
