"""Square: points of sale, orders, payments and payouts."""

from integrations.providers.base import Provider
from integrations.providers.square import client, streams
from integrations.providers.square.auth import SquareCheck, SquareKey, SquareOAuth
from integrations.providers.square.chooser import LocationChooser
from integrations.providers.square.event_list import SquareEventList
from integrations.providers.square.registrar import SquareRegistrar
from integrations.providers.square.schema import SquareSchema
from integrations.providers.square.spec import SPEC
from integrations.providers.square.webhooks import SquareWebhooks

SQUARE = Provider(
    spec=SPEC,
    check=SquareCheck(),
    streams=streams.STREAMS,
    oauth=SquareOAuth(),
    key_auth=SquareKey(),
    webhooks=SquareWebhooks(),
    event_list=SquareEventList(),
    registrar=SquareRegistrar(),
    chooser=LocationChooser(),
    classify=client.classify,
    schema=SquareSchema(),
)
