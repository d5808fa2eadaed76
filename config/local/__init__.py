"""What `./backline` is made of: one machine, one command.

Only the standard library is imported here, never Django: all of it works before `.venv` exists.
"""
