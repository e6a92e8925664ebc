"""Tells chargers their modes in time, and to forget whom they have let in where that has become too much."""
