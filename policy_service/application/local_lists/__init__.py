"""Local authorization lists: who stands on them, in which words, and when another one is due."""
