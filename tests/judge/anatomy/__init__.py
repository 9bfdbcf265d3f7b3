"""Tests of what language models are built of."""
