# shellcheck shell=bash
# The service that hack/up starts and hack/down ends. Source after common.sh.

cricket_lib=/usr/lib/cricket
cricket=$cricket_lib/current/bin/cricket
unit=/etc/systemd/system/cricket.service
service_log=/var/log/cricket.log
# Seconds until the socket must answer, and until a daemon that was asked to end must be gone.
start_timeout=60
stop_timeout=40

under_systemd() { [ -d /run/systemd/system ]; }

# The settings that hack/ needs, from the configuration in force: service_socket, service_root, … Fails when it is refused.
read_settings() {
  local settings
  settings=$("$cricket" config --format json) || return
  {
    read -r service_socket
    read -r service_root
    read -r service_state
    read -r service_cgroup
    read -r service_bridge
  } < <("$cricket_lib/current/bin/node" -e '
    const { socket, root, state, cgroup, network } = JSON.parse(process.argv[1]);
    console.log([socket, root, state, cgroup.parent || "default", network.bridge].join("\n"));' "$settings")
}

# Where no program is installed that could tell them.
default_settings() {
  service_root=/var/lib/cricket
  service_state=/run/cricket
  service_socket=$service_state/cricket.sock
  service_cgroup=default
  service_bridge=cricket0
}

# Prints the pid of the running service, wherever its binary is by now; fails when there is none.
service_pid() {
  local pid
  if under_systemd; then
    pid=$(systemctl show --property MainPID --value cricket.service 2>/dev/null || true)
  else
    pid=$(cat "${service_state:-/run/cricket}/cricket.pid" 2>/dev/null || true)
  fi
  [[ $pid =~ ^[1-9][0-9]*$ ]] && [[ $(readlink "/proc/$pid/exe" || true) == "$cricket_lib"/*/bin/node* ]] && echo "$pid"
}

# The service runs the build that is installed.
service_is_current() {
  [ "$(readlink "/proc/$1/exe")" = "$cricket_lib/$(readlink "$cricket_lib/current")/bin/node" ]
}

ensure_service() {
  local pid
  if under_systemd; then install_unit; fi
  if ! pid=$(service_pid); then
    say 'starting the service'
    if under_systemd; then systemctl enable --quiet cricket.service; fi
    start_service
  elif ! service_is_current "$pid" || [ "${unit_changed-}" ]; then
    say 'restarting the service: its build changed (containers go on running)'
    restart_service "$pid"
  else
    say "the service runs (pid $pid)"
  fi
  await_socket
}

install_unit() {
  if cmp -s "$cricket_lib/current/cricket.service" "$unit"; then return; fi
  install -D -m 644 "$cricket_lib/current/cricket.service" "$unit"
  systemctl daemon-reload
  unit_changed=1
}

start_service() {
  if under_systemd; then
    systemctl start cricket.service || { journalctl -u cricket.service -n 20 --no-pager >&2; die 'the service does not start'; }
    return
  fi
  say "no systemd here: it runs detached, with its log in $service_log"
  # In / and without our descriptors: it must hold neither a folder nor a lock of ours.
  (cd / && exec setsid "$cricket" serve >>"$service_log" 2>&1 </dev/null {lock_fd}>&-) &
  started_pid=$!
}

restart_service() {
  if under_systemd; then
    systemctl restart cricket.service
  else
    stop_service "$1"
    start_service
  fi
}

# stop_service PID : asks it to end, and ends it when it does not. Containers go on running.
stop_service() {
  local waited=0
  if under_systemd; then
    systemctl stop cricket.service
    return
  fi
  kill -TERM "$1" 2>/dev/null || return 0
  while [ -d "/proc/$1" ] && [ "$(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null)" != Z ]; do
    [ $((waited += 1)) -lt $((stop_timeout * 10)) ] || { say "pid $1 does not end: killing it"; kill -KILL "$1"; return; }
    sleep 0.1
  done
}

await_socket() {
  local waited=0
  until [ -S "$service_socket" ] && service_pid >/dev/null; do
    if [ -n "${started_pid-}" ] && ! kill -0 "$started_pid" 2>/dev/null; then
      tail -n 20 "$service_log" >&2
      die "the service ended at once: its log is $service_log"
    fi
    [ $((waited += 1)) -lt $((start_timeout * 10)) ] || die "no socket $service_socket after $start_timeout s"
    sleep 0.1
  done
}

has_pods() { [ -n "$(ls -A "$service_root/pods" 2>/dev/null)" ]; }

# remove_pods COMMAND... : through the daemon where it can be had, by remove-pods. What it cannot remove is left to a sweep.
remove_pods() {
  if has_pods && [ -x "$cricket" ] && ! service_pid >/dev/null; then
    say 'starting the service once more, to remove its pods'
    (start_service && await_socket) || return 0
  fi
  service_pid >/dev/null || return 0
  "$@" "$service_socket" || say 'not all pods could be removed: sweeping'
}

# sweep_kernel COMMAND... : by sweep, what the service left in the kernel once it has ended.
sweep_kernel() {
  local instance
  instance=$(cat "$service_root/instance" 2>/dev/null || true)
  "$@" "$service_root" "$service_state" "$service_cgroup" "$service_bridge" ${instance:+"$instance"}
}
