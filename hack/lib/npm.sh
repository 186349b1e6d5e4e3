# shellcheck shell=bash
# npm and what it brings. Source after common.sh and deps.sh; `repo` is the checkout.

# Written when an `npm ci` has ended: an interrupted one leaves none, and is done anew.
modules_stamp=$repo/node_modules/.cricket-lock

lock_hash() { sha256sum "$repo/package-lock.json" | cut -d' ' -f1; }

modules_current() { [ "$(cat "$modules_stamp" 2>/dev/null)" = "$(lock_hash)" ]; }

# Debian's own npm is old but enough: the Node that runs everything comes with the packages.
ensure_npm() { command -v npm >/dev/null || ensure_packages nodejs npm; }

# ensure_node_modules : `npm ci` where the lock file has changed since the last one. A second call side by side waits.
ensure_node_modules() {
  local lock
  modules_current && return 0
  ensure_npm
  exec {lock}<"$repo/package-lock.json"
  flock -n "$lock" || { say 'waiting for another npm ci'; flock "$lock"; }
  modules_current || adopt_modules || install_modules
  exec {lock}<&-
}

# What a developer's own `npm install` left is as good, if npm finds nothing missing. npm writes this file last.
adopt_modules() {
  [ -e "$repo/node_modules/.package-lock.json" ] || return 1
  (cd "$repo" && as_owner npm ls --all >/dev/null 2>&1) || return 1
  lock_hash | as_owner tee "$modules_stamp" >/dev/null
}

install_modules() {
  say "npm ci (a minute or so)"
  rm -rf "$repo/node_modules"
  (cd "$repo" && as_owner npm ci --ignore-scripts --loglevel=error >&2) || die 'npm ci failed: see above'
  lock_hash | as_owner tee "$modules_stamp" >/dev/null
}

# Root leaves no files in a user's checkout that the user cannot remove.
as_owner() {
  local owner home
  owner=$(stat -c %U "$repo")
  if [ "$(id -u)" != 0 ] || [ "$owner" = root ] || [ "$owner" = UNKNOWN ]; then "$@"; return; fi
  home=$(getent passwd "$owner" | cut -d: -f6)
  runuser -u "$owner" -- env HOME="$home" "$@"
}
