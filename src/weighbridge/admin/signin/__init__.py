"""Pages of signing in, of choosing a password by a one-time link, and of signing out."""
