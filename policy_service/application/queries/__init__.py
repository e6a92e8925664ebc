"""What answers something: one question a module."""
