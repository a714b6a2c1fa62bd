# Sourced by the other scripts: where the project lies, and how they talk.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)

bold= red= green= plain=
if [ -t 1 ] && [ -t 2 ]; then
  bold=$'\033[1m' red=$'\033[31m' green=$'\033[32m' plain=$'\033[0m'
fi

step() { printf '%s== %s%s\n' "$bold" "$*" "$plain" >&2; }
note() { printf '   %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
# The comment at the top of the calling script is its manual.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }
