"""Alembic's entry; the work is the same for every service."""

from shared.migrating import run_revisions

run_revisions()
