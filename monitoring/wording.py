"""Every word an owner reads about a state, once: statuses, results, sentences, times, numbers and money.

Pages, API, mails and the admin take them from here, so that the same thing is called the same everywhere. All pure:
the moment and the venue's zone come in as arguments.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from integrations.providers.errors import ErrorClass
from mappings import canonical
from syncing import choice_words
from syncing.models import LinkState, Outcome, SyncLog, Trigger


class CardStatus(StrEnum):
    """The only six states of a connection that an owner ever sees, in order of precedence."""

    DISCONNECTED = "disconnected"
    REAUTHORISE = "reauthorise"
    PAUSED = "paused"
    SYNCING = "syncing"
    NEEDS_ATTENTION = "needs_attention"
    CONNECTED = "connected"


class Tone(StrEnum):
    """The colour token of a state; never the only sign of it."""

    SUCCESS = "success"
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Look:
    """The word, the colour token and the shape of one state."""

    label: str
    tone: Tone
    shape: str


STATUSES: dict[CardStatus, Look] = {
    CardStatus.CONNECTED: Look("Connected", Tone.SUCCESS, "dot"),
    CardStatus.SYNCING: Look("Syncing", Tone.INFO, "ring"),
    CardStatus.NEEDS_ATTENTION: Look("Needs attention", Tone.WARNING, "triangle"),
    CardStatus.REAUTHORISE: Look("Reconnect needed", Tone.DANGER, "broken-link"),
    CardStatus.PAUSED: Look("Paused", Tone.NEUTRAL, "bars"),
    CardStatus.DISCONNECTED: Look("Not connected", Tone.NEUTRAL, "hollow"),
}
# Which card an owner should see first.
URGENCY = (
    CardStatus.REAUTHORISE,
    CardStatus.NEEDS_ATTENTION,
    CardStatus.SYNCING,
    CardStatus.PAUSED,
    CardStatus.CONNECTED,
    CardStatus.DISCONNECTED,
)
NEED_YOU = frozenset({CardStatus.REAUTHORISE, CardStatus.NEEDS_ATTENTION})

OUTCOMES: dict[str, Look] = {
    Outcome.RUNNING: Look("Running", Tone.INFO, "ring"),
    Outcome.SUCCEEDED: Look("Succeeded", Tone.SUCCESS, "dot"),
    Outcome.PARTLY: Look("Partly succeeded", Tone.WARNING, "triangle"),
    Outcome.FAILED: Look("Failed", Tone.DANGER, "cross"),
    Outcome.STOPPED: Look("Stopped", Tone.NEUTRAL, "bars"),
    Outcome.NOTHING: Look("Skipped", Tone.NEUTRAL, "hollow"),
}
LINK_STATES: dict[str, Look] = {
    LinkState.IN_STEP: Look("Up to date", Tone.SUCCESS, "dot"),
    LinkState.WAITING: Look("Waiting", Tone.INFO, "ring"),
    LinkState.FAILING: Look("Failing", Tone.DANGER, "cross"),
    LinkState.LEFT_OUT: Look("Left out", Tone.NEUTRAL, "bars"),
    LinkState.CONFLICT: Look("Changed on both sides", Tone.WARNING, "triangle"),
    LinkState.DELETED: Look("Deleted", Tone.NEUTRAL, "hollow"),
}
WAITING = Look("Waiting", Tone.INFO, "ring")

TRIGGERS: dict[str, str] = {
    Trigger.FIRST: "the first sync",
    Trigger.OWNER: "a person",
    Trigger.SCHEDULE: "the schedule",
    Trigger.RETRY: "a retry",
    Trigger.STAFF: "our team",
    Trigger.EVENT: "news from the provider",
}
DIRECTIONS: dict[str, str] = {"in": "Into Backline", "out": "To {provider}", "both": "Both ways"}
# What happened to a connection, by the event in its history.
EVENTS: dict[str, str] = {
    "connected": "Connected",
    "access_lost": "The access was lost",
    "access_regained": "The access works again",
    "paused": "Paused",
    "resumed": "Resumed",
    "choice_changed": "What is synced was changed",
    "news_ordered": "Changes there are told to us at once",
    "news_restored": "Changes there were no longer told to us; that was put right",
    "disconnected": "Disconnected",
}
# What only the owner can clear; the rest is tried again by itself or is ours to mend.
OWNER_CLASSES = frozenset(
    {
        ErrorClass.AUTH,
        ErrorClass.PERMISSION,
        ErrorClass.MISSING_VALUE,
        ErrorClass.INVALID_VALUE,
        ErrorClass.DUPLICATE,
        ErrorClass.NOT_FOUND,
        ErrorClass.CONFLICT,
        ErrorClass.BLOCKED,
    }
)


# --- sentences of a card ----------------------------------------------------------------------------------------------


def never_connected(benefit: str) -> str:
    """Return the sentence of a provider that was never connected: "Connect to bring in …"."""
    return f"Connect to {benefit[:1].lower()}{benefit[1:]}"


def disconnected(at: datetime, zone: tzinfo, now: datetime) -> str:
    """Return the sentence of a connection that ended."""
    return f"Disconnected on {day(at, zone, now)}. Your history is kept."


def stopped_accepting(provider: str, at: datetime, zone: tzinfo, now: datetime, waiting: int) -> str:
    """Return the sentence of a connection whose access is gone."""
    return f"{provider} stopped accepting our access on {day_and_time(at, zone, now)}. {_safe(waiting)}"


def sign_in_again(provider: str, ends: datetime, zone: tzinfo, now: datetime) -> str:
    """Return the sentence that even renewed access ends on a day: "QuickBooks asks you to sign in again by 3 Mar"."""
    return f"{provider} asks you to sign in again by {day(ends, zone, now)}."


def paused(by: str, until: datetime | None, reason: str, zone: tzinfo, now: datetime, waiting: int) -> str:
    """Return the sentence of a connection that holds still."""
    person = f" by {by}" if by else ""
    end = f" until {day_and_time(until, zone, now)}" if until else ""
    why = f": {reason.rstrip('.')}" if reason else ""
    return f"Paused{person}{end}{why}. {_waiting(waiting)}"


def progress(label: str, done: int, total: int | None, started_at: datetime, now: datetime) -> str:
    """Return how far a running read is: "Payments: 620 of about 1,900 · started 40 seconds ago"."""
    return f"{label}: {amount_done(done, total)} · started {ago(started_at, now)}"


def amount_done(done: int, total: int | None) -> str:
    """Return "620 of about 1,900", or "620 so far" where the provider does not say how many there are."""
    return f"{number(done)} of about {number(total)}" if total and total >= done else f"{number(done)} so far"


def interrupted(label: str, done: int) -> str:
    """Return the sentence of a run whose worker fell silent."""
    return f"{label}: interrupted after {number(done)}. It goes on by itself from there in a moment; nothing is lost."


def about_to_start(label: str, since: datetime, now: datetime) -> str:
    """Return the sentence of a run that waits for its turn."""
    if now - since < timedelta(minutes=2):
        return f"{label}: starting now"
    return f"{label}: waiting for its turn since {duration((now - since).total_seconds())}"


def in_step(last_success: datetime, counts: Iterable[tuple[int, str]], now: datetime) -> str:
    """Return "Last sync 4 minutes ago · 1,284 customers, 96 products up to date"."""
    listed = ", ".join(f"{number(count)} {words}" for count, words in counts)
    return f"Last sync {ago(last_success, now)}" + (f" · {listed} up to date" if listed else "")


def late(last_success: datetime | None, missed: int, now: datetime) -> str:
    """Return the sentence that a sync is overdue."""
    count = "One sync was missed" if missed == 1 else f"{number(missed)} syncs were missed"
    last = f"the last one finished {ago(last_success, now)}" if last_success else "none has finished yet"
    return f"{count}: {last}. Nothing is lost."


def waiting_to_retry(sentence: str, at: datetime, zone: tzinfo, now: datetime) -> str:
    """Return a failure's sentence with the moment of the next try."""
    return f"{sentence} We go on at {clock(at, zone, now)}. Nothing is lost."


