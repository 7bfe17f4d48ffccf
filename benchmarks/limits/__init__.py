"""Yardsticks: the least code that does the work, and what others offer. No parts of Yizhan."""
