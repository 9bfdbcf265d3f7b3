"""Where models are published: what lies around a model is fetched, never the weights."""
