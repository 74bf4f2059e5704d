"""Votes, gift codes, linked identities, a chat's daily limit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("people") as people:
        people.add_column(sa.Column("merged_into", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        people.create_foreign_key(op.f("fk_people_merged_into_people"), "people", ["merged_into"], ["id"])
        people.create_index("ix_people_merged_into", ["merged_into"])
    with op.batch_alter_table("chats") as chats:
        chats.add_column(sa.Column("daily_limit", sa.Integer(), nullable=True))
    op.create_table(
        "votes",
        sa.Column("search", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["search"], ["searches.id"], name="fk_votes_search_searches"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_votes_person_id_people"),
        sa.PrimaryKeyConstraint("search", "person_id", name="pk_votes"),
    )
    op.create_table(
        "gifts",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_gifts_person_id_people"),
        sa.PrimaryKeyConstraint("code", name="pk_gifts"),
        sa.UniqueConstraint("batch", "person_id", name="uq_gifts_batch_person_id"),
    )
    op.create_table(
        "link_codes",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_link_codes_person_id_people"),
        sa.PrimaryKeyConstraint("code", name="pk_link_codes"),
    )


def downgrade() -> None:
    op.drop_table("link_codes")
    op.drop_table("gifts")
    op.drop_table("votes")
    with op.batch_alter_table("chats") as chats:
        chats.drop_column("daily_limit")
    with op.batch_alter_table("people") as people:
        people.drop_index("ix_people_merged_into")
        people.drop_constraint(op.f("fk_people_merged_into_people"), type_="foreignkey")
        people.drop_column("merged_into")
