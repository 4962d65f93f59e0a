package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"time"
)

// AgentFile is the name of the file of settings in the data folder of an agent.
const AgentFile = "agent.yaml"

// AgentSystemFile is where the settings of an agent are that systemd runs.
const AgentSystemFile = "/etc/latchkey/agent.yaml"

// Media servers that an agent can stand beside.
const (
	MediaServerJellyfin = "jellyfin"
	MediaServerBuiltin  = "builtin"
)

// Agent holds every setting of the agent, the program beside a media server. Its
// tags say the same as those of Settings.
type Agent struct {
	File    string `name:"config" group:"Start" placeholder:"FILE" help:"YAML file with settings; its keys are the names of the flags. Without it agent.yaml in the data folder is read, or else, where no data folder is named, /etc/latchkey/agent.yaml."`
	DataDir string `name:"data-dir" group:"Start" default:"./agent-data" help:"Folder for what the agent itself writes: links, tokens, the local users of the builtin media server. 'latchkey agent setup' of root takes /var/lib/latchkey-agent where neither this nor config is set, and writes /etc/latchkey/agent.yaml."`

	Service   string `name:"service" group:"Service" mandatory:"true" placeholder:"https://latchkey.example.org" help:"Public address of the Latchkey service."`
	PlainHTTP bool   `name:"plain-http" group:"Service" help:"Let the address of the service start with http:// although it is not this machine. Whoever is on the way can then read the key of this server: only for a network of containers."`
	ClaimCode string `name:"claim-code" group:"Service" secret:"whole" placeholder:"CODE" help:"Code from the page /servers/new of the service, which makes the server yours. It is needed for the first registration alone."`

	MediaServer    string `name:"media-server" group:"Media server" default:"jellyfin" choices:"jellyfin,builtin" help:"The media server beside which the agent runs: a Jellyfin server, 10.9 or later, or the small one that is built in, which has local users and no media."`
	MediaServerURL string `name:"media-server-url" group:"Media server" placeholder:"http://127.0.0.1:8096" help:"Address at which the agent reaches the media server; it must be set with media-server=jellyfin. With media-server=builtin it says that the builtin media server is a program of its own, 'latchkey agent builtin', and where it listens."`
	APIKey         string `name:"api-key" group:"Media server" secret:"whole" placeholder:"KEY" help:"API key of the Jellyfin server, made in its dashboard; it must be set with media-server=jellyfin. It can do everything there, and never leaves the agent."`
	ServerName     string `name:"server-name" group:"Media server" default:"Latchkey" help:"Name of the builtin media server. A Jellyfin server has its own."`

	Listen         string   `name:"listen" group:"Addresses" default:"127.0.0.1:8471" help:"Address and port to listen on. With Jellyfin the reverse proxy in front of it hands the Connect paths on to here; the builtin media server is reached here."`
	Addresses      []string `name:"addresses" group:"Addresses" placeholder:"https://media.example.org" help:"Addresses at which people reach the media server from outside, with commas between, the best first."`
	ReportLAN      bool     `name:"report-lan" group:"Addresses" default:"true" help:"Tell the service the addresses of this machine in the home network."`
	ReportWAN      bool     `name:"report-wan" group:"Addresses" default:"true" help:"Tell the service that the media server is also reached where the service sees this machine come from. Only of use where the router forwards the port."`
	TrustedProxies []string `name:"trusted-proxies" group:"Addresses" default:"127.0.0.1,::1" help:"Addresses and networks of the proxies in front, with commas between; only from them is a forwarded address of the caller believed. Networks wider than /8 (IPv6: /7) are refused."`
	Discovery      string   `name:"discovery" group:"Addresses" default:"auto" choices:"auto,on,off" help:"Answer apps that look for media servers in the home network (UDP port 7359). With auto the builtin media server does; Jellyfin does so itself."`

	AllowAdmins    bool          `name:"allow-admins" group:"What the service may ask" help:"Let administrators of the media server be linked. Whoever takes over the service, or the account, then administers the media server."`
	CreateUsers    bool          `name:"create-users" group:"What the service may ask" default:"true" help:"Make a local user for each guest."`
	DeleteGuests   bool          `name:"delete-guests" group:"What the service may ask" help:"Delete the local user of a guest whose link has ended, with all they watched. Else it is disabled, and comes back with the next link."`
	GuestLibraries []string      `name:"guest-libraries" group:"What the service may ask" commas:"only" placeholder:"Films,Family Videos" help:"Libraries of guests for whom the invite names none, by name or id, with commas between. Empty means all."`
	GuestLimit     int           `name:"guest-limit" group:"What the service may ask" default:"100" least:"0" most:"10000" help:"How many guests there may be."`
	OfflineTrust   time.Duration `name:"offline-trust" group:"What the service may ask" default:"72h" least:"1m" most:"8760h" help:"So long devices may still get in with their access keys while the service cannot be reached. Whoever is signed in stays so."`

	SecretKey string `name:"secret-key" group:"Operation" secret:"whole" placeholder:"TEXT" help:"Root of all encryption of what the agent keeps: any text of 32 characters or more. Without it one is made and kept in the data folder."`
	LogFormat string `name:"log-format" group:"Operation" default:"json" choices:"json,text" help:"Form of the log."`
	LogLevel  string `name:"log-level" group:"Operation" default:"info" choices:"debug,info,warn,error" help:"Least important entries that are logged."`
}

