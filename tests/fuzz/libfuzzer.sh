#!/bin/sh
# libfuzzer.sh PROGRAMS FOLDER SECONDS: each parser for so long under libFuzzer, beginning with good input and with what it found before in
# FOLDER/NAME. A finding is left there as crash-*, is told in libFuzzer's words, and ends this.
set -eu
for name in request response websocket frame feed document answers target cursor proxy name scenario; do
  mkdir -p "$2/$name"
  "$1/parsers_fuzz" "$name" --write "$2/$name"
  log=$2/$name.log
  if ! DAVENPORT_PARSER=$name "$1/parsers_libfuzzer" -max_total_time="$3" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="$2/$name/" "$2/$name" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "$name: a finding, in $2/$name" >&2
    exit 1
  fi
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") cases, $(ls "$2/$name" | wc -l) kept"
done
