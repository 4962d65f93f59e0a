// Package config reads the settings of the service, and the settings of the agent.
// A setting comes from the first of these that has a value: a flag, the
// environment, a file that the environment names, a YAML file, the default. The program may put the
// values that operators set on pages above the default; see Loaded.WithConsole.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Settings holds every setting of the service. The tags of a field describe its setting completely:
// the help of the program and docs/configuration.md are made from them.
//
// Besides kong's tags there are our own: development is the default under --dev; choices, least and
// most give the values that are allowed; mandatory means that the setting needs a value outside
// development; secret says what is masked, the "whole" value or the "password" in it; console="yes"
// means that operators can also set it on a page; commas="only" means that only commas separate the values of a list, because they may contain spaces. In
// defaults, DATA-DIR and LISTEN stand for the values of those settings.
//
// A command line embeds Settings beside its commands; see Load.
type Settings struct {
	Development bool   `name:"dev" group:"Start" help:"Development mode: plain http, mails written into a folder, keys made on first use. Never use it for a service that others can reach."`
	File        string `name:"config" group:"Start" placeholder:"FILE" help:"YAML file with settings; its keys are the names of the flags."`
	DataDir     string `name:"data-dir" group:"Start" default:"./data" help:"Folder for the service's own files: the embedded database, the secret key if no setting gives it, and in development the mails."`

	Listen          string   `name:"listen" group:"Addresses" default:"127.0.0.1:8470" help:"Address and port to listen on."`
	PublicURL       string   `name:"public-url" group:"Addresses" console:"yes" mandatory:"true" development:"http://LISTEN" placeholder:"https://latchkey.example.org" help:"Address at which people reach the service: scheme and host, without a path. Links in mails start with it."`
	TrustedProxies  []string `name:"trusted-proxies" group:"Addresses" console:"yes" placeholder:"127.0.0.1,172.18.0.0/16" help:"Addresses and networks of the reverse proxies in front, separated by commas. A forwarded address of the caller is believed only if it comes from one of them, so name no network with other machines in it. Networks wider than /8 (IPv6: /7) are refused."`
	BusyAddresses   []string `name:"busy-addresses" group:"Addresses" placeholder:"203.0.113.7=20,10.1.0.0/16=5" help:"Addresses and networks behind which there are many people, each with a number from 2 to 1000, separated by commas. Name here a program that signs people in for them, or a media server that asks for each wrong password: each of these addresses may sign in, sign up, ask for resets and codes and register servers that many times as often as any other address. The limits of each account stay as they are. Networks wider than /8 (IPv6: /7) are refused."`
	ServiceName     string   `name:"service-name" group:"Addresses" console:"yes" default:"Latchkey" help:"Name of the service on its pages and in its mails."`
	OperatorName    string   `name:"operator-name" group:"Addresses" console:"yes" placeholder:"Anna and Tom Berg" help:"Who runs the service, in words that its people know. The first page, the foot of each page and each mail say so; without it they do not."`
	SecurityContact string   `name:"security-contact" group:"Addresses" console:"yes" placeholder:"security@example.org" help:"Where people can report a security problem: an email address or an https address. It is shown in /.well-known/security.txt."`

	Database            string `name:"database" group:"Database and keys" default:"sqlite:DATA-DIR/latchkey.db" secret:"password" help:"Where the data is kept: sqlite:PATH, or mysql://user:password@host:port/name for MySQL and MariaDB. After that, ?tls=verify asks for TLS (with tls-ca=PATH for an authority of your own, or tls=skip-verify to take any certificate), and ?socket=PATH opens a Unix socket instead of host and port."`
	DatabaseConnections int    `name:"database-connections" group:"Database and keys" default:"0" least:"0" most:"1000" help:"Largest number of connections to the database that are open at once. 0 takes 8 for MySQL and MariaDB, and 3 for SQLite: two that read and one that writes."`
	SQLiteCache         int    `name:"sqlite-cache" group:"Database and keys" default:"2" least:"1" most:"1024" placeholder:"MIB" help:"How much of an SQLite database each connection copies into the program's own memory, in MiB."`
	SQLiteMap           int    `name:"sqlite-map" group:"Database and keys" default:"256" least:"0" most:"2047" placeholder:"MIB" help:"How much of an SQLite database each connection maps into memory, in MiB, from the beginning of the file. Tools count mapped pages as memory of the program, but the system takes them back when it needs them. 0 maps nothing."`
	SecretKey           string `name:"secret-key" group:"Database and keys" secret:"whole" placeholder:"TEXT" help:"The key from which all tokens, the pepper of passwords and PINs and all encryption are made: any text of 32 characters or more; 'openssl rand -base64 48' makes a good one. Without it the service makes one at its first start and keeps it in the file secret-key of the data folder, which its owner alone can read. Keep a copy of it, but not beside the backups of the database."`
	SecretKeyPrevious   string `name:"secret-key-previous" group:"Database and keys" secret:"whole" placeholder:"TEXT" help:"The previous secret key, while you change to a new one."`

	BackupFolder     string        `name:"backup-folder" group:"Backups" placeholder:"DATA-DIR/backups" help:"Folder into which the service writes a backup of its database regularly, while it runs. It is made if it does not exist; with the systemd unit it must be below /var/lib/latchkey. Without it the service makes no backups by itself."`
	BackupAt         string        `name:"backup-at" group:"Backups" placeholder:"03:30" help:"Time of the day at which the backup is made, by the time zone of this machine. A backup that was missed is made as soon as the service runs. Without it, backup-every decides."`
	BackupEvery      time.Duration `name:"backup-every" group:"Backups" default:"24h" least:"1h" most:"720h" help:"Time between two backups, if backup-at is not set."`
	BackupKeep       int           `name:"backup-keep" group:"Backups" default:"14" least:"1" most:"1000" help:"How many of its backups the service keeps in the folder. It removes older ones after a new one is whole, and never touches other files."`
	BackupRecipients []string      `name:"backup-recipients" group:"Backups" placeholder:"age1…" help:"Public keys of age (age-keygen makes a pair), separated by commas. Backups that the service makes, and backups by 'latchkey backup' without --to, are encrypted to them, so that only somebody with a secret key can read them. Keep the secret keys away from this machine."`

	MailURL  string `name:"mail-url" group:"Mail" console:"yes" mandatory:"true" development:"dir:DATA-DIR/mail" secret:"password" placeholder:"smtp://user:password@mail.example.org:587" help:"How mails are sent: smtp://user:password@host:587 (STARTTLS is required), smtps://user:password@host:465, smtp+plain://localhost:25 for a relay on this machine that has no TLS (with ?network=private at its end also for a relay in your private network), or dir:PATH, which writes each mail into an .eml file."`
	MailFrom string `name:"mail-from" group:"Mail" console:"yes" mandatory:"true" development:"Latchkey <latchkey@latchkey.localhost>" placeholder:"Latchkey <latchkey@example.org>" help:"Sender of the mails."`

	SignUp            string `name:"sign-up" group:"Sign-up and passwords" console:"yes" default:"open" choices:"open,invite,closed" help:"Who can sign up: anybody (open), only people with an invite (invite), or nobody (closed)."`
	PasswordMinLength int    `name:"password-min-length" group:"Sign-up and passwords" console:"yes" default:"10" least:"8" most:"64" help:"Least number of characters of a password."`
	FamilyLimit       int    `name:"family-limit" group:"Sign-up and passwords" console:"yes" default:"10" least:"1" most:"100" help:"How many members a family may have, and how many grown people besides."`
	Captcha           string `name:"captcha" group:"Sign-up and passwords" console:"yes" default:"pow" choices:"pow,recaptcha,off" help:"How programs are kept from sending the forms that are open to anybody: proof of work in the browser (pow, no third party), Google's reCAPTCHA v2 checkbox (recaptcha), or not at all (off)."`
	RecaptchaSiteKey  string `name:"recaptcha-site-key" group:"Sign-up and passwords" console:"yes" placeholder:"KEY" help:"Site key from Google; it must be set with captcha=recaptcha."`
	RecaptchaSecret   string `name:"recaptcha-secret" group:"Sign-up and passwords" console:"yes" secret:"whole" placeholder:"SECRET" help:"Secret from Google; it must be set with captcha=recaptcha."`

	ConnectRegister string   `name:"connect-register" group:"Servers and apps" console:"yes" default:"captcha" choices:"captcha,open,off" help:"How apps that speak the Emby Connect protocol can sign people up: only with a solved captcha (captcha; few apps can show one, the others get the address of the sign-up page), without a captcha (open), or not at all (off). With captcha=off, captcha works like open."`
	ConnectServers  string   `name:"connect-servers" group:"Servers and apps" console:"yes" default:"open" choices:"open,claimed,off" help:"Which media servers can register: any server (open; strict limits hold until somebody claims it), only servers with a claim code (claimed), or no server (off). Servers that are already registered stay registered."`
	TryFromOutside  string   `name:"try-from-outside" group:"Servers and apps" console:"yes" default:"on" choices:"on,off" help:"Whether owners can let this service ask the public addresses of their own server, to see whether it can be reached from outside. The service asks only addresses that the server's agent has reported, never private ones, and says nothing about machines at which that server has never answered."`
	LegacyMD5Login  bool     `name:"legacy-md5-login" group:"Servers and apps" help:"Let old clients sign in with an MD5 of the password instead of the password. Warning: anybody who gets hold of such an MD5 can sign in with it, without knowing the password. Turn it on only if you need such a client. Each person then has to sign in once with the password itself, on the site or with another client: until then the MD5 is refused like a wrong password. When you turn it off again, everything that was stored for it is erased."`
	WebhookNetworks []string `name:"webhook-networks" group:"Servers and apps" help:"Private addresses and networks to which webhooks may lead, separated by commas, for a ntfy or Gotify at home; there, addresses may begin with http. Everybody who has a media server can send messages to these addresses, so name as few as possible. Without it, webhooks reach public addresses alone, and only with https."`

	SessionIdle     time.Duration `name:"session-idle" group:"Lifetimes" default:"168h" least:"5m" most:"8760h" help:"A browser is signed out if it was not used for this long."`
	SessionsMost    int           `name:"sessions-most" group:"Lifetimes" default:"100" least:"10" most:"10000" help:"How many browsers may be signed in to one account, and how many devices besides. The one that was not used for the longest time is signed out when there is one more; devices that do not name themselves go first."`
	SessionLife     time.Duration `name:"session-life" group:"Lifetimes" default:"720h" least:"5m" most:"8760h" help:"A browser is signed out after this time, even if it is used."`
	DeviceIdle      time.Duration `name:"device-idle" group:"Lifetimes" default:"4320h" least:"1h" most:"87600h" help:"A device, such as a TV, is signed out if it was not used for this long."`
	DeviceLife      time.Duration `name:"device-life" group:"Lifetimes" default:"8760h" least:"1h" most:"87600h" help:"A device is signed out after this time, even if it is used."`
	ConfirmLife     time.Duration `name:"confirm-life" group:"Lifetimes" default:"168h" least:"1h" most:"720h" help:"Time to confirm a new account. After it the account is removed, and its name is free again."`
	ResetLife       time.Duration `name:"reset-life" group:"Lifetimes" default:"1h" least:"5m" most:"24h" help:"How long the link to set a new password works."`
	PINResetLife    time.Duration `name:"pin-reset-life" group:"Lifetimes" default:"1h" least:"5m" most:"24h" help:"How long the link to set a new PIN works."`
	EmailChangeLife time.Duration `name:"email-change-life" group:"Lifetimes" default:"24h" least:"5m" most:"168h" help:"Time to confirm a new email address of an account."`
	EmailUndoLife   time.Duration `name:"email-undo-life" group:"Lifetimes" default:"72h" least:"24h" most:"720h" help:"How long the owner of the old email address can undo a change to another address."`
	CaptchaLife     time.Duration `name:"captcha-life" group:"Lifetimes" default:"10m" least:"1m" most:"1h" help:"Time in which a proof of work must be solved and sent."`
	HistoryLife     time.Duration `name:"history-life" group:"Lifetimes" default:"2160h" least:"24h" most:"87600h" help:"How long an account's history (sign-ins, changes) is kept."`

	LogFormat     string        `name:"log-format" group:"Operation" default:"json" development:"text" choices:"json,text" help:"Format of the log."`
	LogLevel      string        `name:"log-level" group:"Operation" default:"info" choices:"debug,info,warn,error" help:"Least severe entries that are logged."`
	MetricsListen string        `name:"metrics-listen" group:"Operation" placeholder:"127.0.0.1:9470" help:"Address and port at which Prometheus can read numbers about the service, at /metrics. Without it there is no such port. Without a host (:9470) it listens on this machine alone. Nobody has to sign in there, so it belongs into the operator's own network and never behind the public proxy. The numbers contain no names, addresses or ids."`
	MemoryLimit   int           `name:"memory-limit" group:"Operation" default:"0" least:"0" most:"1048576" placeholder:"MIB" help:"Soft limit of the program's own memory in MiB: near it, unused memory is collected more often, which costs CPU and never refuses anything. 0 takes nine tenths of what a container allows, or GOMEMLIMIT if the environment has it. The pages of an SQLite file that the system keeps in memory do not count."`
	DrainDelay    time.Duration `name:"drain-delay" group:"Operation" default:"5s" development:"0s" least:"0s" most:"1m" help:"When the service stops: time between reporting that it is not ready and refusing connections, so that a proxy can send requests elsewhere first."`
}

// TrustedPrefixes returns the trusted proxies as networks; a single address becomes a network with
// one address. Call it after Loaded.Check has found no problem: it leaves out values that are not
// networks.
func (s *Settings) TrustedPrefixes() []netip.Prefix { return prefixes(s.TrustedProxies) }

func prefixes(texts []string) []netip.Prefix {
	all := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		if prefix, err := parseProxy(text); err == nil {
			all = append(all, prefix)
		}
	}
	return all
}

// Level returns the log level for slog. A level that is not one of the choices counts as info.
func (s *Settings) Level() slog.Level { return level(s.LogLevel) }

func level(text string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return slog.LevelInfo
	}
	return level
}

func (s *Settings) traits() traits {
	return traits{program: "latchkey", prefix: "LATCHKEY_", development: s.Development, dataDir: s.DataDir, listen: s.Listen}
}
