"""Celery's side of the figures."""

from celery import shared_task

from monitoring import figures, recovery


@shared_task
def rebuild_figures() -> None:
    """Derive health and cost anew."""
    figures.rebuild()


@shared_task
def recover_stale() -> None:
    """Let work go on whose worker fell silent."""
    recovery.recover_stale(by=None)
