"""The rules, one a file: each has a ``find`` that yields what it finds."""
