"""One query model behind API, command line, dashboard and export."""
