"""Asked over HTTP: the FastAPI application, its problems, its routes and its server."""
