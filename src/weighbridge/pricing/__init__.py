"""Prices: the dated price book, and the exact charges of a usage."""
