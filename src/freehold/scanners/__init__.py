"""Checks whether files are safe to load, one kind of danger in each file; nothing is executed."""
