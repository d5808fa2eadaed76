"""What went wrong, in a sentence for the person at the terminal."""


class LaunchError(Exception):
    """Something cannot go on; its text says what and what to do about it."""
