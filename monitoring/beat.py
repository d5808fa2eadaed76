"""What beat holds: a handful of entries, one for each kind of work, never one for each connection."""

from datetime import timedelta

from django_celery_beat.models import IntervalSchedule, PeriodicTask

# name -> (task, every). Which connections are concerned is one query in the task.
ENTRIES: dict[str, tuple[str, timedelta]] = {
    "due-syncs": ("syncing.tasks.due", timedelta(seconds=10)),
    "sweep": ("syncing.tasks.sweep", timedelta(seconds=30)),
    "recover-stale": ("monitoring.tasks.recover_stale", timedelta(seconds=30)),
    "renew-access": ("syncing.tasks.renew_access", timedelta(minutes=10)),
    "look-at-fields": ("syncing.tasks.look_at_fields", timedelta(minutes=1)),
    "reconcile": ("webhooks.tasks.reconcile", timedelta(minutes=1)),
    "tend-webhooks": ("webhooks.tasks.tend", timedelta(minutes=10)),
    "tell-owners": ("monitoring.tasks.tell_owners", timedelta(minutes=1)),
    "forget-answers": ("monitoring.tasks.forget_answers", timedelta(hours=1)),
    "figures": ("monitoring.tasks.rebuild_figures", timedelta(minutes=10)),
}


def refresh() -> int:
    """Write the entries into beat's tables and return how many there are; what staff switched off stays off."""
    for name, (task, every) in ENTRIES.items():
        schedule, _ = IntervalSchedule.objects.get_or_create(
            every=int(every.total_seconds()), period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.update_or_create(
            name=name, defaults={"task": task, "interval": schedule, "expire_seconds": int(every.total_seconds())}
        )
    PeriodicTask.objects.filter(task__startswith="syncing.").exclude(name__in=ENTRIES).delete()
    return len(ENTRIES)
