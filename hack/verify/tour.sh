#!/usr/bin/env bash
# Runs the README's tour as a newcomer would type it, and stops at the first line that fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
script=$(awk '/^## /{ tour = /^## A tour/ } tour && /^```/{ inside = /^```sh/; next } tour && inside' README.md)
[[ -n $script ]] || { echo 'The README has no tour'; exit 1; }
bash -euo pipefail -c "PS4='$ '; set -x; $script"
echo '✓ The tour works as the README tells it.'
