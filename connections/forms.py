"""What an owner may send from the connection pages."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone


class KeyForm(forms.Form):
    """A pasted key. The field is never filled again: what was typed leaves no trace in a page."""

    key = forms.CharField(
        label="Access key",
        max_length=400,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "aria-describedby": "key-hint"}),
        error_messages={"required": "Paste the key first."},
    )


class PauseForm(forms.Form):
    """Until when syncs hold still, and why."""

    UNTIL = [
        ("", "until I resume it"),
        ("hour", "for one hour"),
        ("tomorrow", "until tomorrow, 09:00"),
        ("week", "for a week"),
    ]
    until = forms.ChoiceField(label="Pause", choices=UNTIL, required=False)
    reason = forms.CharField(
        label="Why (your colleagues will see it)",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def ends_at(self) -> datetime | None:
        """Return the moment the pause ends, in the venue's zone; None for one without an end."""
        now = timezone.localtime()
        tomorrow = timezone.make_aware(datetime.combine(now.date() + timedelta(days=1), time(9)))
        ends: dict[str, Any] = {"hour": now + timedelta(hours=1), "tomorrow": tomorrow, "week": now + timedelta(days=7)}
        return ends.get(self.cleaned_data["until"])
