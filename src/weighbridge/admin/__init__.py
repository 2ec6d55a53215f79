"""The admin HTTP API: one router a resource."""
