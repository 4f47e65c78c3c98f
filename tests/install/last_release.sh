#!/bin/sh
# Makes the package davenport-node of the last release (the last tag before this commit), to upgrade from; nothing where there is no tag.
#   last_release.sh SCRATCH        leaves it in SCRATCH/packages; what is there of the same tag is kept
# DAVENPORT_LAST_RELEASE names another commit than the last tag.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$1
last=${DAVENPORT_LAST_RELEASE:-$(git -C "$source" describe --tags --abbrev=0 HEAD^ 2>/dev/null || true)}
[ -n "$last" ] || { echo "last_release.sh: no release has a tag"; exit 0; }
[ "$(cat "$scratch/of" 2>/dev/null)" != "$last" ] || exit 0
rm -rf "$scratch"
mkdir -p "$scratch"
git clone -q --no-checkout "$source" "$scratch/source"
git -C "$scratch/source" checkout -q "$last"
cmake -S "$scratch/source" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
ninja -C "$scratch/build" chatnode >"$scratch/log" 2>&1 || { grep -v '^\[' "$scratch/log" >&2; exit 1; }
cpack --config "$scratch/build/CPackConfig.cmake" -B "$scratch/packages" -D 'CPACK_COMPONENTS_ALL=node;package_node' >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
rm -rf "$scratch/packages/_CPack_Packages" "$scratch/source" "$scratch/build"
echo "$last" >"$scratch/of"
