"""Programs that run models, one file each; `base.py` says how to add one."""
