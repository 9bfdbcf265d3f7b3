"""How much memory a model takes on one machine and one engine, by parts, before it is there."""
