"""Freehold's own small model: `freehold-seed.gguf` lies beside this file."""
