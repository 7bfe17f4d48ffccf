"""The log and the kernel's own tables."""

from alembic import op

from shared.log.schema import create_log

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op.get_bind())
