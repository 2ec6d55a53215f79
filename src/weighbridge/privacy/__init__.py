"""What may leave the data plane: redaction for logs and errors."""
