"""Alembic's migrations of the control database, packaged and run at start."""
