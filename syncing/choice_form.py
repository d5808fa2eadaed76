"""The form in which an owner chooses: what is read, from where, since when, how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils import timezone

from integrations import wishes
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.types import SALES, ObjectType, Option
from integrations.wish_rules import EARLIEST, INTERVALS
from mappings import canonical
from syncing import choice_words as words


@dataclass(frozen=True, slots=True)
class Offer:
    """What the provider was just heard to offer; `silence` is the sentence for when it could not be asked."""

    options: Sequence[Option] = field(default_factory=tuple)
    silence: str = ""

    @property
    def ids(self) -> list[str]:
        """Return the ids of the options."""
        return [option.id for option in self.options]


class Ticked(forms.MultipleChoiceField):
    """What was ticked, whatever it is: `integrations.wish_rules` says what may be."""

    def valid_value(self, value: Any) -> bool:
        """Return True."""
        return True


class ChoiceForm(forms.Form):
    """A venue's choice for one provider, as it stands or as it was just sent."""

    objects = Ticked(required=False)
    chosen = Ticked(required=False)
    begin = forms.DateField(
        label="Sales since",
        required=False,
        error_messages={"invalid": "Write the first day of sales as year-month-day, such as 2026-01-31."},
    )
    interval = forms.TypedChoiceField(
        label="Sync every", coerce=int, error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose one of the intervals in the list.")
    )  # fmt: skip

    def __init__(
        self, config: IntegrationConfig, provider: Provider, offer: Offer, data: Mapping[str, Any] | None = None
    ) -> None:
        self.config, self.provider, self.offer = config, provider, offer
        super().__init__(data, initial=self._present())
        offered = dict.fromkeys(sorted({*INTERVALS, config.interval_minutes}))
        interval, begin = self.fields["interval"], self.fields["begin"]
        interval.choices = [(each, words.interval(each)) for each in offered]  # type: ignore[attr-defined]
        today = timezone.localdate()  # in the venue's zone, which every page speaks in
        bounds = {"type": "date", "min": EARLIEST.isoformat(), "max": today.isoformat()}
        begin.widget = forms.DateInput(format="%Y-%m-%d", attrs=bounds | {"aria-describedby": "begin-hint"})

    def clean(self) -> dict[str, Any]:
        """Return the values. Adds an error while nobody can say which one is to be read."""
        found = super().clean() or {}
        if wishes.is_open(self.config, self.provider) and not self._chosen():
            self.add_error(None, self.offer.silence or f"{self.provider.spec.name} has no {self.place} yet.")
        return found

    def wish(self) -> wishes.Wish:
        """Return what was chosen; what the page did not show is left out, and so stays as it is."""
        wish = wishes.Wish(objects=self.cleaned_data["objects"], interval_minutes=self.cleaned_data["interval"])
        if "begin" in self.data and self.has_sales:
            wish["begin"] = self.cleaned_data["begin"]
        if (chosen := self._chosen()) is not None:
            wish["chosen"] = chosen
        return wish

    def refuse(self, problem: Problem) -> None:
        """Say beside the field, or above all of them, what cannot be."""
        for each in problem.more.get("errors", []):
            name = each["pointer"].rpartition("/")[2]
            self.add_error(name if name in self.fields else None, each["detail"])

    def rows(self) -> list[dict[str, Any]]:
        """Return each object with its hint, whether it is ticked, and which others bring it along."""
        ticked, streams = set(self["objects"].value() or []), self.provider.streams
        return [
            {
                "value": str(each),
                "label": words.capital(words.noun(each, 2)),
                "hint": canonical.OBJECTS[each].hint,
                "ticked": each in ticked,
                "needed_by": [words.noun(other, 2) for other, stream in streams.items() if each in stream.needs],
            }
            for each in streams
        ]

    def places(self) -> list[dict[str, Any]]:
        """Return what there is to choose from; nothing where there is one only."""
        if len(self.offer.options) < 2:
            return []
        ticked = set(self["chosen"].value() or [])
        return [
            {"value": each.id, "label": each.label, "detail": each.detail, "ticked": each.id in ticked}
            for each in self.offer.options
        ]

    @property
    def several(self) -> bool:
        """Return whether more than one place may be chosen."""
        return self.provider.chooser is not None and self.provider.chooser.many

    @property
    def place(self) -> str:
        """Return what the place to read from is called: location, audience."""
        return words.noun(self._kind, 1) if self._kind else ""

    @property
    def all_places(self) -> str:
        """Return its plural."""
        return words.noun(self._kind, 2) if self._kind else ""

    @property
    def has_sales(self) -> bool:
        """Return whether there is anything that a first day bounds."""
        return any(each in SALES for each in self.provider.streams)

    @property
    def _kind(self) -> ObjectType | None:
        return self.provider.chooser.object_type if self.provider.chooser else None

    def _present(self) -> dict[str, Any]:
        stored = [each for each in self.config.chosen.get(self._kind, []) if each in self.offer.ids]
        return {
            "objects": wishes.read_objects(self.provider, self.config.directions),
            "chosen": stored or (self.offer.ids if self.several else self.offer.ids[:1]),
            "begin": self.config.begin,
            "interval": self.config.interval_minutes,
        }

    def _chosen(self) -> dict[str, list[str]] | None:
        """Return the places to read from, None to leave them. All of them, newly ticked, means those to come, too."""
        if self._kind is None or not self.offer.options:
            return None
        if not self.places():
            return {self._kind: self.offer.ids} if wishes.is_open(self.config, self.provider) else None
        if "choosing" not in self.data:
            return None
        ticked, stored = self.cleaned_data["chosen"], self.config.chosen.get(self._kind, [])
        is_all = self.several and set(ticked) == set(self.offer.ids) != set(stored)
        return {} if is_all else {self._kind: ticked}
