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
