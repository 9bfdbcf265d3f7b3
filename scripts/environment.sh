#!/bin/sh
# Build .venv from nothing: sh scripts/environment.sh [run|dev]
# Needs Python 3.11 or newer. Where Debian's Python comes without venv, it is installed (as root)
# or virtualenv or uv is used if one is there.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}
python=${PYTHON:-python3}

"$python" - <<'PY' || exit 4
import sys
if sys.version_info < (3, 11):
    sys.exit(f"error: Freehold needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}\n"
             "hint:  PYTHON=/path/to/python3.11 make run")
PY

make_venv() {
    "$python" -m venv .venv >/dev/null 2>&1 && return
    rm -rf .venv
    if command -v virtualenv >/dev/null 2>&1; then virtualenv -q -p "$python" .venv && return; fi
    if command -v uv >/dev/null 2>&1; then uv venv -q --seed -p "$python" .venv && return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing python3-venv, which Debian keeps apart from Python" >&2
        { apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv; } >/dev/null 2>&1
        "$python" -m venv .venv >/dev/null 2>&1 && return
    fi
    echo "error: this Python cannot make a virtual environment" >&2
    echo "hint:  sudo apt install python3-venv, then run this again" >&2
    exit 4
}

[ -x .venv/bin/python ] || make_venv
what="."
[ "$kind" = dev ] && what=".[dev]"
install() { PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install -q --root-user-action=ignore -c constraints.txt "$@"; }
install -e "$what"
# Our own small model and the engine that runs it: without them a plain parser reads needs in words.
if [ "$kind" = run ]; then
    install xllamacpp ./models/freehold-seed/package ||
        echo "note:  no llama.cpp for this machine, so a plain parser reads needs in words" >&2
fi
