"""The files of the page, served as they are: no build step, nothing from elsewhere."""
