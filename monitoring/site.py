"""The staff console: Django's own admin with our name on it."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from integrations import second_factor, walls
from monitoring import console


class BacklineAdminSite(admin.AdminSite):
    """The stock site, so that every package registers into it unchanged; it is entered by the house's own sign-in."""

    site_header = "Backline – staff"
    site_title = "Backline staff"
    index_title = "Everything we keep"
    site_url = "/integrations/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether it is one of our team, in a session with a second factor where that is asked for.

        From here on the database shows them the whole house.
        """
        may_enter = super().has_permission(request) and second_factor.is_given(request)
        if may_enter:
            walls.move(walls.STAFF)
        return may_enter

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to what is missing: the sign-in with its rate limits and codes, or the second factor.

        Raises PermissionDenied for somebody who is not of our team.
        """
        then = _leading_on(request)
        if not request.user.is_authenticated:
            return redirect_to_login(then)
        if not super().has_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(then if self.has_permission(request) else second_factor.way_to_give(request, then))

    def get_urls(self) -> list[Any]:
        """Return the stock addresses after those of the console's own pages."""
        return console.urls(self) + super().get_urls()

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page of the console needs: besides the stock, whether this house talks to the sandbox."""
        return super().each_context(request) | {
            "environment_label": "SANDBOX" if settings.SANDBOX_URL else "",
            "password_suffices": not settings.STAFF_NEEDS_SECOND_FACTOR,
        }


def _leading_on(request: HttpRequest) -> str:
    """Return the page that was asked for, as far as it is ours, else the console's first."""
    then = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(then, {request.get_host()}, require_https=request.is_secure())
    return then if is_ours else reverse("admin:index")
