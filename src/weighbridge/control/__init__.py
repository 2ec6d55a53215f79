"""The control side: tokens and keys, policy to workers, loading, supervision."""
