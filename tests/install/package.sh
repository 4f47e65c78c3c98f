#!/bin/sh
# The package davenport-node in a fresh Debian root: install, start, chat, upgrade, remove, purge.
#   package.sh FOLDER_OF_PACKAGES SCRATCH [FOLDER_OF_OLDER_PACKAGES]     as root; needs mmdebstrap and the network
# The upgrade is from the older package, the last release's (last_release.sh makes it), or from this one under a lower version where there is none.
set -eu
packages=$1
scratch=$2
older=${3:-}
rm -rf "$scratch"
mkdir -p "$scratch"
root=$scratch/root
fail() { echo "package.sh: $*" >&2; exit 1; }
inside() { chroot "$root" env LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
port=8080

mmdebstrap --quiet --variant=minbase --include=adduser,curl,ca-certificates bookworm "$root"
mount -t proc proc "$root/proc"
trap 'kill ${node:-} 2>/dev/null || true; sleep 1; umount "$root/proc"; rm -rf "$scratch"' EXIT
cp "$packages"/davenport-node_*.deb "$root/node.deb"

start() {
  chroot "$root" setpriv --reuid davenport --regid davenport --clear-groups chatnode --config /etc/davenport/chatnode.yaml \
    --listen 127.0.0.1:$port --port-file /var/lib/davenport/port 2>"$scratch/node.log" &
  node=$!
  for _ in $(seq 100); do
    inside curl -sf -o /dev/null "127.0.0.1:$port/healthz" && return 0
    sleep 0.2
  done
  cat "$scratch/node.log" >&2
  fail "the node did not start"
}
stop() { kill -TERM "$node"; wait "$node" || fail "the node ended with $?"; node=""; }
hello() { inside curl -s "127.0.0.1:$port/api/rooms/lobby/poll" | grep -q '"text":"hello from the package"'; }

if [ -n "$(ls "$older"/davenport-node_*.deb 2>/dev/null)" ]; then
  cp "$older"/davenport-node_*.deb "$root/older.deb"
else
  dpkg-deb -R "$root/node.deb" "$scratch/older"
  sed -i 's/^Version: .*/Version: 0.0.1/' "$scratch/older/DEBIAN/control"
  dpkg-deb -b "$scratch/older" "$root/older.deb" >/dev/null
fi
version() { dpkg-deb -f "$root/$1.deb" Version; }
dpkg --compare-versions "$(version older)" lt "$(version node)" || fail "$(version node) is no upgrade of $(version older)"

inside apt-get -qq update
inside apt-get -qq install -y --no-install-recommends /older.deb >/dev/null
inside chatnode --config /etc/davenport/chatnode.yaml --check-config | grep -q valid || fail "the packaged settings are not valid"
[ "$(inside stat -c '%U %a' /var/lib/davenport)" = "davenport 700" ] || fail "the journal's folder is not the node's own"
start
say() {
  inside curl -sf "127.0.0.1:$port/api/rooms/lobby/messages" -H 'Content-Type: application/json' -d "{\"user\": \"ann\", \"text\": \"$1\"}" >/dev/null ||
    fail "a post was refused: $1"
}
poll() { inside curl -s "127.0.0.1:$port/api/rooms/lobby/poll${1:-}"; }
say 'hello from the package'
hello || fail "the message is not in the room"
next=$(poll | sed 's/.*"next":"\([^"]*\)".*/\1/')

# An upgrade in the middle of a conversation: who polled before goes on where they were, and sees what was said after, once.
stop
echo '# changed by hand' >>"$root/etc/davenport/chatnode.yaml"
inside apt-get -qq install -y --no-install-recommends -o Dpkg::Options::=--force-confold /node.deb >/dev/null
grep -q 'changed by hand' "$root/etc/davenport/chatnode.yaml" || fail "an upgrade lost settings"
inside chatnode --config /etc/davenport/chatnode.yaml --check-config | grep -q valid || fail "the settings of $(version older) are not valid for $(version node)"
start
hello || fail "an upgrade lost a message"
inside chatnode status "http://127.0.0.1:$port" | grep -q 'takes posts' || fail "the upgraded node says that it takes no posts"
say 'after the upgrade'
told=$(poll "?after=$next")
[ "$(printf %s "$told" | grep -o '"text":"[^"]*"')" = '"text":"after the upgrade"' ] || fail "who polled before the upgrade is told: $told"
stop

inside apt-get -qq remove -y davenport-node >/dev/null
[ -e "$root/var/lib/davenport/chat.journal" ] || fail "removal took the journal"
inside apt-get -qq install -y --no-install-recommends /node.deb >/dev/null
inside apt-get -qq purge -y davenport-node >/dev/null
[ -e "$root/var/lib/davenport/chat.journal" ] || fail "a purge that nobody answered took the journal"
[ ! -e "$root/etc/davenport" ] || fail "a purge left settings"
inside apt-get -qq install -y --no-install-recommends /node.deb >/dev/null
echo 'davenport-node davenport-node/remove-journal boolean true' | inside debconf-set-selections
inside apt-get -qq purge -y davenport-node >/dev/null
[ ! -e "$root/var/lib/davenport" ] || fail "a purge that was told to remove the journal kept it"
echo "installed $(version older), started, chatted, upgraded to $(version node), chatted on, removed, purged"
