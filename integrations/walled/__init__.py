"""PostgreSQL as Django knows it, with the wall of `integrations/walls.py` told to it. Named in `DATABASES`."""
