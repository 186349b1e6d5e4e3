# shellcheck shell=bash
# Debian packages that hack/ needs. Source after common.sh.

# What the service itself runs with; a package of it depends on these.
service_packages=(crun conmon catatonit nftables iproute2 util-linux ca-certificates)
# The demo pod of hack/up on top.
up_packages=("${service_packages[@]}" busybox-static)
# What the tests need on top: a registry, peers to compare with, a browser, a compiler for the image fixtures.
test_packages=(
  runc containernetworking-plugins containerd docker-registry skopeo umoci prometheus openssl strace iptables libcap2-bin
  apparmor dbus sudo groff-base chromium jq procps gcc libc6-dev make bzip2 dpkg-dev python3 kmod e2fsprogs fuse3
)
# What builds a newer crun.
crun_packages=(gcc libc6-dev make autoconf automake libtool pkg-config python3 dpkg-dev libcap-dev libseccomp-dev libsystemd-dev)
# A machine with another kernel.
vm_packages=(qemu-system-x86 busybox-static kmod cpio xz-utils e2fsprogs)

package_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# ensure_packages NAME... : installs what is missing and starts none of the services that come with it.
ensure_packages() {
  local name missing=()
  for name in "$@"; do package_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  need_root
  command -v apt-get >/dev/null || die "missing packages, and this is no Debian: ${missing[*]}"
  take_lock apt
  install_packages "${missing[@]}"
  drop_lock
}

install_packages() {
  local log=$cricket_cache/apt.log
  if ! apt-cache show "$@" >/dev/null 2>&1; then update_package_lists; fi
  say "installing $*"
  if apt_quietly install "$@" >"$log" 2>&1; then return; fi
  # An apt-get that was interrupted left that to the next one.
  if grep -q 'dpkg --configure -a' "$log"; then
    say 'finishing an installation that was interrupted'
    quietly dpkg --configure -a >"$log" 2>&1 || true
  fi
  # Old lists name versions that the mirror has dropped: a failed install deserves one with fresh lists.
  update_package_lists
  if apt_quietly --fix-broken install "$@" >"$log" 2>&1; then return; fi
  tail -n 20 "$log" >&2
  die "apt-get could not install: $* ($log has all of it)"
}

update_package_lists() {
  say 'updating package lists'
  apt-get -qq -o DPkg::Lock::Timeout=300 update >&2
}

# Debian starts and enables a service as soon as its package is set up; a registry or a second runtime that nobody asked
# for must not run beside the user's. The maintainer scripts see /bin/true and /bin/false in place of the tools that
# would do it, in a mount namespace of their own: unlike a policy-rc.d, nothing can be left behind, however this ends.
quietly() {
  # shellcheck disable=SC2016
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 unshare --mount --propagation private bash -euc '
    for tool in /usr/sbin/invoke-rc.d /usr/bin/deb-systemd-invoke /usr/sbin/update-rc.d; do
      [ ! -e "$tool" ] || mount --bind /bin/true "$tool"
    done
    [ ! -e /usr/bin/deb-systemd-helper ] || mount --bind /bin/false /usr/bin/deb-systemd-helper
    exec "$@"
  ' bash "$@" </dev/null
}

apt_quietly() {
  quietly apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}
