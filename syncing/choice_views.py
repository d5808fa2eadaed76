"""The pages on which an owner chooses what is synced: right after connecting, and whenever he likes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from connections import lifecycle, options
from connections.models import Connection
from integrations import wishes
from integrations.catalogue import provider_or_404
from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.errors import ProviderError
from syncing import choice_words, choosing, schedule, sentences, tasks
from syncing.choice_form import ChoiceForm, Offer
from syncing.choosing import Carried
from syncing.models import Trigger


@require_http_methods(["GET", "POST"])
@page(at_least=Role.VENUE_ADMIN)
def welcome(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Ask what to sync; on POST start."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    form = _form(request, connection, found)
    if _carried_out(request, form, connection) is not None:
        lifecycle.authorised(member.venue, provider)
        first = not connection.sync_cursors.exists()
        started = schedule.start(connection, trigger=Trigger.FIRST if first else Trigger.OWNER, actor=request.user)
        tasks.ring(len(started.jobs))
        messages.success(request, f"{found.spec.name} is syncing. You can pause it or change your choice at any time.")
        return see_other(address("connection", member.venue, provider=provider))
    return _page(request, member, "syncing/welcome.html", connection, form)


@require_http_methods(["GET", "POST"])
@page(at_least=Role.VENUE_ADMIN)
def settings(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Show the choice as it stands; on POST change it and say what will happen."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    form = _form(request, connection, found)
    carried = _carried_out(request, form, connection)
    if carried is None:
        return _page(request, member, "syncing/settings.html", connection, form)
    tasks.ring(carried.jobs)
    _tell(request, connection, found, carried, form)
    return see_other(address("connection", member.venue, provider=provider))


def _form(request: HttpRequest, connection: Connection, provider: Provider) -> ChoiceForm:
    data = request.POST if request.method == "POST" else None
    return ChoiceForm(wishes.of(connection.venue, provider), provider, _offer(connection, provider), data)


def _offer(connection: Connection, provider: Provider) -> Offer:
    """Return what the provider offers at this moment; where it cannot be asked, the sentence that says so."""
    if provider.chooser is None:
        return Offer()
    kind = provider.chooser.object_type
    try:
        return Offer(options.ask(connection))
    except ProviderError as error:
        why = sentences.for_error(provider.spec.key, kind, error)
        several = choice_words.noun(kind, 2)
        return Offer(silence=f"{why} So its {several} cannot be listed now; look again in a minute.")


def _carried_out(request: HttpRequest, form: ChoiceForm, connection: Connection) -> Carried | None:
    """Carry out what was chosen; None when nothing was sent, or when it cannot be and the form says why."""
    if not form.is_valid():
        return None
    try:
        return choosing.carry_out(
            connection.venue, form.provider, by=request.user, offered=form.offer.ids, **form.wish()
        )
    except Problem as problem:
        if problem.code != "validation_failed":
            raise
        form.refuse(problem)
        return None


def _page(
    request: HttpRequest, member: VenueMembership, template: str, connection: Connection, form: ChoiceForm
) -> HttpResponseBase:
    shown: dict[str, Any] = {"provider": form.provider, "connection": connection, "form": form}
    return render(request, member, template, shown, status=400 if form.errors else 200)


def _tell(request: HttpRequest, connection: Connection, provider: Provider, carried: Carried, form: ChoiceForm) -> None:
    """Say what will happen, and what could not be asked."""
    if not carried.changed:
        messages.info(request, "Nothing was changed.")
        return
    called = {option.id: option.label for option in form.offer.options}
    told = choice_words.consequences(carried, provider, called)
    messages.success(request, f"Your choice was saved. {told} You can change it back at any time.")
