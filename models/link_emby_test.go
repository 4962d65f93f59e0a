package models_test

import (
	"errors"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// A server sees only the username of a person until the person has accepted a link to it,
// whichever call it makes, because anybody can register a server.
func TestStrangersServersSeeNoDisplayName(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, anna, m := k.t.Context(), k.account(), k.stray()
		const hidden = "Anna Tell-Nobody"
		k.must(k.Accounts.SetProfile(ctx, anna.ID, models.Profile{Username: anna.Username, DisplayName: hidden, Locale: "en"}, home))
		sees := func(when, want string, name string) {
			k.t.Helper()
			found, _, err := k.EmbyServers.FindAccount(ctx, m.Server, name, home)
			k.must(err)
			if found.ID != anna.ID || found.DisplayName != want {
				k.t.Errorf("%s, the server finds %+v, want the display name %q", when, found, want)
			}
			for _, link := range k.authorizations(m) {
				if link.DisplayName != want {
					k.t.Errorf("%s, the list of links has %q, want %q", when, link.DisplayName, want)
				}
			}
		}
		sees("without a link", anna.Username, anna.Username)
		asked := k.ask(m, anna)
		sees("asked", anna.Username, anna.Username)
		k.must(k.Links.Accept(ctx, anna.ID, asked.ID, home))
		sees("linked", hidden, anna.Username)
		sees("linked", hidden, anna.Email)
		if _, _, err := k.EmbyServers.FindAccount(ctx, m.Server, newName(), home); !errors.Is(err, models.ErrNotFound) {
			k.t.Errorf("an unknown name: error %v, want %v", err, models.ErrNotFound)
		}
	})
}
