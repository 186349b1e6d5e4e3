# shellcheck shell=bash
# The program as it is installed, in a folder of its own. Source after common.sh; `repo` is the checkout.

# Debian's name of this machine's architecture, and npm's name of one of Debian's.
machine_arch() { case $(uname -m) in aarch64 | arm64) echo arm64 ;; *) echo amd64 ;; esac; }
npm_arch() { case $1 in amd64) echo x64 ;; arm64) echo arm64 ;; *) die "no architecture \"$1\": amd64 or arm64" 2 ;; esac; }

# stage_program FOLDER ARCH : compiled JavaScript, its packages, its own Node, the command, the unit.
stage_program() {
  local arch
  arch=$(npm_arch "$2")
  compile "$1"
  copy_packages "$1" "$arch"
  copy_node "$1" "$arch"
  write_command "$1"
}

compile() {
  say 'compiling'
  # Types are held by hack/check.
  (cd "$repo" && hack/node hack/lib/bundle.ts "$1/dist" "$1/libexec" hack/lib/down/remove-pods.ts hack/lib/down/sweep.ts)
  (cd "$repo" && cp -r package.json LICENSE docs hack/systemd/cricket.service "$1" && cp hack/lib/service.sh "$1/libexec")
}

# What is built for one architecture comes in packages of npm, named by the lock file.
copy_packages() {
  local folder=$1 arch=$2 package koffi=node_modules/@koromix/koffi-linux-$2
  cd "$repo"
  while read -r package; do
    case $package in */koffi-linux-*) ;; *) cp -a --parents -t "$folder" "$package" ;; esac
  done < <(hack/node hack/lib/production-packages.ts)
  mkdir -p "$folder/$koffi"
  cp -a "$(npm_package "$koffi")/." "$folder/$koffi"
  remove_unneeded "$folder/node_modules"
  cd - >/dev/null
}

# What runs nothing: types, maps, sources of what is built, the library for another C library.
remove_unneeded() {
  find "$1" -type f \( -name '*.d.ts' -o -name '*.d.[cm]ts' -o -name '*.map' -o -name '*.tsbuildinfo*' -o -name .npmignore \) -delete
  rm -rf "$1"/koffi/{lib,vendor,doc,cnoke.cjs} "$1"/@koromix/*/musl_*
  find "$1/koffi" -type f ! -name '*.js' ! -name '*.cjs' ! -name package.json ! -name LICENSE.txt -delete
  find "$1" -depth -type d -empty -delete
  find "$1" -type f -exec chmod 644 {} +
  [ "$(id -u)" != 0 ] || chown -R 0:0 "$1"
}

copy_node() {
  install -D -m 755 "$(npm_package "node_modules/node-linux-$2")/bin/node" "$1/bin/node"
  install -m 644 "$(npm_package "node_modules/node-linux-$2")/LICENSE" "$1/bin/LICENSE.node"
}

# npm_package FOLDER : where the package is that the lock file has as FOLDER; `npm ci` brought it, or the registry does.
npm_package() {
  local package=${1#node_modules/} wanted found
  if [ -d "$repo/$1" ]; then echo "$repo/$1"; return; fi
  (cd "$repo" && hack/node hack/lib/package/fetch.ts "$package" "$cricket_cache/npm")
}

# A young generation of 1 MB: garbage of short calls, which would else take 30 MB before anyone looks at it. Two arenas of
# the C library: with one for each of a dozen threads, 10 MB more lie there free. Blocks from 128 KiB are mapped and unmapped
# one by one: glibc would else take ever larger ones from its arenas, up to 32 MB, once one of that size was freed, and what
# lies between them could not be given back (mallopt(3), M_MMAP_THRESHOLD: dynamic unless set).
write_command() {
  cat >"$1/bin/cricket" <<'SH'
#!/bin/sh
self=$(readlink -f "$0")
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-/var/cache/cricket} MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX-2} \
  MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_-131072} \
  exec "${self%/bin/cricket}/bin/node" --max-semi-space-size=1 --optimize-for-size "${self%/bin/cricket}/dist/main.js" "$@"
SH
  chmod 755 "$1/bin/cricket"
}

# Points the link $2 at $1 in one step: nobody ever finds it missing.
relink() {
  mkdir -p "$(dirname "$2")"
  ln -sfnT "$1" "$2.new"
  mv -fT "$2.new" "$2"
}
