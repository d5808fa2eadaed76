"""The providers Backline knows, written out."""

from integrations.providers.base import Provider
from integrations.providers.square import SQUARE

PROVIDERS: dict[str, Provider] = {
    SQUARE.spec.key: SQUARE,
}
