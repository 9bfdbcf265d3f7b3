"""Readers of the files around a model: bounded, never executing; what is wrong is BrokenInput."""
