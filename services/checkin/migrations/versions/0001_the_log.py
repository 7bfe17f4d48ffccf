"""The log and the kernel's own tables."""

from alembic import op

from shared.log.schema import ddl

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ddl())
