"""Where rows live: one module an engine, one protocol for all."""
