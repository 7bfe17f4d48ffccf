"""The log and the kernel's own tables. Logs of 0001, which was never released, have another hash chain."""

from alembic import op

from shared.log.schema import create_log

revision = "0002"
down_revision = None


def upgrade() -> None:
    create_log(op.get_bind())
