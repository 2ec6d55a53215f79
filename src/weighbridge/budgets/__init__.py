"""Limits on spend and rate."""
