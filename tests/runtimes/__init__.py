"""Engines asked for real, each in its runtime; `make runtimes` builds these and runs the tests."""
