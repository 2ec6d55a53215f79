"""Whose call it is: tracking tokens, headers, URL prefix, labels, policy."""
