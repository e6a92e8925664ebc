"""How policies are written: text to checked policies, without input or output."""
