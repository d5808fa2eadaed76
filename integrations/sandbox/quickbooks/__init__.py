"""The QuickBooks Online double."""
