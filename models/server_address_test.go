package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Addresses that differ only in their path are two addresses. The path is kept in every
// list that programs and people read, and a report changes it.
func TestPathsOfAServer(t *testing.T) {
	const root, emby, jellyfin = "http://192.168.1.2:8096", "https://media.example.test:443/emby", "https://media.example.test:443/jellyfin"
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		m := k.agent(owner)
		in := report()
		in.WAN = []string{"https://MEDIA.example.test.//jellyfin/", "https://media.example.test/emby", "https://media.example.test:443/jellyfin"}
		k.report(m, in)
		want := root + " " + jellyfin + " " + emby
		if got := urls(k.detail(owner, m).Addresses); got != want {
			k.t.Errorf("the owner sees the addresses %s, want %s", got, want)
		}
		if got := k.located(k.linked(m), models.LinkAccepted); len(got) != 1 || urls(got[0].Addresses) != want {
			k.t.Errorf("a person's servers are %+v, want one at %s", got, want)
		}
		state, err := k.Agents.State(ctx, k.again(m).Server)
		k.must(err)
		if got := urls(state.Addresses); got != want {
			k.t.Errorf("the agent reads the addresses %s, want %s", got, want)
		}
		k.isKind(k.addAddress(owner, m, "https://media.example.test./emby//"), models.KindConflict)
		k.hasField(k.addAddress(owner, m, "https://media.example.test/a/../b"), "address", "address_path_invalid")
		in.WAN = []string{"https://media.example.test"}
		k.report(m, in)
		if got, want := urls(k.detail(owner, m).Addresses), root+" https://media.example.test:443"; got != want {
			k.t.Errorf("after a report without paths the addresses are %s, want %s", got, want)
		}
		in.WAN = []string{"https://media.example.test/emby?x"}
		_, err = k.Agents.Report(ctx, k.again(m).Server, in)
		k.hasField(err, "addresses", "address_path_invalid")
	})
}

// People read addresses as they type them, and never one in brackets.
func TestAddressAsPeopleReadIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address  models.Address
		text     string
		ok, home bool
	}{
		{models.Address{Scheme: "https", Host: "films.example.org", Port: 443}, "https://films.example.org", true, false},
		{models.Address{Scheme: "https", Host: "films.example.org", Port: 8920, Path: "/jellyfin"}, "https://films.example.org:8920/jellyfin", true, false},
		{models.Address{Scheme: "http", Host: "films.example.org", Port: 443}, "http://films.example.org:443", true, false},
		{models.Address{Scheme: "http", Host: "192.168.1.20", Port: 8096}, "http://192.168.1.20:8096", true, true},
		{models.Address{Scheme: "http", Host: "203.0.113.7", Port: 80}, "http://203.0.113.7", true, false},
		{models.Address{Scheme: "http", Host: "nas", Port: 80}, "http://nas", true, true},
		{models.Address{Scheme: "http", Host: "nas.fritz.box.home.arpa", Port: 80}, "http://nas.fritz.box.home.arpa", true, true},
		{models.Address{Scheme: "http", Host: "nas.local", Port: 8096}, "http://nas.local:8096", true, true},
		{models.Address{Scheme: "https", Host: "2001:db8::1", Port: 443}, "", false, false},
		{models.Address{Scheme: "http", Host: "fd00::2", Port: 8096}, "", false, true},
	} {
		if text, ok := tt.address.Spoken(); text != tt.text || ok != tt.ok {
			t.Errorf("%+v is read as %q (%v), want %q (%v)", tt.address, text, ok, tt.text, tt.ok)
		}
		if home := tt.address.HomeOnly(); home != tt.home {
			t.Errorf("%+v is for home only: %v, want %v", tt.address, home, tt.home)
		}
	}
}