NOT_STARTED = "Nothing has been synced yet. Choose what to bring in, then start the first sync."
NOTHING_YET = "No sync has finished yet."
SAFE_REST = "Everything else still syncs."


def problem(error_class: str, count: int, object_type: str, field_label: str, provider: str, sentence: str) -> str:
    """Return the sentence of a group of records with the same problem."""
    records = plural(object_type, count)
    pattern = _GROUPS.get(error_class)
    if pattern is None:
        return sentence
    return pattern.format(
        records=records,
        field=field_label or "value that is needed",
        provider=provider,
        have="has" if count == 1 else "have",
        were="was" if count == 1 else "were",
    )


def undecided(sentence: str, object_type: str) -> str:
    """Return the sentence of a field that must be filled and was lost."""
    return f"{sentence} {objects_label(object_type)} wait until you choose another field for it. {SAFE_REST}"


_GROUPS: dict[str, str] = {
    ErrorClass.MISSING_VALUE: "{records} {have} no {field}.",
    ErrorClass.INVALID_VALUE: "{records} could not be read as {provider} sent them.",
    ErrorClass.DUPLICATE: "{records} {were} found twice in {provider}.",
    ErrorClass.NOT_FOUND: "{records} {were} deleted in {provider}.",
    ErrorClass.CONFLICT: "{records} {were} changed in {provider} and here since the last sync.",
}


