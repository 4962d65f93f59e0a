package config

import (
	"errors"
	"fmt"
	"time"
)

// AgentServiceFile is the name of the file of settings in the folder of a further service of an agent.
const AgentServiceFile = "service.yaml"

// AgentService holds the settings of a further service that uses the media server of an agent. Each
// setting has the name, the default and the meaning that it has in [Agent]; what a file leaves out has
// its default, and never the value of the first service.
type AgentService struct {
	Service   string `name:"service" mandatory:"true" placeholder:"https://latchkey.example.org" help:"Public address of the Latchkey service."`
	PlainHTTP bool   `name:"plain-http" help:"Allow an address of the service that starts with http://, although the service is on another machine."`
	ClaimCode string `name:"claim-code" secret:"whole" placeholder:"CODE" help:"Code from the page /servers/new of the service."`

	AllowAdmins    bool          `name:"allow-admins" help:"Allow links to administrators of the media server."`
	AllowAllUsers  bool          `name:"allow-all-users" help:"Let people in as any local user to whom the service links them."`
	CreateUsers    bool          `name:"create-users" default:"true" help:"Make a local user for each guest."`
	DeleteGuests   bool          `name:"delete-guests" help:"Delete the local user of a guest when their link ends."`
	GuestLibraries []string      `name:"guest-libraries" commas:"only" placeholder:"Films,Family Videos" help:"Libraries for guests whose invite names no library."`
	GuestLimit     int           `name:"guest-limit" default:"100" least:"0" most:"10000" help:"The largest number of guests."`
	GuestsHourly   int           `name:"guests-hourly" default:"20" least:"1" most:"1000" help:"The largest number of local users that are made for guests within an hour."`
	Levels         string        `name:"levels" default:"guests" choices:"guests,linked,off" help:"Whose limits at the media server the service may change by levels and unlocks."`
	Televisions    string        `name:"televisions" default:"guests" choices:"guests,linked,off" help:"As whom the owner of the server may sign in a television."`
	OfflineTrust   time.Duration `name:"offline-trust" default:"72h" least:"1m" most:"8760h" help:"How long devices can still get in with their access keys while the service cannot be reached."`
}

// traits implements Set. No environment variable and no flag sets these settings, so that none of them can
// be mixed up with a setting of the first service.
func (a *AgentService) traits() traits {
	return traits{program: "latchkey agent", alwaysReal: true}
}

// check implements Set.
func (a *AgentService) check(p *problems) {
	service, err := checkService(a.Service, a.PlainHTTP)
	if p.add("service", err); err == nil {
		a.Service = service
	}
	p.add("claim-code", checkVisible(a.ClaimCode))
}

// NewAgentService returns the settings of a further service with their defaults.
func NewAgentService() *AgentService {
	set := &AgentService{}
	loaded := &Loaded{Origins: Origins{}, set: set, problems: newProblems()}
	for _, one := range settingsOf(set) {
		loaded.fill(one)
	}
	return set
}

// LoadAgentService reads the settings of a further service from its file. It returns an error that names
// every wrong setting.
func LoadAgentService(path string) (*AgentService, error) {
	set := &AgentService{}
	loaded := &Loaded{Origins: Origins{}, set: set, problems: newProblems()}
	from := &sources{all: settingsOf(set), traits: set.traits(), origins: loaded.Origins, problems: loaded.problems, found: map[string]found{}}
	from.readFile(path, nil)
	for _, one := range from.all {
		value, given := from.found[one.name]
		if !given {
			loaded.fill(one)
			continue
		}
		loaded.Origins[one.name] = value.origin
		loaded.problems.add(one.name, one.read(one.field, value.text))
	}
	for _, one := range from.all {
		err := one.check(set.traits())
		if errors.Is(err, errMissing) {
			err = fmt.Errorf("%w; write it into the file as %s: %s", errMissing, one.name, one.placeholder)
		}
		if !from.broken {
			loaded.problems.add(one.name, err)
		}
	}
	set.check(loaded.problems)
	return set, loaded.Check()
}

// Over returns the settings of the agent for this service: what concerns the service comes from here, and
// everything else from the agent.
func (a *AgentService) Over(agent *Agent, dataDir string) *Agent {
	over := *agent
	over.DataDir = dataDir
	over.Service, over.PlainHTTP, over.ClaimCode = a.Service, a.PlainHTTP, a.ClaimCode
	over.AllowAdmins, over.AllowAllUsers, over.CreateUsers, over.DeleteGuests = a.AllowAdmins, a.AllowAllUsers, a.CreateUsers, a.DeleteGuests
	over.GuestLibraries, over.GuestLimit, over.GuestsHourly = a.GuestLibraries, a.GuestLimit, a.GuestsHourly
	over.Levels, over.Televisions, over.OfflineTrust = a.Levels, a.Televisions, a.OfflineTrust
	return &over
}
