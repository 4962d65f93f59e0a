#!/bin/sh
# Runs after the package was installed or upgraded, by dpkg and by rpm. It asks nothing, and changes nothing that is there.
set -eu

# The first argument is "configure" from dpkg, and from rpm the number of versions that are installed now. The second is from
# dpkg: the version before, if there was one.
upgrade=no
if [ "${1:-}" = configure ] && [ -n "${2:-}" ] || [ "${1:-}" = 2 ]; then
	upgrade=yes
fi

user() {
	id "$1" >/dev/null 2>&1 || useradd --system --user-group --home-dir "/var/lib/$1" --no-create-home --shell /usr/sbin/nologin "$1"
}
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers latchkey.conf
else
	user latchkey
	user latchkey-agent
fi

install -d -m 0750 -o root -g latchkey /etc/latchkey
install -d -m 0700 -o latchkey -g latchkey /var/lib/latchkey
install -d -m 0700 -o latchkey-agent -g latchkey-agent /var/lib/latchkey-agent

# Without these files the unit could not start, not even to say what is missing.
umask 077
if [ ! -e /etc/latchkey/secret-key ]; then
	head -c 48 /dev/urandom | base64 -w 0 >/etc/latchkey/secret-key
fi
if [ ! -e /etc/latchkey/mail-url ]; then
	: >/etc/latchkey/mail-url
fi

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	if [ "$upgrade" = yes ]; then
		systemctl try-restart latchkey.service latchkey-agent.service
	fi
fi

if [ "$upgrade" = no ]; then
	cat <<'TEXT'
Latchkey is installed, and nothing runs yet.
  The service: write its address into /etc/latchkey/latchkey.yaml and the mail server into /etc/latchkey/mail-url, then
               systemctl enable --now latchkey.socket latchkey.service
  The agent, on the machine of a media server: latchkey agent setup, then
               systemctl enable --now latchkey-agent.service
Keep a copy of /etc/latchkey/secret-key in a safe place: without it a backup is worth little.
TEXT
fi
