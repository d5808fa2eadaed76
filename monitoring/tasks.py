"""Celery's side of the figures."""

from celery import shared_task

from monitoring import figures


@shared_task
def rebuild_figures() -> None:
    """Derive health and cost anew."""
    figures.rebuild()
