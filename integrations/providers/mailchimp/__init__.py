"""Mailchimp: audiences, their fields and their contacts; and a store of ours with products and orders."""

from integrations.providers.base import Provider
from integrations.providers.mailchimp import client, outlets, streams
from integrations.providers.mailchimp.auth import MailchimpCheck, MailchimpEntrance, MailchimpKey, MailchimpOAuth
from integrations.providers.mailchimp.chooser import AudienceChooser
from integrations.providers.mailchimp.registrar import MailchimpRegistrar
from integrations.providers.mailchimp.schema import MailchimpSchema
from integrations.providers.mailchimp.spec import SPEC
from integrations.providers.mailchimp.webhooks import MailchimpWebhooks

MAILCHIMP = Provider(
    spec=SPEC,
    check=MailchimpCheck(),
    streams=streams.STREAMS,
    outlets=outlets.OUTLETS,
    oauth=MailchimpOAuth(),
    key_auth=MailchimpKey(),
    webhooks=MailchimpWebhooks(),
    registrar=MailchimpRegistrar(),
    entrance=MailchimpEntrance(),
    chooser=AudienceChooser(),
    classify=client.classify,
    schema=MailchimpSchema(),
)
