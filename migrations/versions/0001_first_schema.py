"""The first schema: people, searches, answers, the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: SQLite numbers rows by itself only in an INTEGER column.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "admin_actions",
        sa.Column("id", ID, nullable=False),
        sa.Column("event", sa.String(length=200), nullable=True),
        sa.Column("by", sa.String(length=96), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=96), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_admin_actions"),
        sa.UniqueConstraint("event", name="uq_admin_actions_event"),
    )
    op.create_table(
        "answers",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("matches", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("fresh_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_answers"),
    )
    op.create_index("ix_answers_stored_at", "answers", ["stored_at"])
    op.create_table(
        "chats",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("chat", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("region", sa.String(length=4), nullable=True),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("platform", "chat", name="pk_chats"),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    op.create_table(
        "forgotten",
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=True),
        sa.Column("blocked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_forgotten"),
    )
    op.create_table(
        "people",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("region", sa.String(length=4), nullable=True),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_table(
        "spending",
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=96), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("period", "scope", name="pk_spending"),
    )
    op.create_table(
        "entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.BigInteger(), nullable=True),
        sa.Column("event", sa.String(length=200), nullable=True),
        sa.Column("hold_id", ID, nullable=True),
        sa.Column("search", sa.String(length=16), nullable=True),
        sa.Column("uncertain", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by", sa.String(length=96), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind in ('capture', 'release')) = (hold_id is not null)", name="ck_entries_resolution"),
        sa.CheckConstraint("kind in ('grant', 'hold', 'capture', 'release', 'adjust')", name="ck_entries_kind"),
        sa.ForeignKeyConstraint(["hold_id"], ["entries.id"], name="fk_entries_hold_id_entries"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_entries_person_id_people"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("event", name="uq_entries_event"),
        sa.UniqueConstraint("hold_id", name="uq_entries_hold_id"),
    )
    op.create_index("ix_entries_kind_at", "entries", ["kind", "at"])
    op.create_index("ix_entries_person_id_ends_on", "entries", ["person_id", "ends_on"])
    op.create_index("ix_entries_search", "entries", ["search"], sqlite_where=sa.text("search IS NOT NULL"))
    op.create_table(
        "identities",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_identities_person_id_people"),
        sa.PrimaryKeyConstraint("platform", "user", name="pk_identities"),
    )
    op.create_index("ix_identities_person_id", "identities", ["person_id"])
    op.create_table(
        "searches",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=200), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("chat", sa.String(length=64), nullable=False),
        sa.Column("thread", sa.String(length=64), nullable=True),
        sa.Column("message", sa.String(length=64), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=True),
        sa.Column("album", sa.String(length=200), nullable=True),
        sa.Column("answer", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("hint", sa.Text(), nullable=True),
        sa.Column("region", sa.String(length=4), nullable=True),
        sa.Column("fresh", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("charge", sa.String(length=8), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("answer_key", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state in ('received', 'offered', 'asked', 'settled', 'replied')", name="ck_searches_state"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_searches_person_id_people"),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
        sa.UniqueConstraint("event", name="uq_searches_event"),
    )
    op.create_index("ix_searches_album", "searches", ["album"], sqlite_where=sa.text("album IS NOT NULL"))
    op.create_index("ix_searches_file", "searches", ["file", "received_at"], sqlite_where=sa.text("file IS NOT NULL"))
    op.create_index("ix_searches_person_id_received_at", "searches", ["person_id", "received_at"])
    op.create_index("ix_searches_received_at", "searches", ["received_at"])
    op.create_index(
        "ix_searches_unfinished",
        "searches",
        ["state"],
        sqlite_where=sa.text("state IN ('received', 'asked', 'settled')"),
        postgresql_where=sa.text("state IN ('received', 'asked', 'settled')"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_searches_unfinished",
        table_name="searches",
        sqlite_where=sa.text("state IN ('received', 'asked', 'settled')"),
        postgresql_where=sa.text("state IN ('received', 'asked', 'settled')"),
    )
    op.drop_index("ix_searches_received_at", table_name="searches")
    op.drop_index("ix_searches_person_id_received_at", table_name="searches")
    op.drop_index("ix_searches_file", table_name="searches", sqlite_where=sa.text("file IS NOT NULL"))
    op.drop_index("ix_searches_album", table_name="searches", sqlite_where=sa.text("album IS NOT NULL"))
    op.drop_table("searches")
    op.drop_index("ix_identities_person_id", table_name="identities")
    op.drop_table("identities")
    op.drop_index("ix_entries_search", table_name="entries", sqlite_where=sa.text("search IS NOT NULL"))
    op.drop_index("ix_entries_person_id_ends_on", table_name="entries")
    op.drop_index("ix_entries_kind_at", table_name="entries")
    op.drop_table("entries")
    op.drop_table("spending")
    op.drop_table("people")
    op.drop_table("forgotten")
    op.drop_table("facts")
    op.drop_table("chats")
    op.drop_index("ix_answers_stored_at", table_name="answers")
    op.drop_table("answers")
    op.drop_table("admin_actions")
