#!/usr/bin/env bash
# Builds the real Dockerfile and runs the image, on a machine without a container engine (Debian, root).
#
#   bash deploy/check-image.sh           build, run, ask, stop, clean up
#   KEEP=1 bash deploy/check-image.sh    leave .image/ (base and storage) for a faster next run
#   TARGET=gpu bash deploy/check-image.sh    the stage with the device back ends, on the software renderers that are in it
#
# The base image cannot be pulled here, so one of the same name is made: Debian's minimal system with the pinned Node 24 and npm where
# the official image has them. Everything after FROM is the Dockerfile's own. The container is started by hand in its own mount and
# process namespaces, with what docker-compose.yml asks for: read-only root, tmpfs on /tmp, the image's user, no capabilities.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
cd "$root"

[[ $(id -u) == 0 ]] || { say 'needs root'; exit 1; }
install_system "buildah buildah" "debootstrap debootstrap" "unshare util-linux" "setpriv util-linux"
with_install_lock install_modules
node=$(find_node)

work=$root/.image
# The very name that the Dockerfile asks for, in the registry that a bare name means.
base=docker.io/library/node:24-bookworm-slim
image=localhost/polyattention:check
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
b() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }

container='' service=''
clean() {
  local status=$?
  [[ -n $service ]] && kill -KILL -- "-$service" 2>/dev/null
  if [[ -n $container ]]; then b umount "$container" >/dev/null 2>&1; b rm "$container" >/dev/null 2>&1; fi
  [[ ${KEEP:-} == 1 ]] || rm -rf "$work"
  exit "$status"
}
trap clean EXIT

timed() {
  local from=$SECONDS what=$1
  shift
  "$@"
  say "$what: $((SECONDS - from)) s"
}

# ── the stand-in for the base image ──────────────────────────────────────────────────────────────────────────────────────────────
make_base() {
  local tree=$work/base package
  rm -rf "$tree"
  debootstrap --variant=minbase bookworm "$tree" >"$work/debootstrap.log" 2>&1 || { tail -20 "$work/debootstrap.log"; return 1; }
  package=$(echo "$root"/node_modules/node/node_modules/node-linux-*)
  cp -a "$package/bin" "$package/include" "$tree/usr/local/"
  mkdir -p "$tree/usr/local/lib/node_modules"
  cp -aL "$(PATH=$(machine_path) npm root -g)/npm" "$tree/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  chroot "$tree" useradd --uid 1000 --create-home --shell /bin/bash node
  trust_what_this_machine_trusts "$tree"
  tar -C "$tree" -cf "$work/base.tar" .
  rm -rf "$tree"
}

