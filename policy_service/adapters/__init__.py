"""With which technology: one port, one technology, one module."""
