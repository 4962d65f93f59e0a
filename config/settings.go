// Package config reads the settings of the service, and those of the agent. A
// setting comes from a flag, the environment, a file that the environment names,
// a YAML file or its default, in that order of strength.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Settings holds every setting of the service. Its tags are the whole truth about one: the
// help of the program and docs/configuration.md are made from them.
//
// Beside the tags of kong there are ours: development is the default under
// --dev; choices, least and most say which values are good; mandatory says
// that there must be a value outside development; secret says what is masked,
// the "whole" value or the "password" in it; commas="only" says that the values
// of a list may hold blanks. In defaults, DATA-DIR and LISTEN stand for the values
// of those settings.
//
// A command line embeds Settings beside its commands, see Load.
type Settings struct {
	Development bool   `name:"dev" group:"Start" help:"Development mode: plain http, mails into a folder, keys made on first use. Never for a service that others can reach."`
	File        string `name:"config" group:"Start" placeholder:"FILE" help:"YAML file with settings; its keys are the names of the flags."`
	DataDir     string `name:"data-dir" group:"Start" default:"./data" help:"Folder for what the service itself writes: the embedded database, and in development the mails and the secret key."`

	Listen          string   `name:"listen" group:"Addresses" default:"127.0.0.1:8470" help:"Address and port to listen on."`
	PublicURL       string   `name:"public-url" group:"Addresses" mandatory:"true" development:"http://LISTEN" placeholder:"https://latchkey.example.org" help:"Address at which people reach the service: scheme and host, no path. Links in mails start with it."`
	TrustedProxies  []string `name:"trusted-proxies" group:"Addresses" placeholder:"127.0.0.1,10.0.0.0/8" help:"Addresses and networks of the proxies in front, with commas between; only from them is a forwarded address of the caller believed. Networks wider than /8 (IPv6: /7) are refused."`
	ServiceName     string   `name:"service-name" group:"Addresses" default:"Latchkey" help:"Name of the service on its pages and in its mails."`
	SecurityContact string   `name:"security-contact" group:"Addresses" placeholder:"security@example.org" help:"Where people report a security problem: an email address or an https address. Shown in /.well-known/security.txt."`

	Database            string `name:"database" group:"Database and keys" default:"sqlite:DATA-DIR/latchkey.db" secret:"password" help:"Where the data is kept: sqlite:PATH, or mysql://user:password@host:port/name for MySQL and MariaDB."`
	DatabaseConnections int    `name:"database-connections" group:"Database and keys" default:"8" least:"1" most:"1000" help:"Connections to the database that may be open at once."`
	SecretKey           string `name:"secret-key" group:"Database and keys" mandatory:"true" secret:"whole" placeholder:"TEXT" help:"Root of every token, of the pepper of passwords and PINs and of all encryption: any text of 32 characters or more, such as 'openssl rand -base64 48' makes. Keep a copy apart from the database. In development one is made and kept in the data folder."`
	SecretKeyPrevious   string `name:"secret-key-previous" group:"Database and keys" secret:"whole" placeholder:"TEXT" help:"The secret key before this one, while keys are being rotated."`

	MailURL  string `name:"mail-url" group:"Mail" mandatory:"true" development:"dir:DATA-DIR/mail" secret:"password" placeholder:"smtp://user:password@mail.example.org:587" help:"How mails leave: smtp://user:password@host:587 (STARTTLS is required), smtps://user:password@host:465, or dir:PATH, which writes one .eml file a mail."`
	MailFrom string `name:"mail-from" group:"Mail" mandatory:"true" development:"Latchkey <latchkey@latchkey.localhost>" placeholder:"Latchkey <latchkey@example.org>" help:"Sender of the mails."`

	SignUp            string `name:"sign-up" group:"Sign-up and passwords" default:"open" choices:"open,invite,closed" help:"Who may make an account: anybody, people with an invite, or nobody."`
	PasswordMinLength int    `name:"password-min-length" group:"Sign-up and passwords" default:"10" least:"8" most:"64" help:"Fewest characters of a password."`
	Captcha           string `name:"captcha" group:"Sign-up and passwords" default:"pow" choices:"pow,recaptcha,off" help:"How forms that anybody may send are kept from programs: proof of work in the browser (no third party), Google's reCAPTCHA v2 checkbox, or not at all."`
	RecaptchaSiteKey  string `name:"recaptcha-site-key" group:"Sign-up and passwords" placeholder:"KEY" help:"Site key that Google gave; mandatory with captcha=recaptcha."`
	RecaptchaSecret   string `name:"recaptcha-secret" group:"Sign-up and passwords" secret:"whole" placeholder:"SECRET" help:"Secret that Google gave; mandatory with captcha=recaptcha."`

	ConnectRegister string `name:"connect-register" group:"Servers and apps" default:"captcha" choices:"captcha,open,off" help:"How apps that speak the Emby Connect protocol may sign people up: only with a solved captcha, which few apps can show (others are told the address of the sign-up page), without one, or not at all. With captcha=off the first acts as the second."`
	ConnectServers  string `name:"connect-servers" group:"Servers and apps" default:"open" choices:"open,claimed,off" help:"Which media servers may register: any (one that nobody has claimed stays under strict limits), only those that bring a claim code, or none. Servers that are registered stay."`
	LegacyMD5Login  bool   `name:"legacy-md5-login" group:"Servers and apps" help:"Let old clients sign in with an MD5 of the password instead of the password. Warning: whoever gets hold of such an MD5 can sign in with it, without knowing the password. Leave it off unless such a client must work. When it is off again, all that was kept for it is erased."`

	SessionIdle     time.Duration `name:"session-idle" group:"Lifetimes" default:"168h" least:"5m" most:"8760h" help:"A browser that was not used for so long is signed out."`
	SessionLife     time.Duration `name:"session-life" group:"Lifetimes" default:"720h" least:"5m" most:"8760h" help:"A browser is signed out after so long, used or not."`
	DeviceIdle      time.Duration `name:"device-idle" group:"Lifetimes" default:"4320h" least:"1h" most:"87600h" help:"A device, such as a TV, that was not used for so long is signed out."`
	DeviceLife      time.Duration `name:"device-life" group:"Lifetimes" default:"8760h" least:"1h" most:"87600h" help:"A device is signed out after so long, used or not."`
	ConfirmLife     time.Duration `name:"confirm-life" group:"Lifetimes" default:"168h" least:"1h" most:"720h" help:"Time to confirm a new account; after it the account is removed and its name is free again."`
	ResetLife       time.Duration `name:"reset-life" group:"Lifetimes" default:"1h" least:"5m" most:"24h" help:"Life of the link that sets a forgotten password anew."`
	PINResetLife    time.Duration `name:"pin-reset-life" group:"Lifetimes" default:"1h" least:"5m" most:"24h" help:"Life of the link that sets a forgotten PIN anew."`
	EmailChangeLife time.Duration `name:"email-change-life" group:"Lifetimes" default:"24h" least:"5m" most:"168h" help:"Time to confirm a new email address of an account."`
	EmailUndoLife   time.Duration `name:"email-undo-life" group:"Lifetimes" default:"72h" least:"24h" most:"720h" help:"For so long the old email address can undo a change to another one."`
	CaptchaLife     time.Duration `name:"captcha-life" group:"Lifetimes" default:"10m" least:"1m" most:"1h" help:"Time in which a proof of work must be handed in."`
	HistoryLife     time.Duration `name:"history-life" group:"Lifetimes" default:"2160h" least:"24h" most:"87600h" help:"For so long an account's history (sign-ins, changes) is kept."`

	LogFormat  string        `name:"log-format" group:"Operation" default:"json" development:"text" choices:"json,text" help:"Form of the log."`
	LogLevel   string        `name:"log-level" group:"Operation" default:"info" choices:"debug,info,warn,error" help:"Least important entries that are logged."`
	DrainDelay time.Duration `name:"drain-delay" group:"Operation" default:"5s" development:"0s" least:"0s" most:"1m" help:"On stopping, time between saying not ready and closing the door, so that a proxy can turn away first."`
}

// TrustedPrefixes returns the trusted proxies as networks; a single address is
// a network of one. Call it on settings that Loaded.Check found good; of
// others it leaves out what is no network.
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

// Level returns the log level for slog; a level that is none of the choices
// counts as info.
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
