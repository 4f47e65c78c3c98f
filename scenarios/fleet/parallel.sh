#!/bin/sh
# A sweep on all machines that GNU parallel knows, in parts, and their results added up.
#   scenarios/fleet/parallel.sh scenarios/swarm.yaml 1..100000 [PARTS [options of parallel, as --sshloginfile hosts]]
# Exit code: 0 all passed, 1 some failed, 2 a part is missing (run it again: what is done is not done twice).
set -eu
scenario=$1 seeds=$2 parts=${3:-10}
[ $# -gt 3 ] && shift 3 || shift $#
chatsim=${CHATSIM:-chatsim} folder=${OUT:-out/fleet}
mkdir -p "$folder"
seq "$parts" | parallel --halt never "$@" \
  "test -s '$folder/{}.json' || '$chatsim' sweep '$scenario' --seeds $seeds --shard {}/$parts --all --out '$folder' --json '$folder/{}.json'" || true
exec "$chatsim" sweep "$scenario" $(find "$folder" -maxdepth 1 -name '*.json' -size +0 -exec printf -- '--merge %s ' {} +)
