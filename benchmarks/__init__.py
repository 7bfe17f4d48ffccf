"""Benchmarks: what Yizhan reaches beside hand-written limits and peers, in one run. Start: `python -m benchmarks`."""
