"""Servers that are asked over HTTP, one a module."""
