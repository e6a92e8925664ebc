"""Types of what is used of PyPI `ocpp`, which tells none itself. Messages and answers are dataclasses, left as Any."""
