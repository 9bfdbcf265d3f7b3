#!/bin/sh
# The main job, as a first look: this machine, a check and a plan of one model, a choice for a need in words.
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
show check llama-3.2
show plan llama-3.2-1b --context 8k
show choose "I need to transcribe French calls on my 8 GB laptop, commercially" --most 3 --explain
cat <<'TEXT'

What to try next (put .venv/bin on your PATH, or write .venv/bin/freehold):
  freehold choose "like GPT-4o, but with open weights"      in your own words, in four languages
  freehold choose --task chat --for host --users 2M        a chat model to offer to others
  freehold check flux.1-dev                                may I sell what it paints?
  freehold plan qwen3-8b --gpu "RTX 4090"                  does it fit another machine?
  freehold cost --tokens-in 50M --tokens-out 10M --compare gpt-4o,claude-opus-5
  freehold licenses gemma                                  what a license asks
  freehold models --level fully-open                       everything that is fully open
TEXT
