# shellcheck shell=bash disable=SC2034
# Shared by scripts/start, scripts/test and scripts/demo: what the project needs on a machine, and how it gets it. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything the project asks of the system, and nowhere else: "what package", where what is a command, lib:NAME a shared library, or a
# driver. The service needs none of it; a compiler adds the `native` back end and, with python3, the addon of the `gpu` one; the libraries are what
# ANGLE and Dawn open at run time, down to the software renderers. python3 also runs the Python example and the tests of Python clients.
compiler_needs=("g++ g++" "make make")
device_needs=("python3 python3" "lib:libX11.so.6 libx11-6" "lib:libXext.so.6 libxext6" "lib:libxcb.so.1 libxcb1" "lib:libdrm.so.2 libdrm2"
  "lib:libvulkan.so.1 libvulkan1" "driver:vulkan mesa-vulkan-drivers" "lib:libEGL.so.1 libegl1" "driver:gl libgl1-mesa-dri")
test_needs=("${compiler_needs[@]}" "${device_needs[@]}" "git git" "sha256sum coreutils")
python_needs=("python3 python3" "python3-venv python3-venv")

say() { printf '── %s\n' "$*"; }

# Under `npm start` node_modules/.bin comes first on PATH. npm itself must not run on a Node that `npm ci` is about to delete.
machine_path() {
  local entry kept=()
  while IFS= read -r -d : entry; do
    case $entry in *node_modules/.bin | *node-gyp-bin) ;; *) kept+=("$entry") ;; esac
  done <<<"$PATH:"
  local IFS=:
  printf '%s' "${kept[*]}"
}

has_need() {
  case $1 in
    # Debian ships the module without what creates an environment, so asking for `venv` alone is not enough.
    python3-venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
    lib:*) PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep -F "${1#lib:} " >/dev/null ;;
    driver:vulkan) compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null ;;
    driver:gl) compgen -G '/usr/lib/*/dri/*_dri.so' >/dev/null || compgen -G '/usr/lib*/dri/*_dri.so' >/dev/null ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

missing_packages() {
  local need
  for need in "$@"; do has_need "${need% *}" || printf '%s\n' "${need#* }"; done | sort -u
}

# install_system "need"...: true when all of them are there at the end. Installs only as root on a Debian-like system.
install_system() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return 0
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null 2>&1; then
    say "installing system packages: ${missing[*]}"
    timeout 300 apt-get update -q >/dev/null || say 'apt-get update failed; trying with the lists there are'
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -q --no-install-recommends "${missing[@]}" || true
    hash -r
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) && return 0
  fi
  say "missing system packages, to be installed by hand: ${missing[*]}"
  return 1
}

# The stamp names what is installed; a lockfile that changed since, or a node_modules that npm did not finish, installs again.
modules_stamp() { sha256sum "$root/package-lock.json" | cut -d' ' -f1; }

install_modules() {
  local stamp_file=$root/node_modules/.installed
  [[ -f $stamp_file && $(<"$stamp_file") == "$(modules_stamp)" ]] && return 0
  if ! PATH=$(machine_path) command -v npm >/dev/null 2>&1; then
    say 'npm is missing: install Node.js 20 or later with npm'
    return 1
  fi
  say 'installing node modules (npm ci)'
  # No install scripts: that of gl would look for a prebuilt addon on the network, and compile for npm's Node. scripts/build-device does it.
  (cd "$root" && PATH=$(machine_path) npm ci --ignore-scripts) || return 1
  place_pinned_node || return 1
  modules_stamp >"$stamp_file"
}

# The `node` package fetches its binary in an install script. Scripts are switched off, so it is run by hand, this one alone.
place_pinned_node() {
  [[ -x $root/node_modules/.bin/node && -e $root/node_modules/.bin/node ]] && return 0
  (cd "$root/node_modules/node" && PATH=$(machine_path) node installArchSpecificPackage.js) || return 1
  mkdir -p "$root/node_modules/.bin"
  ln -sf ../node/bin/node "$root/node_modules/.bin/node"
}

# .venv holds test/requirements.txt, for the tests of Python clients and the generator of the SDK.
install_python() {
  local venv=$root/.venv stamp
  stamp=$(sha256sum "$root/test/requirements.txt" | cut -d' ' -f1)
  [[ -f $venv/.installed && $(<"$venv/.installed") == "$stamp" ]] && return 0
  say 'installing python packages into .venv'
  python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/test/requirements.txt" &&
    printf '%s' "$stamp" >"$venv/.installed"
}

# Prints the Node that runs the service: the machine's own from 24 on, otherwise the pinned one.
find_node() {
  local own
  own=$(PATH=$(machine_path) command -v node || true)
  if [[ -n $own ]] && (($("$own" -p 'process.versions.node.split(".")[0]') >= 24)); then
    printf '%s' "$own"
  elif [[ -x $root/node_modules/.bin/node ]]; then
    printf '%s' "$root/node_modules/.bin/node"
  else
    say 'no Node 24 here: neither on PATH nor in node_modules/.bin' >&2
    return 1
  fi
}

# One installation at a time, whoever asks: `npm start` and `npm test` share node_modules.
with_install_lock() {
  mkdir -p "$root/build"
  if command -v flock >/dev/null 2>&1; then
    (flock 9 && "$@") 9>"$root/build/.install.lock"
  else
    "$@"
  fi
}