def _safe(waiting: int) -> str:
    return f"Nothing is lost; {changes(waiting)} waiting." if waiting else "Nothing is lost."


def _waiting(waiting: int) -> str:
    return f"{changes(waiting)[:1].upper()}{changes(waiting)[1:]} waiting." if waiting else "Nothing is lost."


def changes(count: int) -> str:
    """Return "1 change is" or "38 changes are"."""
    return "1 change is" if count == 1 else f"{number(count)} changes are"


# --- the verdict over all cards ---------------------------------------------------------------------------------------


def verdict(statuses: Sequence[CardStatus]) -> str:
    """Return one line for a venue: "2 of 4 need you" or that everything is up to date."""
    used = [status for status in statuses if status != CardStatus.DISCONNECTED]
    need = sum(status in NEED_YOU for status in used)
    if not used:
        return "Nothing is connected yet."
    if need:
        return f"{need} of {len(used)} {'needs' if need == 1 else 'need'} you"
    if CardStatus.SYNCING in used:
        return "Syncing now."
    if all(status == CardStatus.PAUSED for status in used):
        return "Everything is paused."
    return "Everything is up to date."


# --- runs -------------------------------------------------------------------------------------------------------------


_RUN_COUNTS = {
    "created": "new",
    "updated": "changed",
    "unchanged": "unchanged",
    "deleted": "deleted",
    "left_out": "left out",
    "failed": "failing",
}


def run_counts(log: SyncLog) -> str:
    """Return "402 checked, 12 new, 383 unchanged, 7 failing", naming only what there was."""
    if log.outcome == Outcome.NOTHING and not log.read:
        return "nothing had changed"
    told = [(getattr(log, name), words) for name, words in _RUN_COUNTS.items()]
    return ", ".join([f"{number(log.read)} checked", *(f"{number(count)} {words}" for count, words in told if count)])


def event(name: str, by: str) -> str:
    """Return what happened to a connection: "Paused by Mia"."""
    words = EVENTS.get(name, name.replace("_", " ").capitalize())
    return f"{words} by {by}" if by else words


# --- objects ----------------------------------------------------------------------------------------------------------


def objects_label(object_type: str) -> str:
    """Return the plural of an object as a heading: "Customers"."""
    return _words(object_type)[1].capitalize()


