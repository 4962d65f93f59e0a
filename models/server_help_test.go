package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// looseConnect lifts the limits that many servers and devices at one address
// would meet.
func looseConnect(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	for _, limit := range []*models.Limit{
		&o.Limits.RegisterSource, &o.Limits.RegisterNetwork, &o.Limits.RegisterService,
		&o.Limits.DeviceSource, &o.Limits.DeviceNetwork, &o.Limits.DeviceService,
	} {
		*limit = plenty
	}
}

func eachConnect(t *testing.T, f func(k *kit), adjust ...modelstest.Adjust) {
	t.Helper()
	each(t, f, append([]modelstest.Adjust{looseConnect}, adjust...)...)
}

// media is a media server and what it knows.
type media struct {
	models.Server
	key string
}

var den = models.Registration{
	Name: "Den", SystemID: "383ceec546a24889be99de692f6b7b09", Version: "Emby Server 3.2.0.0", Kind: models.ServerEmby,
	WAN: []string{"http://media.example.test:8096"}, LAN: []string{"http://192.168.1.2:8096"},
}

// stray is a server that registered by itself.
func (k *kit) stray() media {
	k.t.Helper()
	done, err := k.Registrations.Register(k.t.Context(), den, home)
	k.must(err)
	return media{done.Server, done.Key}
}

// server is a server of owner, claimed by a code.
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

const serversKey = "92946949b56f4c5e831d072ba4929de0"

// ask asks a person for a link.
func (k *kit) ask(m media, a models.Account) models.Authorization {
	k.t.Helper()
	link, err := k.EmbyServers.Ask(k.t.Context(), m.Server, models.AskLink{AccountID: a.ID, AccessKey: serversKey, RequestedBy: "boss"})
	k.must(err)
	return link
}

// link is an accepted link.
func (k *kit) link(m media, a models.Account) models.Authorization {
	k.t.Helper()
	link := k.ask(m, a)
	k.must(k.Links.Accept(k.t.Context(), a.ID, link.ID, home))
	return link
}

func (k *kit) located(a models.Account, state string) []models.Located {
	k.t.Helper()
	found, err := k.Links.Locate(k.t.Context(), a.ID, state)
	k.must(err)
	return found
}

func (k *kit) authorizations(m media) []models.Authorization {
	k.t.Helper()
	list, err := k.EmbyServers.Links(k.t.Context(), m.Server)
	k.must(err)
	return list
}

// keyOf is the access key of the only link of a server, as the server sees it.
func (k *kit) keyOf(m media) string {
	k.t.Helper()
	list := k.authorizations(m)
	if len(list) != 1 {
		k.t.Fatalf("%d links, want 1", len(list))
	}
	return list[0].AccessKey
}

func (k *kit) detail(owner models.Account, m media) models.ServerDetail {
	k.t.Helper()
	detail, err := k.Servers.Get(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	return detail
}

// urls are addresses as clients open them, hidden ones in brackets.
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

// addressID finds an address by its text.
func (k *kit) addressID(owner models.Account, m media, url string) int64 {
	k.t.Helper()
	for _, a := range k.detail(owner, m).Addresses {
		if a.URL() == url {
			return a.ID
		}
	}
	k.t.Fatalf("no address %s", url)
	return 0
}

func (k *kit) events(a models.Account) map[models.EventKind]int {
	k.t.Helper()
	list, err := k.History.List(k.t.Context(), a.ID, 100)
	k.must(err)
	count := map[models.EventKind]int{}
	for _, e := range list {
		count[e.Kind]++
	}
	return count
}

// sqlRun runs a statement past all rules.
func (k *kit) sqlRun(statement string, args ...any) {
	k.t.Helper()
	_, err := models.DatabaseOf(k.Store).SQL.ExecContext(k.t.Context(), statement, args...)
	k.must(err)
}

// sqlRows reads rows as texts, whatever their columns are.
func (k *kit) sqlRows(query string, args ...any) [][]string {
	k.t.Helper()
	rows, err := models.DatabaseOf(k.Store).SQL.QueryContext(k.t.Context(), query, args...)
	k.must(err)
	defer func() { k.must(rows.Close()) }()
	names, err := rows.Columns()
	k.must(err)
	var all [][]string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		k.must(rows.Scan(into...))
		texts := make([]string, len(names))
		for i, value := range values {
			if b, ok := value.([]byte); ok {
				texts[i] = string(b)
			} else {
				texts[i] = fmt.Sprint(value)
			}
		}
		all = append(all, texts)
	}
	k.must(rows.Err())
	return all
}

func (k *kit) disableServer(m media) {
	k.t.Helper()
	k.must(k.OperatedServers.Disable(k.t.Context(), m.ID))
}

// begin gives a TV of the Emby wire a code.
func (k *kit) begin(deviceID string) string {
	k.t.Helper()
	code, err := k.Devices.Begin(k.t.Context(), models.DeviceAsk{DeviceID: deviceID, Client: "TV app 1.2", Door: models.DoorEmby}, tv)
	k.must(err)
	return code.UserCode
}

// beginAPI gives a TV of RFC 8628 a code.
func (k *kit) beginAPI(deviceID string) models.DeviceCode {
	k.t.Helper()
	code, err := k.Devices.Begin(k.t.Context(), models.DeviceAsk{DeviceID: deviceID, Client: "TV app", Device: "Living room", Door: models.DoorAPI}, tv)
	k.must(err)
	return code
}

var tv = models.Caller{Address: "198.51.100.7", Device: "TV app 1.2", Icon: "tv"}
