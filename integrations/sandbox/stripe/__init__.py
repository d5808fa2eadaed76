"""Stripe as a strict local double."""
