package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/mediaurl"
)

// AgentFile is the name of the file of settings in the data folder of an agent.
const AgentFile = "agent.yaml"

// AgentSystemFile is the path of the settings of an agent that systemd runs.
const AgentSystemFile = "/etc/latchkey/agent.yaml"

// The kinds of media server with which an agent can work.
const (
	MediaServerJellyfin = "jellyfin"
	MediaServerBuiltin  = "builtin"
	MediaServerEmby     = "emby"
)

// Agent holds every setting of the agent, the program beside a media server. Its
// tags mean the same as the tags of Settings.
type Agent struct {
	File    string `name:"config" group:"Start" placeholder:"FILE" help:"YAML file with settings; its keys are the names of the flags. Without it the agent reads agent.yaml in the data folder. If no data folder is named and there is no such file, it reads /etc/latchkey/agent.yaml."`
	DataDir string `name:"data-dir" group:"Start" default:"./agent-data" help:"Folder for the agent's own data: links, tokens, the local users of the builtin media server. If neither this setting nor config is set, 'latchkey agent setup' that root runs uses /var/lib/latchkey-agent and writes /etc/latchkey/agent.yaml."`

	Service   string `name:"service" group:"Service" mandatory:"true" placeholder:"https://latchkey.example.org" help:"Public address of the Latchkey service."`
	PlainHTTP bool   `name:"plain-http" group:"Service" help:"Allow an address of the service that starts with http://, although the service is on another machine. Anybody on the network between can then read the key of this server, so use it only inside a network of containers."`
	ClaimCode string `name:"claim-code" group:"Service" secret:"whole" placeholder:"CODE" help:"Code from the page /servers/new of the service. It makes the server yours, and is needed only for the first registration."`

	MediaServer    string `name:"media-server" group:"Media server" default:"jellyfin" choices:"jellyfin,emby,builtin" help:"The media server with which the agent works: a Jellyfin server, version 10.9 or later; an Emby server, version 4.8 or later, where less is possible (see docs/agent.md); or the small built-in one, which has local users and no media."`
	MediaServerURL string `name:"media-server-url" group:"Media server" placeholder:"http://127.0.0.1:8096" help:"Address at which the agent reaches the media server, with the path below which it is if it has one, such as /jellyfin. It must be set with media-server=jellyfin and media-server=emby. Set it with media-server=builtin only if the builtin media server runs as a separate program, 'latchkey agent builtin': then it is the address of that program."`
	APIKey         string `name:"api-key" group:"Media server" secret:"whole" placeholder:"KEY" help:"API key of the Jellyfin or Emby server, made in its dashboard. It must be set with media-server=jellyfin and media-server=emby. The key allows everything on that server; the agent never sends it anywhere else."`
	ServerName     string `name:"server-name" group:"Media server" default:"Latchkey" help:"Name of the builtin media server. Jellyfin and Emby have their own."`
	Catalogue      string `name:"catalogue" group:"Media server" placeholder:"FILE" help:"YAML file with libraries and items that the builtin media server shows although it has no media, or demo for the catalogue that the program contains. docs/agent.md explains the file. It is read at the start; a mistake in it stops the start."`

	Listen         string   `name:"listen" group:"Addresses" default:"127.0.0.1:8471" help:"Address and port to listen on. With Jellyfin or Emby, the reverse proxy in front of it forwards the Connect paths to this address. Apps reach the builtin media server here."`
	Addresses      []string `name:"addresses" group:"Addresses" placeholder:"https://media.example.org" help:"Addresses at which people reach the media server from outside, separated by commas, the best one first. They may have a path, such as https://media.example.org/jellyfin."`
	ReportLAN      bool     `name:"report-lan" group:"Addresses" default:"true" help:"Report the addresses of this machine in the home network to the service."`
	ReportWAN      bool     `name:"report-wan" group:"Addresses" default:"true" help:"Report that the media server can also be reached at the public address from which the service sees this machine. This helps only if the router forwards the port."`
	TrustedProxies []string `name:"trusted-proxies" group:"Addresses" default:"127.0.0.1,::1" help:"Addresses and networks of the reverse proxies in front, separated by commas. A forwarded address of the caller is believed only if it comes from one of them. Networks wider than /8 (IPv6: /7) are refused."`
	Discovery      string   `name:"discovery" group:"Addresses" default:"auto" choices:"auto,on,off" help:"Answer apps that look for media servers in the home network (UDP port 7359). With auto the builtin media server answers; Jellyfin and Emby answer for themselves."`

	AllowAdmins    bool          `name:"allow-admins" group:"What the service may ask" help:"Allow links to administrators of the media server. Anybody who takes over the service, or that account, can then administer the media server."`
	AllowAllUsers  bool          `name:"allow-all-users" group:"What the service may ask" help:"Let people in as any local user to whom the service links them. Without it each local user who existed before needs a yes: 'latchkey agent link', 'latchkey agent allow', or a proof by the person. With it, anybody who takes over the service can sign in as every local user who may be linked."`
	CreateUsers    bool          `name:"create-users" group:"What the service may ask" default:"true" help:"Make a local user for each guest."`
	DeleteGuests   bool          `name:"delete-guests" group:"What the service may ask" help:"When the link of a guest ends, delete the guest's local user and the record of what they watched. Otherwise the local user is disabled, and enabled again with the next link."`
	GuestLibraries []string      `name:"guest-libraries" group:"What the service may ask" commas:"only" placeholder:"Films,Family Videos" help:"Libraries for guests whose invite names no library: names or ids, separated by commas. Empty means all libraries."`
	GuestLimit     int           `name:"guest-limit" group:"What the service may ask" default:"100" least:"0" most:"10000" help:"The largest number of guests. A guest whose link has ended, and whose local user is therefore disabled, does not count."`
	GuestsHourly   int           `name:"guests-hourly" group:"What the service may ask" default:"20" least:"1" most:"1000" help:"The largest number of local users that are made for guests within an hour. It keeps somebody who takes over the service from filling the media server in a night."`
	Levels         string        `name:"levels" group:"What the service may ask" default:"guests" choices:"guests,linked,off" help:"Whose limits at the media server the service may change by levels and unlocks: of guests alone, of all linked local users, or of nobody. A level only takes away from what the local user may see and do. Whether entering asks for the PIN does not depend on this setting."`
	Televisions    string        `name:"televisions" group:"What the service may ask" default:"guests" choices:"guests,linked,off" help:"As whom the owner of the server may sign in a television, with the six digits that it shows: as guests alone, as all linked local users, or as nobody. It never works as an administrator, and never without the PIN where entering asks for it."`
	OfflineTrust   time.Duration `name:"offline-trust" group:"What the service may ask" default:"72h" least:"1m" most:"8760h" help:"How long devices can still get in with their access keys while the service cannot be reached. Devices that are signed in stay signed in."`

	SecretKey string `name:"secret-key" group:"Operation" secret:"whole" placeholder:"TEXT" help:"The key from which the keys for the agent's encrypted data are made: any text of 32 characters or more. Without it the agent makes one and keeps it in the data folder."`
	LogFormat string `name:"log-format" group:"Operation" default:"json" choices:"json,text" help:"Format of the log."`
	LogLevel  string `name:"log-level" group:"Operation" default:"info" choices:"debug,info,warn,error" help:"Least severe entries that are logged."`
}

