"""Every event of every service, one file for each service; `registry.py` puts them together."""
