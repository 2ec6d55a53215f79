"""One query model behind API, command line, dashboard and export.

`query.parse_query` reads a `CostQuery`, `service.ReportService` runs it, `result.QueryResult`
is the answer; `charts` draws it. Charts are imported by name only where one is drawn: Altair
takes half a second to load.
"""
