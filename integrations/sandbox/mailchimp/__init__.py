"""Mailchimp Marketing as a strict local double."""
