#!/bin/sh
# One load from many machines at nodes that run already, and one report over all of it.
#   STORE=http://user:password@store:5984/chat scenarios/fleet/generators.sh FILE 10 'n1=http://a:8080 n2=http://b:8080' [options of parallel, as --sshloginfile hosts]
# All machines need the same FILE and build, clocks that agree (NTP), and OUT as a folder that they share.
# Exit code: that of the merged run; 2 if a generator's history is missing.
set -eu
scenario=$1 count=$2 nodes=$3
shift 3
chatsim=${CHATSIM:-chatsim} folder=${OUT:-out/generators}
attach=$(for node in $nodes; do printf -- "--attach '%s' " "$node"; done)
mkdir -p "$folder"
seq "$count" | parallel --halt never --jobs "$count" "$@" \
  "'$chatsim' run '$scenario' --world process $attach --store '$STORE' --generator {}/$count --start-at $(($(date +%s) + ${LEAD:-20})) --out '$folder'" || true
exec "$chatsim" merge "$folder"/*-process-*of"$count" --out "$folder/merged"
