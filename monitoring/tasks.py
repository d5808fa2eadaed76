"""Celery's side of the figures and the mails."""

from celery import shared_task

from integrations import idempotency
from monitoring import figures, mails, recovery


@shared_task
def rebuild_figures() -> None:
    """Derive health and cost anew."""
    figures.rebuild()


@shared_task
def recover_stale() -> None:
    """Let work go on whose worker fell silent."""
    recovery.recover_stale(by=None)


@shared_task
def tell_owners() -> None:
    """Ask owners to reconnect what no longer accepts our access, and to decide about fields that were lost."""
    mails.ask_to_reconnect()
    mails.ask_to_decide()


@shared_task
def forget_answers() -> None:
    """Forget the answers of yesterday's requests."""
    idempotency.purge()
