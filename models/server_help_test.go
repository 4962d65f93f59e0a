package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// looseServers lifts the limits that many servers and devices at one network address
// would reach.
func looseServers(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	for _, limit := range []*models.Limit{
		&o.Limits.RegisterSource, &o.Limits.RegisterNetwork, &o.Limits.RegisterService,
		&o.Limits.DeviceSource, &o.Limits.DeviceNetwork, &o.Limits.DeviceService,
	} {
		*limit = plenty
	}
}

func eachServer(t *testing.T, f func(k *kit), adjust ...modelstest.Adjust) {
	t.Helper()
	each(t, f, append([]modelstest.Adjust{looseServers}, adjust...)...)
}

// media is a media server and its server key.
type media struct {
	models.Server
	key string
}

var den = models.Registration{
	Name: "Den", SystemID: "383ceec546a24889be99de692f6b7b09", Version: "Emby Server 3.2.0.0", Kind: models.ServerEmby,
	WAN: []string{"http://media.example.test:8096"}, LAN: []string{"http://192.168.1.2:8096"},
}

// stray returns a server that registered by itself and has no owner.
func (k *kit) stray() media {
	k.t.Helper()
	done, err := k.Registrations.Register(k.t.Context(), den, home)
	k.must(err)
	return media{done.Server, done.Key}
}

// server returns a server of owner, registered with a claim code.
func (k *kit) server(owner models.Account) media {
	k.t.Helper()
	in := den
	in.ClaimCode = k.claimCode(owner)
	done, err := k.Registrations.Register(k.t.Context(), in, home)
	k.must(err)
	return media{done.Server, done.Key}
}

func (k *kit) claimCode(owner models.Account) string {
	k.t.Helper()
	code, _, err := k.Registrations.NewClaimCode(k.t.Context(), owner.ID)
	k.must(err)
	return code
}

func (k *kit) detail(owner models.Account, m media) models.ServerDetail {
	k.t.Helper()
	detail, err := k.Servers.Get(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	return detail
}

// urls returns addresses as clients open them; hidden addresses are in brackets.
func urls(addresses []models.Address) string {
	var texts []string
	for _, a := range addresses {
		text := a.URL()
		if a.Hidden {
			text = "(" + text + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// addAddress adds an address to a server of an owner and returns the error alone.
func (k *kit) addAddress(owner models.Account, m media, url string) error {
	_, err := k.Addresses.Add(k.t.Context(), owner.ID, m.ID, url)
	return err
}

// addressID returns the id of the address with a text.
func (k *kit) addressID(owner models.Account, m media, url string) int64 {
	k.t.Helper()
	for _, a := range k.detail(owner, m).Addresses {
		if a.URL() == url {
			return a.ID
		}
	}
	k.t.Fatalf("there is no address %s, want one", url)
	return 0
}

func (k *kit) disableServer(m media) {
	k.t.Helper()
	k.must(k.OperatedServers.Disable(k.t.Context(), models.CommandLine, m.ID))
}

// report returns what an agent reports about a server with three local users and two
// libraries.
func report() models.Report {
	in := den
	in.Kind = models.ServerAgent
	return models.Report{
		Registration: in,
		LocalUsers: []models.LocalUser{
			{ExternalID: "u-anna", Name: "Anna"}, {ExternalID: "u-ben", Name: "Ben", Disabled: true}, {ExternalID: "u-root", Name: "Root", Administrator: true},
		},
		Libraries: []models.Library{{ExternalID: "l-films", Name: "Films"}, {ExternalID: "l-series", Name: "Series"}},
	}
}

// agent returns a server of owner with an agent that has sent a report.
func (k *kit) agent(owner models.Account) media {
	k.t.Helper()
	in := report().Registration
	in.ClaimCode = k.claimCode(owner)
	done, err := k.Registrations.Register(k.t.Context(), in, home)
	k.must(err)
	m := k.again(media{done.Server, done.Key})
	k.report(m, report())
	return k.again(m)
}

// again looks up a server by its key, as every call does.
func (k *kit) again(m media) media {
	k.t.Helper()
	this, err := k.ServerKeys.Look(k.t.Context(), m.key)
	k.must(err)
	return media{this, m.key}
}

func (k *kit) report(m media, in models.Report) {
	k.t.Helper()
	_, err := k.Agents.Report(k.t.Context(), m.Server, in)
	k.must(err)
}

// localUser returns the local user of a server with an external id.
func (k *kit) localUser(owner models.Account, m media, externalID string) models.LocalUser {
	k.t.Helper()
	users, err := k.Servers.LocalUsers(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	for _, u := range users {
		if u.ExternalID == externalID {
			return u
		}
	}
	k.t.Fatalf("there is no local user %s, want one", externalID)
	return models.LocalUser{}
}
