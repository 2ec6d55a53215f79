"""Weighbridge: a gateway that weighs every call to Google's Gemini API and keeps none of it."""

__version__ = "0.1.0"
