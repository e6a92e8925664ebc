"""Engines that are called in process, one a module."""
