"""Invented GGUF models with the layouts of real architectures, as headers or as whole files."""
