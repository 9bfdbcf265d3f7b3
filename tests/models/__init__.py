"""Tests of the models that Freehold makes itself."""
