# shellcheck shell=bash
# Packages of another Debian release, with lists of their own: this machine's sources stay as they are. Source after
# common.sh.

# open_suite NAME FOLDER : fetches the lists of that release into FOLDER.
open_suite() {
  local mirror kind
  suite_state=$2
  mkdir -p "$suite_state/lists/partial" "$suite_state/cache/archives/partial"
  # The mirror this machine uses, in either form of a source list.
  mirror=$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f -exec cat {} + 2>/dev/null |
    sed -nE 's,^[^#]*[ \t]([a-z]+://[^ ]+/debian)/?( .*)?$,\1,p' | awk 'NR == 1' || true)
  for kind in deb deb-src; do
    echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} $1 main"
  done >"$suite_state/sources"
  apt_of_suite apt-get update
}

# apt_of_suite apt-get|apt-cache ARGUMENT... : in the release that was opened last.
apt_of_suite() {
  local command=$1
  shift
  "$command" -q -o Dir::Etc::SourceList="$suite_state/sources" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$suite_state/lists" -o Dir::Cache="$suite_state/cache" -o APT::Sandbox::User=root "$@"
}
