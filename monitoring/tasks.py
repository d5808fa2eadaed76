"""Celery's side of the figures and the mails."""

from celery import shared_task

from monitoring import figures, mails


@shared_task
def rebuild_figures() -> None:
    """Derive health and cost anew."""
    figures.rebuild()


@shared_task
def tell_owners() -> None:
    """Ask owners to reconnect what no longer accepts our access."""
    mails.ask_to_reconnect()
