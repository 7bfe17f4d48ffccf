"""The kernel of Yizhan: deciders, the log, committer, subscriptions, ingest and relay. It imports no service."""
