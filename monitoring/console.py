"""The pages of the staff console where failed work is dealt with; each only asks, shows and calls `recovery`."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from redis.exceptions import RedisError

from connections import breaker
from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.errors import ErrorClass
from integrations.providers.types import ObjectType
from monitoring import dead_letters, recovery, stale
from monitoring.dead_letters import Filter
from monitoring.fields_console import fields_page
from monitoring.recovery import Done, Preview
from syncing.models import Mode
from webhooks import refusals

View = Callable[..., HttpResponse]
_SHOWN_ACTIONS = 10


class FilterForm(forms.Form):
    """Which pieces of work are meant, and why."""

    provider = forms.ChoiceField(
        choices=[("", "any provider"), *((key, each.spec.name) for key, each in PROVIDERS.items())], required=False
    )
    venue = forms.ModelChoiceField(Venue.objects.order_by("name"), to_field_name="slug", required=False,
                                   empty_label="any venue")  # fmt: skip
    object = forms.ChoiceField(
        choices=[("", "any object"), *((str(each), str(each)) for each in ObjectType)], required=False
    )
    kind = forms.ChoiceField(
        choices=[("", "any kind"), ("job", "syncs"), ("event", "events"), ("record", "records")], required=False
    )
    error_class = forms.ChoiceField(  # type: ignore[assignment]
        choices=[("", "any class"), *((str(each), str(each)) for each in ErrorClass)], required=False
    )
    cause = forms.RegexField(r"^[0-9a-f]{32}\Z", required=False, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300, required=False)
    confirm = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)

    def meant(self) -> Filter:
        """Return what is asked for."""
        given = {name: value or None for name, value in self.cleaned_data.items()}
        return Filter(
            kind=given["kind"], provider=given["provider"], venue=given["venue"].pk if given["venue"] else None,
            object_type=given["object"], error_class=given["error_class"], cause=given["cause"],
        )  # fmt: skip


def urls(site: admin.AdminSite) -> list[Any]:
    """Return the addresses of the console, below the site's own."""
    pages: dict[str, View] = {
        "given-up": given_up, "queue": queue_page, "stale": stale_page, "providers": providers_page,
        "fields": fields_page,
    }  # fmt: skip
    return [path(f"console/{name}/", site.admin_view(page), name=f"console_{name}") for name, page in pages.items()]


