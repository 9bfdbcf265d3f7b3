"""One file per action: the only place that puts the parts together."""
