#!/bin/sh
# Runs after the package was removed. The data, the settings and the secret key stay, so that an installation later goes on with
# them. Only "apt purge" removes them. The users stay, so that no file gets an owner who is somebody else later.
set -eu

if [ "${1:-}" = purge ]; then
	rm -rf /var/lib/latchkey /var/lib/latchkey-agent /etc/latchkey
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
