"""Content that can be erased: one key for each subject, and what has become of erased references."""

from alembic import op

from shared.log.schema import create_content

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_content(op.get_bind())
