"""What a migration runs so that a table stands behind the wall between venues. See `integrations/walls.py`."""

from django.db.migrations.operations.special import RunSQL

from integrations.walls import APP, PLATFORM_ROLE, STAFF_ROLE

# What a row must have to be one of the venues that are seen. A function's answer is asked for once in a statement, and
# hashed: compared one after the other, a thousand venues would cost a thousand comparisons for each row.
OF_VENUE = "{column} IN (SELECT unnest(backline_venues()))"
OF_CONNECTION = "{column} IN (SELECT unnest(backline_connections()))"
# Roles belong to all databases of a server, and two of them may be set up at once.
_ROLES = f"""
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['{APP}', '{STAFF_ROLE}', '{PLATFORM_ROLE}'] LOOP
        FOR attempt IN 1..20 LOOP
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted);
                END IF;
                IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
                    EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
                END IF;
                EXIT;
            EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN
                PERFORM pg_sleep(0.1);
            END;
        END LOOP;
    END LOOP;
END
$$;
"""
_RIGHTS = """
GRANT USAGE ON SCHEMA public TO {roles};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {roles};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {roles};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {roles};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {roles};
""".format(roles=f"{APP}, {STAFF_ROLE}, {PLATFORM_ROLE}")
_SHUT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY whole_house ON {table} TO {whole} USING (true) WITH CHECK (true);
CREATE POLICY own_venues ON {table} TO {app} USING ({seen}) WITH CHECK ({kept});
"""
_OPEN = """
DROP POLICY own_venues ON {table};
DROP POLICY whole_house ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
"""


def roles() -> RunSQL:
    """Return the making of the three roles, and what they may do with every table, now and later."""
    return RunSQL(_ROLES + _RIGHTS, RunSQL.noop)


def answers(name: str, query: str) -> RunSQL:
    """Return the making of a function that answers with an array of ids, as who owns the tables."""
    make = (
        f"CREATE FUNCTION {name}() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER"
        f" SET search_path = public, pg_temp AS $$ {query} $$"
    )
    return RunSQL(make, f"DROP FUNCTION {name}()")


def shut(table: str, which: str, column: str = "", *, also_seen: str = "") -> RunSQL:
    """Return the shutting of a table: rows of which `which` is true are seen and kept, `also_seen` ones only seen."""
    kept = which.format(column=column)
    seen = f"{kept} OR {also_seen}" if also_seen else kept
    whole = f"{STAFF_ROLE}, {PLATFORM_ROLE}"
    return RunSQL(_SHUT.format(table=table, whole=whole, app=APP, seen=seen, kept=kept), _OPEN.format(table=table))
