"""Spans, metrics and logs; every name is declared once, in `names.py`."""