def _needs(*permissions: str) -> Callable[[View], View]:
    """Let in whoever has one of the permissions of a page, and tell refusals of an action as a message."""

    def guarding(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if not any(request.user.has_perm(f"syncing.{each}") for each in permissions):
                raise PermissionDenied
            try:
                return view(request)
            except Problem as problem:
                messages.error(request, problem.detail)
                return redirect(request.path)

        return guarded

    return guarding


@_needs("process_dead_letters")
def given_up(request: HttpRequest) -> HttpResponse:
    """Show what was given up by cause; try again one or all of a cause, or set it aside."""
    if request.method == "POST":
        form, act = _asked(request)
        which = form.meant()
        if act in ("retry", "trial"):
            done = recovery.retry_dead_letters(
                which, by=request.user, reason=form.cleaned_data["reason"], trial=act == "trial"
            )
            return _told(request, done, "tried again")
        if not form.cleaned_data["confirm"]:
            return _confirm(request, form, recovery.preview_dead_letters(which), "Set aside", "discard")
        done = recovery.discard_dead_letters(
            which, confirm=form.cleaned_data["confirm"], by=request.user, reason=form.cleaned_data["reason"]
        )
        return _told(request, done, "set aside")
    return _page(request, "given_up", "Given up", groups=dead_letters.groups(), actions=_actions())


@_needs("clear_queue", "force_sync")
def queue_page(request: HttpRequest) -> HttpResponse:
    """Force syncs, take waiting work out of the queue, and put back what was taken out."""
    if request.method == "POST":
        form, act = _asked(request)
        if act == "restore":
            _must(request, "clear_queue")
            return _told(request, recovery.restore(_batch(request), by=request.user), "put back")
        return _forced(request, form) if act.startswith("force") else _cleared(request, form)
    return _page(request, "queue", "Queue", form=FilterForm(), actions=_actions())


@_needs("recover_stale")
def stale_page(request: HttpRequest) -> HttpResponse:
    """Show work whose worker fell silent, with the probable cause and what happens next; let it go on."""
    if request.method == "POST":
        done = recovery.recover_stale(by=request.user, reason=request.POST.get("reason", "")[:300])
        messages.success(request, f"{len(done.again)} go on; {len(done.awake)} had woken up by themselves.")
        return redirect(request.path)
    return _page(request, "stale", "Stale work", items=stale.found())


@_needs("recover_stale", "force_sync")
def providers_page(request: HttpRequest) -> HttpResponse:
    """Show which provider answers and which is left alone; let calls be made again at once."""
    if request.method == "POST":
        provider = request.POST.get("provider", "")
        if provider not in PROVIDERS:
            raise Problem("validation_failed", "There is no such provider.")
        try:
            breaker.reset(provider)
        except RedisError:
            raise Problem("unavailable", "Redis is away, and with it every breaker: all calls are made.") from None
        recovery.note("reset_breaker", by=request.user, reason=request.POST.get("reason", "")[:300], provider=provider)
        messages.success(request, f"{PROVIDERS[provider].spec.name} is called again.")
        return redirect(request.path)
    rows = [
        (PROVIDERS[each.provider].spec.name, each, refusals.count(each.provider)) for each in breaker.standing() or []
    ]
    return _page(request, "providers", "Providers", rows=rows)


def _forced(request: HttpRequest, form: FilterForm) -> HttpResponse:
    _must(request, "force_sync")
    which, is_full = form.meant(), request.POST.get("act") == "force_full"
    if not form.cleaned_data["confirm"]:
        seen = recovery.preview_sync(which)
        return _confirm(request, form, seen, "Sync everything of" if is_full else "Sync", request.POST["act"])
    mode = Mode.FULL if is_full else Mode.INCREMENTAL
    done = recovery.force_sync(which, mode=mode, by=request.user, reason=form.cleaned_data["reason"])
    return _told(request, done, "queued")


def _cleared(request: HttpRequest, form: FilterForm) -> HttpResponse:
    _must(request, "clear_queue")
    which = form.meant()
    if not form.cleaned_data["confirm"]:
        return _confirm(request, form, recovery.preview_clear(which), "Take out of the queue", "clear")
    done = recovery.clear_queue(
        which, confirm=form.cleaned_data["confirm"], by=request.user, reason=form.cleaned_data["reason"]
    )
    return _told(request, done, "taken out of the queue")


def _asked(request: HttpRequest) -> tuple[FilterForm, str]:
    form = FilterForm(request.POST)
    if not form.is_valid():
        raise Problem("validation_failed", "; ".join(f"{name}: {each[0]}" for name, each in form.errors.items()))
    return form, request.POST.get("act", "")


def _batch(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("batch", ""))
    except ValueError:
        raise Problem("not_found", "Nothing is set aside under this id.") from None


def _must(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(f"syncing.{permission}"):
        raise PermissionDenied


def _actions() -> list[dict[str, Any]]:
    """Return the latest actions of our team, with what they said of themselves."""
    found = LogEntry.objects.filter(change_message__startswith='{"action"').select_related("user")
    return [
        {"entry": entry, "told": recovery.told(entry.change_message)}
        for entry in found.order_by("-pk")[:_SHOWN_ACTIONS]
    ]


def _told(request: HttpRequest, done: Done, word: str) -> HttpResponse:
    left = f" {len(done.skipped):,} were left alone." if done.skipped else ""
    messages.success(request, f"{done.count:,} {word}.{left} Its id is {done.batch}.")
    return redirect(request.path)


def _confirm(request: HttpRequest, form: FilterForm, seen: Preview, verb: str, act: str) -> HttpResponse:
    hidden = {name: value for name, value in request.POST.items() if name in form.fields and name != "confirm"}
    return _page(request, "confirm", verb, seen=asdict(seen), hidden=hidden, verb=verb, act=act)


def _page(request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request, f"admin/console/{name}.html", admin.site.each_context(request) | {"title": title, **context}
    )
