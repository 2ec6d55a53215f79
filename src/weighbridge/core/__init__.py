"""Values that every other package speaks in: money, usage, labels, exchanges, outcomes, ids.

Rules for future edits: the standard library and msgspec only, no I/O, no clock (time is an
argument), no wire names of any provider.
"""