// TrustedPrefixes returns the trusted proxies as networks, as
// [Settings.TrustedPrefixes] does.
func (a *Agent) TrustedPrefixes() []netip.Prefix { return prefixes(a.TrustedProxies) }

// Level returns the log level for slog, as [Settings.Level] does.
func (a *Agent) Level() slog.Level { return level(a.LogLevel) }

// Apart reports whether the builtin media server runs as a program of its own.
func (a *Agent) Apart() bool { return a.MediaServer == MediaServerBuiltin && a.MediaServerURL != "" }

// Discover reports whether the agent answers apps that look for media servers
// by UDP.
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
	p.add("server-name", checkShortText(a.ServerName))
	p.add("secret-key", checkKey(a.SecretKey))
	p.add("api-key", checkVisible(a.APIKey))
	p.add("claim-code", checkVisible(a.ClaimCode))
	switch a.MediaServer {
	case MediaServerJellyfin:
		a.checkBeside(p, "Jellyfin", "API Keys")
	case MediaServerEmby:
		a.checkBeside(p, "Emby", "Advanced, API Keys")
	}
}

// checkBeside checks the settings about a media server of others. The parameter menu says where its
// dashboard makes an API key.
func (a *Agent) checkBeside(p *problems, product, menu string) {
	if a.Catalogue != "" {
		p.add("catalogue", errors.New("is for the builtin media server; set media-server to builtin, or leave catalogue out"))
	}
	if a.MediaServerURL == "" {
		p.add("media-server-url", fmt.Errorf("%w; set it to the address of the %s server, such as http://127.0.0.1:8096", errMissing, product))
	}
	if a.APIKey == "" {
		p.add("api-key", fmt.Errorf("%w; make one in %s's dashboard, under %s, and set it in the file or as LATCHKEY_AGENT_API_KEY", errMissing, product, menu))
	}
}

