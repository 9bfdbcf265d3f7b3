"""Follows Python pickles without ever running one: opcodes, a simulated machine, layouts."""
