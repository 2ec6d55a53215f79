"""Alerts with effects: channels, what was told, sending, and the watch that finds what to tell.

`channels` and `sealing` keep where messages go, `alert_log` what was told and its deliveries,
`apprise_sender` sends, `dispatch` sends what is due, `watch` asks the rules of `budgets/alerts`.
"""
