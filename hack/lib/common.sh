# shellcheck shell=bash
# Words that every script of hack/ shares. Source it; it changes nothing by itself but `cricket_cache`.

# Where built tools and test inputs are kept between runs: outside the clone, which may be thrown away.
cricket_cache=${CRICKET_CACHE:-/var/cache/cricket-lab}

# One line per phase, on stderr: stdout belongs to a script's answer.
say() { printf '==> %s\n' "$*" >&2; }

# die MESSAGE [CODE]
die() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit "${2:-1}"
}

need_root() { [ "$(id -u)" = 0 ] || die 'needs root: run it with sudo'; }

# take_lock NAME ... drop_lock : one at a time on this machine, across processes. The kernel drops the lock when its last
# holder dies, so a killed run never blocks the next one. (Not `with_lock COMMAND || ...`: bash would ignore -e within.)
take_lock() {
  mkdir -p "$cricket_cache/locks"
  exec {lock_fd}>"$cricket_cache/locks/$1"
  flock -n "$lock_fd" || { say "waiting for another run ($1)"; flock "$lock_fd"; }
}

drop_lock() { exec {lock_fd}>&-; }

# log_step FILE ... log_done : between the two, a failure of the script shows the end of FILE.
# (Not `(...) >FILE || die`: bash ignores -e within.)
log_step() {
  step_log=$1
  trap '[ $? = 0 ] || [ -z "$step_log" ] || { tail -n 20 "$step_log"; say "failed: $step_log has all of it"; } >&2' EXIT
}

log_done() {
  rm -f "$step_log"
  step_log=
}
