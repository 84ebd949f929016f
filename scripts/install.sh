#!/bin/sh
# Installs what Skiff needs and is not here yet: npm packages, and as root on Debian the packages for real containers.
set -eu
cd "$(dirname "$0")/.."

missing=""
need() { # need FILE-OR-COMMAND PACKAGE
  case $1 in
    /*) [ -e "$1" ] || missing="$missing $2" ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2" ;;
  esac
}
need npm npm
need containerd containerd
need runc runc
need nft nftables
need ip iproute2
need /usr/lib/cni/ptp containernetworking-plugins
need iptables iptables
need /bin/busybox busybox-static

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of words on purpose
    apt-get install -y -qq --no-install-recommends $missing >/tmp/skiff-apt.$$ 2>&1 || {
      apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/tmp/skiff-apt.$$ 2>&1
    } || { cat /tmp/skiff-apt.$$ >&2; rm -f /tmp/skiff-apt.$$; exit 1; }
    rm -f /tmp/skiff-apt.$$
  else
    echo "Missing for real containers (install as root on Debian):$missing. The control plane and simulated nodes work without: ./skiff server, npm test."
    command -v npm >/dev/null 2>&1 || { echo "npm is needed for everything: install Node.js 22.12 or newer with npm." >&2; exit 1; }
  fi
fi

stamp=node_modules/.skiff-installed
if [ ! -f "$stamp" ] || [ package-lock.json -nt "$stamp" ]; then
  echo "Installing npm packages"
  npm ci --no-audit --no-fund --loglevel=error
  touch "$stamp"
fi
