"""Settings: pages that show what the gateway goes by, and forms that change it."""
