#!/bin/sh
# Runs before the package is removed or upgraded. An upgrade leaves the service running: it restarts when the new program is there.
set -eu

# "upgrade" from dpkg, 1 from rpm
case "${1:-}" in
	upgrade | 1) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now latchkey.socket latchkey.service latchkey-agent.service
fi