// TrustedPrefixes returns the trusted proxies as networks, like those of Settings.
func (a *Agent) TrustedPrefixes() []netip.Prefix { return prefixes(a.TrustedProxies) }

// Level returns the log level for slog, like that of Settings.
func (a *Agent) Level() slog.Level { return level(a.LogLevel) }

// Apart reports whether the builtin media server is a program of its own.
func (a *Agent) Apart() bool { return a.MediaServer == MediaServerBuiltin && a.MediaServerURL != "" }

// Discover reports whether questions over UDP are answered.
func (a *Agent) Discover() bool {
	return a.Discovery == "on" || a.Discovery == "auto" && a.MediaServer == MediaServerBuiltin
}

func (a *Agent) traits() traits {
	return traits{
		program: "latchkey agent", prefix: "LATCHKEY_AGENT_", file: AgentFile, systemFile: AgentSystemFile, alwaysReal: true, dataDir: a.DataDir, listen: a.Listen,
	}
}

// check implements Set.
func (a *Agent) check(p *problems) {
	service, err := checkService(a.Service, a.PlainHTTP)
	if p.add("service", err); err == nil {
		a.Service = service
	}
	mediaServer, err := checkMediaServer(a.MediaServerURL)
	if p.add("media-server-url", err); err == nil {
		a.MediaServerURL = mediaServer
	}
	for i, text := range a.Addresses {
		address, err := checkOutside(text)
		if p.add("addresses", err); err == nil {
			a.Addresses[i] = address
		}
	}
	p.add("listen", checkListen(a.Listen))
	p.add("trusted-proxies", checkProxies(a.TrustedProxies))
	p.add("server-name", checkServiceName(a.ServerName))
	p.add("secret-key", checkKey(a.SecretKey))
	p.add("api-key", checkVisible(a.APIKey))
	p.add("claim-code", checkVisible(a.ClaimCode))
	if a.MediaServer == MediaServerJellyfin {
		a.checkJellyfin(p)
	}
}

func (a *Agent) checkJellyfin(p *problems) {
	if a.MediaServerURL == "" {
		p.add("media-server-url", fmt.Errorf("%w; it is the address of the Jellyfin server, such as http://127.0.0.1:8096", errMissing))
	}
	if a.APIKey == "" {
		p.add("api-key", fmt.Errorf("%w; make one in Jellyfin's dashboard, under API Keys, and set it in the file or as LATCHKEY_AGENT_API_KEY", errMissing))
	}
}

// checkService returns the address of the service in its one form.
func checkService(text string, plain bool) (string, error) {
	if text == "" {
		return "", nil // missing, which is told elsewhere
	}
	u, err := parseSite(text, "https://latchkey.example.org")
	switch {
	case err != nil:
		return "", err
	case u.Path != "":
		return "", errNotAlone
	case u.Scheme != "https" && !plain && !isOwn(u):
		return "", errors.New("must start with https://, or others can read the key of the server; where all the way is a network of your own, set plain-http")
	}
	return u.String(), nil
}

// isOwn reports whether an address is this machine's under a name that never
// leaves it.
func isOwn(u *url.URL) bool {
	return u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
}

// checkMediaServer returns the address of a media server in its one form. Unlike
// the service it may have a path, as Jellyfin's "base URL" gives it one.
func checkMediaServer(text string) (string, error) {
	if text == "" {
		return "", nil // missing, which is told elsewhere
	}
	u, err := parseSite(text, "http://127.0.0.1:8096")
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// checkOutside returns an address that is told to apps in its one form.
func checkOutside(text string) (string, error) {
	u, err := parseSite(text, "https://media.example.org")
	switch {
	case err != nil:
		return "", err
	case u.Path != "":
		return "", errors.New("must end after the host and port, such as https://media.example.org: Latchkey hands out no paths")
	}
	return u.String(), nil
}

// checkVisible refuses what no header can carry.
func checkVisible(text string) error {
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return errors.New("holds a blank or another character that it cannot have; copy it once more")
		}
	}
	return nil
}
