#!/bin/sh
#SBATCH --job-name=chat-sweep
#SBATCH --array=1-50
#SBATCH --cpus-per-task=4
#SBATCH --output=out/fleet/%a.log
# A sweep as a Slurm array: mkdir -p out/fleet; sbatch scenarios/fleet/slurm.sh; when it is over, add up:
#   chatsim sweep scenarios/swarm.yaml $(printf -- '--merge %s ' out/fleet/*.json)
chatsim sweep "${SCENARIO:-scenarios/swarm.yaml}" --seeds "${SEEDS:-1..1000000}" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --threads "$SLURM_CPUS_PER_TASK" --all \
  --out out/fleet --json "out/fleet/$SLURM_ARRAY_TASK_ID.json"
