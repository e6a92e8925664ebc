"""How policies are written: text to a checked tree, every mistake with its place; pure, no input or output."""
