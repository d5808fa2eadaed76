"""Lets ``python -m integrations.sandbox`` start the server."""

import sys

from integrations.sandbox.server import main

if __name__ == "__main__":
    sys.exit(main(None))
