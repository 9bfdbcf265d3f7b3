"""Engines with their real runtimes: tiny models in the layouts of their publishers."""
