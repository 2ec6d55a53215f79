"""Rules of alerts, pure: figures and the time in, occurrences out.

One module per rule. Rules for future edits: a rule gives the same key for the same occurrence,
whichever process asks and however often; money is whole pico-dollars; a message says what, the
figures, and what to do, and holds nothing but names that attribution and configuration gave.
Counterpart: `control/alerting` gathers the figures and keeps what was found.
"""
