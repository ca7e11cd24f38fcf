"""What a Postgres role may do with the evidence: granted to the runtime's role, reported to `doctor`.

The owner of a table can drop its triggers; a role that may only read and insert cannot change what was recorded.
"""

from __future__ import annotations

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from bridge.errors import NeedsOperator
from bridge.store.engine import translate_database_errors
from bridge.store.schema.retention_tables import evidence_heads
from bridge.store.schema.tables import evidence, evidence_head, metadata

ALL_PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE"
TABLE_PRIVILEGES = {
    evidence.name: "SELECT, INSERT",
    evidence_heads.name: "SELECT, INSERT, UPDATE (token, anchored_at, attempts, last_error)",
    evidence_head.name: "SELECT, UPDATE",
    "alembic_version": "SELECT",
}
CHANGE_PRIVILEGES = ("UPDATE", "DELETE", "TRUNCATE")
SELECT_ROLE_OWNS_EVIDENCE = text(
    "SELECT pg_has_role(rolname, relowner, 'MEMBER') FROM pg_roles, pg_class "
    "WHERE rolname = :role AND pg_class.oid = 'evidence'::regclass"
)
SELECT_USER_OWNS_EVIDENCE = text(
    "SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = 'evidence'::regclass"
)
SELECT_CAN_CHANGE_EVIDENCE = text(
    "SELECT has_any_column_privilege('evidence', 'UPDATE') OR has_table_privilege('evidence', :deeds)"
)


def grant_runtime_role(engine: Engine, role: str) -> None:
    """Grant a role what the bridge needs to run, and on the evidence only SELECT and INSERT. Repeating is safe.

    Run as the owner of the tables. Raises NeedsOperator where the role does not exist or owns the tables, and on SQLite,
    which has no roles.
    """
    if engine.dialect.name != "postgresql":
        raise NeedsOperator("only Postgres knows roles: --runtime-role needs a Postgres database")
    name = engine.dialect.identifier_preparer.quote_identifier(role)
    with translate_database_errors(engine), engine.begin() as connection:
        owns = connection.execute(SELECT_ROLE_OWNS_EVIDENCE, {"role": role}).scalar()
        if owns is None:
            raise NeedsOperator("the runtime role does not exist: create it first, with LOGIN and a password")
        if owns:
            raise NeedsOperator("the runtime role owns the tables, or is a superuser: use another one")
        schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
        for table in [*(each.name for each in metadata.sorted_tables), "alembic_version"]:
            connection.execute(text(f"REVOKE ALL ON {schema}.{table} FROM {name}"))
            privileges = TABLE_PRIVILEGES.get(table, ALL_PRIVILEGES)
            connection.execute(text(f"GRANT {privileges} ON {schema}.{table} TO {name}"))


def is_append_only(engine: Engine) -> bool | None:
    """Return whether the role of this connection can only add to the evidence.

    False: it was granted changes. None: it owns the table, or this is SQLite, so that only the triggers refuse.
    """
    if engine.dialect.name != "postgresql":
        return None
    with translate_database_errors(engine), engine.connect() as connection:
        if connection.scalar(SELECT_USER_OWNS_EVIDENCE):
            return None
        return not connection.scalar(SELECT_CAN_CHANGE_EVIDENCE, {"deeds": ",".join(CHANGE_PRIVILEGES)})


def database_user(url: str) -> str:
    """Return the user in a database URL; '' where there is none."""
    return make_url(url).username or ""
