"""Who of our team may look at, or act on, all venues at once."""

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.request import Request

from integrations import audit, second_factor, walls
from integrations.problems import Problem


def permit(request: Request, permission: str) -> None:
    """Let the rest of the request see the whole house.

    Raises Problem: not_authenticated, forbidden unless the caller is of our team and has the permission, and
    second_factor_needed.
    """
    user = request.user
    if not isinstance(user, AbstractBaseUser) or not user.is_active:
        raise Problem("not_authenticated", "Sign in first.")
    if not (user.is_staff and user.has_perm(permission)):
        raise Problem("forbidden", "This is for our team, with the permission for it.")
    second_factor.require(request)
    audit.let_in(request)
    walls.move(walls.STAFF)
