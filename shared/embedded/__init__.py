"""Real Kafka and real PostgreSQL for a laptop, a test run or a CI machine, with nothing installed beforehand.

`infra.start()` is the door. The servers run as child processes of a small guard each, so that they end when their
parent ends, however it ends. What a run keeps lies in `.yizhan/<instance>/`; what all runs share (Kafka's jars) lies in
the user's cache folder.
"""
