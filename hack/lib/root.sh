# shellcheck shell=bash
# Source after common.sh.

# become_root "$@" : goes on as root, through sudo where needed, with the words the script was called with.
become_root() {
  # A root that came by `su` has the path of a user.
  export PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || die 'needs root, and there is no sudo here: run it as root'
  say 'needs root: asking sudo'
  exec sudo --preserve-env=CRICKET_CACHE,NO_COLOR,http_proxy,https_proxy,no_proxy -- "$(readlink -f "$0")" "$@"
}

# ensure_hugetlb : on a machine with cgroup v1 controllers crun wants all of them as v1; hugetlb is often left out.
# `cricket-up` in the table of mounts says who did it, and hack/down undoes it.
ensure_hugetlb() {
  local path=/sys/fs/cgroup/hugetlb
  [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] && ! mountpoint -q "$path" || return 0
  awk '$1 == "hugetlb" && $4 == 1 { found = 1 } END { exit !found }' /proc/cgroups || return 0
  say "mounting the hugetlb controller at $path, where crun looks for it"
  mkdir -p "$path"
  mount -t cgroup -o hugetlb cricket-up "$path" ||
    die "cannot mount cgroup hugetlb: is it in use as v2? (see /sys/fs/cgroup/unified/cgroup.controllers)"
}