# A network that this machine reaches through an authority or apt settings of its own is reached so in the build, too.
trust_what_this_machine_trusts() {
  local tree=$1 authorities=/etc/ssl/certs/ca-certificates.crt
  cp /etc/apt/apt.conf.d/* "$tree/etc/apt/apt.conf.d/" 2>/dev/null || true
  [[ -f $authorities ]] || return 0
  mkdir -p "$tree/etc/ssl/certs" "$tree/usr/local/etc"
  cp "$authorities" "$tree$authorities"
  printf 'cafile=%s\n' "$authorities" >"$tree/usr/local/etc/npmrc"
}

commit_base() {
  local scratch
  scratch=$(b from scratch)
  b add -q "$scratch" "$work/base.tar" / >/dev/null
  b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$scratch"
  b commit -q "$scratch" "$base" >/dev/null
  b rm "$scratch" >/dev/null
}

mkdir -p "$work"
if [[ ! -f $work/base.tar ]]; then timed 'base system' make_base; fi
b inspect --type image "$base" >/dev/null 2>&1 || timed 'base image' commit_base

# ── the real Dockerfile ──────────────────────────────────────────────────────────────────────────────────────────────────────────
build() {
  b bud --pull=never --layers=false --format docker -t "$image" --target "${TARGET:-runtime}" \
    --build-arg VERSION="$("$node" -p 'require("./package.json").version')" \
    --build-arg REVISION="$(git rev-parse HEAD)" --build-arg CREATED="$(date -u +%FT%TZ)" . >"$work/build.log" 2>&1 ||
    { tail -40 "$work/build.log"; return 1; }
}
timed 'docker build' build

inspect() { b inspect --type image --format "$1" "$image"; }
user=$(inspect '{{.Docker.Config.User}}')
directory=$(inspect '{{.Docker.Config.WorkingDir}}')
mapfile -t command < <(inspect '{{range .Docker.Config.Cmd}}{{println .}}{{end}}' | sed '/^$/d')
mapfile -t probe < <(inspect '{{range .Docker.Config.Healthcheck.Test}}{{println .}}{{end}}' | sed '/^$/d; 1d')
mapfile -t environment < <(inspect '{{range .Docker.Config.Env}}{{println .}}{{end}}' | sed '/^$/d')
say "image: user $user, directory $directory, command: ${command[*]}, health check: ${probe[*]}"
# shellcheck disable=SC2016
inspect '{{range $key, $value := .Docker.Config.Labels}}{{println $key $value}}{{end}}' | sed '/^$/d; s/^/   /'
[[ $user == 1000 && ${#probe[@]} -gt 0 ]] || { say 'the image must name its user and its health check'; exit 1; }

# ── run it ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
container=$(b from --pull=never "$image")
tree=$(b mount "$container")
say "root file system: $(du -sh --apparent-size "$tree" | cut -f1) with the base, $(du -sh --apparent-size "$tree$directory" | cut -f1) of it the service"
if find "$tree$directory" ! -user 0 -print -quit | grep -q .; then say 'files of the service that root does not own'; exit 1; fi
port=$("$node" -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
url=http://127.0.0.1:$port

# inside COMMAND...: read-only root, tmpfs on /tmp, the image's user and environment, no capabilities, no way to new privileges.
# shellcheck disable=SC2016
inside='
  set -e
  tree=$1 directory=$2 user=$3; shift 3
  mount --make-rprivate /
  mount --bind "$tree" "$tree"
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  mount -o remount,ro,bind "$tree"
  mount -t tmpfs tmpfs "$tree/tmp"
  exec chroot "$tree" /usr/bin/setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --reuid="$user" --regid="$user" \
    --clear-groups -- sh -c "cd $directory && exec \"\$@\"" sh "$@"'
become_image() {
  exec env -i "${environment[@]}" PORT="$port" unshare --mount --propagation private "$BASH" -c "$inside" inside "$tree" "$directory" "$user" "$@"
}
in_image() { (become_image "$@"); }

set -m
become_image "${command[@]}" >"$work/service.log" 2>&1 &
service=$!
set +m
started=$SECONDS
until in_image "${probe[@]}"; do
  if ! kill -0 "$service" 2>/dev/null || ((SECONDS - started > 60)); then
    cat "$work/service.log"
    say 'the container did not start'
    exit 1
  fi
  sleep 0.3
done
say "health check passed after $((SECONDS - started)) s"

must() { say "$1"; shift; "$@" || { cat "$work/service.log"; exit 1; }; }
refused() { ! "$@" 2>/dev/null; }
must 'runs as its user' grep -qE "^Uid:\s+$user\s+$user\s+$user" "/proc/$service/status"
must 'has no capabilities and can gain none' grep -qE '^CapBnd:\s+0+$' "/proc/$service/status"
must 'its root is read-only' refused in_image touch "$directory/src/written"
must '/tmp can be written' in_image touch /tmp/written
must 'it answers' "$node" deploy/ask.ts "$url"
if [[ ${TARGET:-} == gpu ]]; then must 'its devices answer' "$node" deploy/ask.ts "$url" gpu webgpu; fi

# ── stop it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
started=$SECONDS
kill -TERM "$service"
status=0
wait "$service" || status=$?
service=''
say "stopped after $((SECONDS - started)) s with status $status"
((status == 0)) || { cat "$work/service.log"; exit 1; }
say 'what the service said:'
sed 's/^/   /' "$work/service.log" | cut -c1-240 | tail -20
say 'the image builds, runs, answers and stops'
