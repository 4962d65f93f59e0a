#!/bin/sh
# Runs after the package was removed. The data, the settings and the secret key stay, so that an installation later goes on with
# them. Only "apt purge" removes them. The users stay, so that no file gets an owner who is somebody else later.
set -eu

if [ "${1:-}" = purge ]; then
	# Backups stay, if the operator let the service write them there: they may be the last copy.
	if [ -d /var/lib/latchkey/backups ] && [ -n "$(ls -A /var/lib/latchkey/backups)" ]; then
		find /var/lib/latchkey -mindepth 1 -maxdepth 1 ! -name backups -exec rm -rf {} +
		echo "latchkey: the backups in /var/lib/latchkey/backups are still there." >&2
	else
		rm -rf /var/lib/latchkey
	fi
	rm -rf /var/lib/latchkey-agent /etc/latchkey
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
