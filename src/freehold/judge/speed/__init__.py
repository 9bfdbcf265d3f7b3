"""How fast a model will run on a machine: from bytes read and operations done, with intervals."""
