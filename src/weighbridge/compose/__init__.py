"""Puts concrete parts together; the only package that knows which class fills which port."""
