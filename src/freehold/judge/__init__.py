"""Verdicts computed from facts: pure functions, each answer with its reasons."""
