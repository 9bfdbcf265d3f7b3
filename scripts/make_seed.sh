#!/bin/sh
# Makes models/freehold-seed from nothing: its own environment, data, training, files, figures.
set -eu
cd "$(dirname "$0")/.."
work=build/seed
python=${PYTHON:-python3}
[ -x "$work/venv/bin/python" ] || "$python" -m venv "$work/venv"
PIP_DISABLE_PIP_VERSION_CHECK=1 "$work/venv/bin/python" -m pip install -q --root-user-action=ignore \
    -c constraints.txt \
    -e . -r models/freehold-seed/recipe/requirements.txt
PYTHONPATH=models/freehold-seed/package/src "$work/venv/bin/python" models/freehold-seed/recipe/make.py "$work"
