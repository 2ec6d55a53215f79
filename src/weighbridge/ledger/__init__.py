"""The row of every exchange: journal, recovery, loading, stores."""