// checkService returns the address of the service in the form in which it is
// stored and compared.
func checkService(text string, plain bool) (string, error) {
	if text == "" {
		return "", nil // the setting is missing; another check reports that
	}
	u, err := parseSite(text, "https://latchkey.example.org")
	switch {
	case err != nil:
		return "", err
	case u.Path != "":
		return "", errNotAlone
	case u.Scheme != "https" && !plain && !isOwn(u):
		return "", errors.New("must start with https://, otherwise others can read the key of the server; if the whole path to the service is your own network, set plain-http")
	}
	return u.String(), nil
}

// isOwn reports whether an address names this machine, so that requests to it
// never leave the machine.
func isOwn(u *url.URL) bool {
	return u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
}

// checkMediaServer returns the address of a media server in the form in which it is stored. Unlike
// the address of the service, it may have a path: Jellyfin's setting "base URL" adds one. The path
// /web at its end is left out, because people copy it from the address line of the browser.
func checkMediaServer(text string) (string, error) {
	if text == "" {
		return "", nil // the setting is missing; another check reports that
	}
	u, err := parseSite(text, "http://127.0.0.1:8096")
	if err != nil {
		return "", err
	}
	path, err := mediaurl.ParsePath(strings.TrimSuffix(strings.TrimSuffix(u.EscapedPath(), "/index.html"), "/web"))
	if err != nil {
		return "", pathProblem("http://127.0.0.1:8096/jellyfin")
	}
	u.Path = ""
	return u.String() + path, nil
}

// pathProblem returns the error for a path that the service would refuse.
func pathProblem(example string) error {
	return fmt.Errorf("has a path that cannot be kept; write it like %s: without .. in it, without /web at its end, and with at most %d characters",
		example, mediaurl.PathMax)
}

// checkOutside returns an address that apps will use, in the form in which it is stored. It applies
// the rules of the service, because the service refuses a whole report if it cannot store one of
// its addresses.
func checkOutside(text string) (string, error) {
	const example = "https://media.example.org"
	if _, err := parseSite(text, example); err != nil {
		return "", err
	}
	u, err := mediaurl.Parse(text)
	switch {
	case errors.Is(err, mediaurl.ErrPath):
		return "", pathProblem(example + "/jellyfin")
	case err != nil:
		return "", fmt.Errorf("is not an address such as %s", example)
	}
	return u.Short(), nil
}

// checkVisible returns an error for a text that an HTTP header cannot carry.
func checkVisible(text string) error {
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return errors.New("contains a space or another character that cannot be part of it; copy it again")
		}
	}
	return nil
}