def plural(object_type: str, count: int) -> str:
    """Return "1 customer" or "1,284 customers"."""
    singular, several = _words(object_type)
    return f"{number(count)} {singular if count == 1 else several}"


def noun(object_type: str, count: int) -> str:
    """Return "customer" or "customers", whichever fits the count."""
    return _words(object_type)[0 if count == 1 else 1]


def direction(word: str, provider: str) -> str:
    """Return which way an object travels, in words."""
    return DIRECTIONS.get(word, "Not synced").format(provider=provider)


def interval(minutes: int) -> str:
    """Return "every 15 minutes"."""
    return choice_words.every(minutes)


_SHAPES = {str(key): shape for key, shape in canonical.OBJECTS.items()}


def _words(object_type: str) -> tuple[str, str]:
    shape = _SHAPES.get(object_type)
    return (shape.singular, shape.plural) if shape else (object_type, f"{object_type}s")


# --- numbers and money ------------------------------------------------------------------------------------------------

# ISO 4217: how many decimals a currency has, where it is not two.
_WITHOUT = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_WITH_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_EXPONENTS = dict.fromkeys(_WITHOUT, 0) | dict.fromkeys(_WITH_THREE, 3)
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}


def number(value: float) -> str:
    """Return a number with grouping: 1,284."""
    return f"{value:,}"


def money(minor: int, currency: str) -> str:
    """Return an amount with its currency: £1,204.50, ¥1,200, KWD 1.250."""
    code = currency.upper()
    decimals = _EXPONENTS.get(code, 2)
    amount = Decimal(abs(minor)).scaleb(-decimals)
    sign = "−" if minor < 0 else ""
    symbol = _SYMBOLS.get(code, f"{code} ")
    return f"{sign}{symbol}{amount:,.{decimals}f}"


# --- times ------------------------------------------------------------------------------------------------------------

_STEPS = ((86_400 * 2, 86_400, "day"), (3_600 * 2, 3_600, "hour"), (60, 60, "minute"), (0, 1, "second"))


def duration(seconds: float) -> str:
    """Return a length of time in one unit: "40 seconds", "4 minutes"."""
    whole = max(0, round(seconds))
    for at_least, unit, name in _STEPS:
        if whole >= at_least:
            count = whole // unit
            return f"{number(count)} {name}{'' if count == 1 else 's'}"
    return "0 seconds"


def ago(moment: datetime, now: datetime) -> str:
    """Return "4 minutes ago"; "just now" for the last few seconds and for clocks that differ a little."""
    seconds = (now - moment).total_seconds()
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def ahead(moment: datetime, now: datetime) -> str:
    """Return "in 4 minutes", or "any moment now" when it is due."""
    seconds = (moment - now).total_seconds()
    return "any moment now" if seconds < 15 else f"in {duration(seconds)}"


def remaining(seconds: float) -> str:
    """Return "about 2 minutes left"."""
    return f"about {duration(seconds)} left"


def took(seconds: float) -> str:
    """Return how long a run took: "0.4 s", "31 s", "2 min 5 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def day(moment: datetime | date, zone: tzinfo, now: datetime) -> str:
    """Return "14 Nov", with the year when it is another one."""
    local = moment.astimezone(zone) if isinstance(moment, datetime) else moment
    text = f"{local.day} {local:%b}"
    return text if local.year == now.astimezone(zone).year else f"{text} {local.year}"


def day_and_time(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return "14 Nov, 09:12" in the venue's zone."""
    return f"{day(moment, zone, now)}, {moment.astimezone(zone):%H:%M}"


def clock(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return "09:12" for a moment of today, "14 Nov, 09:12" for any other."""
    if moment.astimezone(zone).date() == now.astimezone(zone).date():
        return f"{moment.astimezone(zone):%H:%M}"
    return day_and_time(moment, zone, now)


def relative_day(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return "Today", "Yesterday" or "Friday 14 Nov"."""
    local, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    if local == today:
        return "Today"
    return "Yesterday" if local == today - timedelta(days=1) else f"{local:%A} {day(local, zone, now)}"
