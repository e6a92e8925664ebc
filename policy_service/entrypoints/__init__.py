"""How the service is asked: over HTTP and on the command line."""
