#!/bin/sh
# The main job, as a first look: this machine, a choice for a real need, a check and a plan of one model.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

show() {
    printf '\n$ freehold'
    for word in "$@"; do case $word in *' '*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac; done
    printf '\n'
    freehold "$@"
}

show machine
show choose --task transcribe --language French --for commercial --most 3
show check llama-3.2
show plan llama-3.2-1b --context 8k
cat <<'TEXT'

What to try next (put .venv/bin on your PATH, or write .venv/bin/freehold):
  freehold choose --like gpt-4o --openness open-weights    an open alternative
  freehold choose --task chat --for host --users 2M        a chat model to offer to others
  freehold check flux.1-dev                                may I sell what it paints?
  freehold plan qwen3-8b --gpu "RTX 4090"                  does it fit another machine?
  freehold cost --tokens-in 50M --tokens-out 10M --compare gpt-4o,claude-opus-5
  freehold licenses gemma                                  what a license asks
  freehold models --level fully-open                       everything that is fully open
TEXT
