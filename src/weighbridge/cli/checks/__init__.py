"""What `weighbridge doctor` looks at, one kind of thing a file; each gives findings."""
