"""Yardsticks: the least code that does the work with the same guarantees, and what others offer. Not parts of Yizhan."""
