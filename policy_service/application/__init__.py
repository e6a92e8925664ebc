"""What the service does: commands and queries over ports, asynchronous, free of any technology."""
