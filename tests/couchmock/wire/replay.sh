#!/bin/sh
# Replays recorded exchanges with a real CouchDB 3.5.0 against couchmock: replay.sh COUCHMOCK FILE...
set -eu
couchmock=$1
shift
dir=$(mktemp -d)
"$couchmock" --listen 127.0.0.1:0 --port-file "$dir/port" --admin admin:secret --log-level off &
pid=$!
trap 'kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
tries=0
until [ -s "$dir/port" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "couchmock did not start" >&2; exit 1; }
  sleep 0.1
done
python3 "$(dirname "$0")/record.py" check --no-5xx "http://admin:secret@127.0.0.1:$(cat "$dir/port")" "$@"
