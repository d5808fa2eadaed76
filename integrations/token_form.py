"""What a person may send to make a token, and the words for what it may do."""

from collections.abc import Sequence
from typing import Any

from django import forms

from integrations.api_tokens import LIFETIME, LIFETIMES
from integrations.models import Scope

# scope -> (its word, what it means)
MAY: dict[str, tuple[str, str]] = {
    Scope.READ: ("Read", "See what is connected, what was synced and your records."),
    Scope.OPERATE: ("Read and operate", "Also start syncs and write records."),
    Scope.MANAGE: ("Manage", "Also connect with keys, disconnect and change rules."),
}


class TokenForm(forms.Form):
    """A name, what it may do, and for how long."""

    name = forms.CharField(max_length=80, error_messages={"required": "Give it a name, so that you know it again."})
    scope = forms.ChoiceField(initial=Scope.READ, error_messages={"invalid_choice": "Choose one of these."})
    days = forms.TypedChoiceField(
        choices=[(days, f"{days} days") for days in LIFETIMES], coerce=int, initial=LIFETIME,
        error_messages={"invalid_choice": "Choose one of these."},
    )  # fmt: skip

    def __init__(self, *args: Any, offered: Sequence[Scope], **more: Any) -> None:
        super().__init__(*args, **more)
        self.offered = [(str(scope), *MAY[scope]) for scope in offered]
        self.fields["scope"].choices = [(scope, word) for scope, word, _ in self.offered]  # type: ignore[attr-defined]

    def wish(self) -> dict[str, Any]:
        """Return what `api_tokens.make` takes."""
        given = self.cleaned_data
        return {"name": given["name"], "scopes": [given["scope"]], "days": given["days"]}
