"""Findings as files that other programs read: one format a module, each a function from a report to text."""
