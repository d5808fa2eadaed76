"""Changes of days and moments: birthdays, the venue’s own day and night, days as they are written. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mappings.change import Change, Context, Unfit

_LATEST = 12  # o’clock at which a night may end
_BIRTHDAY = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})\Z")


def birthday(_context: Context) -> Change:
    """As YYYY-MM-DD, or --MM-DD when the year is not known (Square says 0000, or leaves it out)."""

    def change(value: Any) -> str:
        found = _BIRTHDAY.match(str(value))
        if not found:
            raise Unfit(f"“{value!s:.20}” is not a birthday")
        year, month, day = found.groups()
        try:
            date(int(year) if year and year != "0000" else 2000, int(month), int(day))
        except ValueError as error:
            raise Unfit(f"“{value!s:.20}” is not a birthday") from error
        return f"{year}-{month}-{day}" if year and year != "0000" else f"--{month}-{day}"

    return change


def birthday_without_year(context: Context) -> Change:
    """As 0000-MM-DD, for a provider that keeps no year."""
    read = birthday(context)
    return lambda value: f"0000-{str(read(str(value).removeprefix('--')))[-5:]}"


def birthday_with_year_zero(context: Context) -> Change:
    """As YYYY-MM-DD, or 0000-MM-DD when the year is not known, as Square shows it."""
    read = birthday(context)
    return lambda value: str(read(str(value).removeprefix("--"))).replace("--", "0000-", 1)


def venue_day(context: Context) -> Change:
    """The day on which a moment fell where the venue is."""
    zone = ZoneInfo(context.timezone)

    def change(value: Any) -> str:
        if not isinstance(value, datetime):
            raise Unfit(f"“{value!s:.40}” is not a time")
        try:
            return value.astimezone(zone).date().isoformat()
        except OverflowError as error:
            raise Unfit(f"“{value!s:.40}” lies outside the calendar") from error

    return change


def night_of(context: Context, until: int) -> Change:
    """The day on which the night began that a moment belongs to: where the venue is, before `until` o’clock.

    For houses that sell past midnight: what is sold at two in the morning is of the day before.
    """
    if isinstance(until, bool) or not isinstance(until, int) or not 1 <= until <= _LATEST:
        raise ValueError(f"a night ends from 1 to {_LATEST} o’clock")
    zone = ZoneInfo(context.timezone)

    def change(value: Any) -> str:
        if not isinstance(value, datetime):
            raise Unfit(f"“{value!s:.40}” is not a time")
        try:
            there = value.astimezone(zone)
            return (there.date() - timedelta(days=there.hour < until)).isoformat()
        except OverflowError as error:
            raise Unfit(f"“{value!s:.40}” lies outside the calendar") from error

    return change


def venue_noon(context: Context) -> Change:
    """The middle of a day where the venue is: the moment that is on this day for almost everybody."""
    zone = ZoneInfo(context.timezone)

    def change(value: Any) -> datetime:
        try:
            return datetime.combine(date.fromisoformat(str(value)), time(12), zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Unfit(f"“{value!s:.40}” is not a day") from error

    return change


# How days are written; the names are what an owner chooses from.
DAY_FORMS: dict[str, str] = {
    "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y", "DD.MM.YYYY": "%d.%m.%Y", "YYYY-MM-DD": "%Y-%m-%d",
}  # fmt: skip


def day_written(context: Context, form: str) -> Change:
    """A day as it is written somewhere; of a moment the day where the venue is."""
    there, day_of = DAY_FORMS[form], venue_day(context)

    def change(value: Any) -> str:
        text = str(day_of(value)) if isinstance(value, datetime) else str(value)
        day = _day(text, "%Y-%m-%d")
        return day.strftime(there.replace("%Y", f"{day.year:04}"))

    return change


def day_read(_context: Context, form: str) -> Change:
    """A day that was written in a certain way."""
    here = DAY_FORMS[form]
    return lambda value: _day(str(value).strip(), here).isoformat()


def _day(text: str, form: str) -> date:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise Unfit(f"“{text:.40}” is not a day") from error
