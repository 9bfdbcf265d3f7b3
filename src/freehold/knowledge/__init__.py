"""Reads the knowledge base (and the user's overlay folder) into frozen dataclasses."""
