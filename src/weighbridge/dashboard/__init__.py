"""The dashboard: pages over the one query model, each a permalink with JSON and CSV of itself.

A page is a function from a `Desk` (`asking`: state of the address, figures that its reader may
see, the time) to a `Content` (`content`: tiles, facts, tables as values). To add one:

1. write `pages/NAME.py` with `def NAME(desk: Desk) -> Content`; ask by `desk.ask(query)` with
   queries of `desk.state.question(desk.span, ...)`, link by `desk.state.query_string(...)`, so
   that range, zone and filters go along. `pages/groups` makes tables of a dimension's values,
   `pages/tiles` figures against the period before, `pages/pictures` charts over time;
2. charts are a second function, `def charts(desk) -> tuple[Chart, ...]`, for each is asked for
   on its own, by the browser, after the page: its closure queries, nothing before it;
3. add a line to `PAGES` in `site`: address, title, heading in the navigation, role. Routes for
   HTML, `.json`, `.csv` and charts, navigation, keys and tests follow from that line.

What a reader may change is a `Form` (`forms`) in the content's `forms`. It is sent to its own page,
whose `act` takes it as an `Errand` (`errands`) and gives an `Outcome`: where to go, or what is
wrong, which the page then shows beside its fields. No script is needed for any of it.

`templates/page.html` draws every `Content`. A page that needs more names a template of its own
that extends it; its macros are in `templates/parts.html`, its inks in `static/weighbridge.css`.
"""
