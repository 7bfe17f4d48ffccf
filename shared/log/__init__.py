"""The log: every event a service knows, append-only, densely positioned, chained; see `schema.sql` for its contract."""
