"""Generated requests: Schemathesis writes and judges, our own client sends.

Schemathesis works in a process of its own (:mod:`~.schemathesis_process`), for what it loads
changes Hypothesis for everyone beside it, and what Hypothesis draws depends on the modules that
happen to be imported: the same seed would give other requests from one run to the next.
"""
