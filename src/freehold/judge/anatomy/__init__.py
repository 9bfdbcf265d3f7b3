"""What a model is made of, layer by layer, in one form whatever file said it."""
