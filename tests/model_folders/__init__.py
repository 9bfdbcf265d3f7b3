"""Example folders after the models that people compare, one table row each."""
