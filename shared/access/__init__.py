"""Who may do what: one table per service, which is enforced, is the documentation, and makes its own tests."""
