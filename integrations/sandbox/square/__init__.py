"""Square as a strict local double."""
