package models_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Two people do conflicting things at the same moment, several times. Each call succeeds
// or returns one of its usual errors, never a deadlock, and no row is left that refers to a
// deleted one.
func TestConflictingActsLeaveNoOrphans(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		type clash struct {
			one, other func() error
			both       bool // both may succeed, because their order does not matter
		}
		for name, begin := range map[string]func(k *kit) clash{
			"accept, decline": func(k *kit) clash {
				person := k.account()
				asked := k.ask(k.server(k.account()), person)
				return clash{
					func() error { return k.Links.Accept(ctx, person.ID, asked.ID, home) },
					func() error { return k.Links.Remove(ctx, person.ID, asked.ID, home) }, true,
				}
			},
			"accept, cancel": func(k *kit) clash {
				person, m := k.account(), k.server(k.account())
				asked := k.ask(m, person)
				return clash{
					func() error { return k.Links.Accept(ctx, person.ID, asked.ID, home) },
					func() error { return k.EmbyServers.Cancel(ctx, m.Server, person.ID) }, true,
				}
			},
			"accept, remove the server": func(k *kit) clash {
				person, owner := k.account(), k.account()
				m := k.server(owner)
				asked := k.ask(m, person)
				return clash{
					func() error { return k.Links.Accept(ctx, person.ID, asked.ID, home) },
					func() error { return k.Servers.Remove(ctx, owner.ID, m.ID, home) }, true,
				}
			},
			"accept, delete the account": func(k *kit) clash {
				person := k.account()
				asked := k.ask(k.server(k.account()), person)
				return clash{
					func() error { return k.Links.Accept(ctx, person.ID, asked.ID, home) },
					func() error { return k.Accounts.Delete(ctx, person.ID, goodPassword, home) }, true,
				}
			},
			"ask, delete the account": func(k *kit) clash {
				person, m := k.account(), k.server(k.account())
				return clash{
					func() error {
						_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: person.ID})
						return err
					},
					func() error { return k.Accounts.Delete(ctx, person.ID, goodPassword, home) }, true,
				}
			},
			"ask, remove the server": func(k *kit) clash {
				person, owner := k.account(), k.account()
				m := k.server(owner)
				return clash{
					func() error {
						_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: person.ID})
						return err
					},
					func() error { return k.Servers.Remove(ctx, owner.ID, m.ID, home) }, true,
				}
			},
			"hand over, delete the heir": func(k *kit) clash {
				owner, heir := k.account(), k.account()
				m := k.server(owner)
				return clash{
					func() error { return k.Servers.HandOver(ctx, owner.ID, m.ID, heir.Username, home) },
					func() error { return k.Accounts.Delete(ctx, heir.ID, goodPassword, home) }, true,
				}
			},
			"hand over, delete the giver": func(k *kit) clash {
				owner, heir := k.account(), k.account()
				m := k.server(owner)
				return clash{
					func() error { return k.Servers.HandOver(ctx, owner.ID, m.ID, heir.Username, home) },
					func() error { return k.Accounts.Delete(ctx, owner.ID, goodPassword, home) }, true,
				}
			},
			"hand over, remove": func(k *kit) clash {
				owner, heir := k.account(), k.account()
				m := k.server(owner)
				return clash{
					func() error { return k.Servers.HandOver(ctx, owner.ID, m.ID, heir.Username, home) },
					func() error { return k.Servers.Remove(ctx, owner.ID, m.ID, home) }, false,
				}
			},
			"claim, delete the account": func(k *kit) clash {
				owner, m := k.account(), k.stray()
				return clash{
					func() error { return k.Registrations.Claim(ctx, owner.ID, m.ID, m.key, home) },
					func() error { return k.Accounts.Delete(ctx, owner.ID, goodPassword, home) }, true,
				}
			},
			"claim by code, delete the account": func(k *kit) clash {
				owner := k.account()
				in := den
				in.ClaimCode = k.claimCode(owner)
				return clash{
					func() error { _, err := k.Registrations.Register(ctx, in, home); return err },
					func() error { return k.Accounts.Delete(ctx, owner.ID, goodPassword, home) }, true,
				}
			},
			"make a claim code, delete the account": func(k *kit) clash {
				owner := k.account()
				return clash{
					func() error { _, _, err := k.Registrations.NewClaimCode(ctx, owner.ID); return err },
					func() error { return k.Accounts.Delete(ctx, owner.ID, goodPassword, home) }, true,
				}
			},
			"add an address, remove the server": func(k *kit) clash {
				owner := k.account()
				m := k.server(owner)
				return clash{
					func() error { return k.addAddress(owner, m, "http://own.test") },
					func() error { return k.Servers.Remove(ctx, owner.ID, m.ID, home) }, true,
				}
			},
			"update, remove the server": func(k *kit) clash {
				owner := k.account()
				m := k.server(owner)
				return clash{
					func() error {
						_, err := k.Registrations.Update(ctx, m.Server, models.Registration{WAN: []string{"http://new.test"}})
						return err
					},
					func() error { return k.OperatedServers.Remove(ctx, models.CommandLine, m.ID) }, true,
				}
			},
			"rotate, remove the server": func(k *kit) clash {
				owner := k.account()
				m := k.server(owner)
				return clash{
					func() error { _, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home); return err },
					func() error { return k.Servers.Remove(ctx, owner.ID, m.ID, home) }, true,
				}
			},
			"remove twice": func(k *kit) clash {
				owner := k.account()
				m := k.server(owner)
				k.linked(m)
				return clash{
					func() error { return k.Servers.Remove(ctx, owner.ID, m.ID, home) },
					func() error { return k.OperatedServers.Remove(ctx, models.CommandLine, m.ID) }, false,
				}
			},
		} {
			k.run(name, func(k *kit) {
				for range 3 {
					c := begin(k)
					errs := parallel(2, func(i int) error {
						if i == 0 {
							return c.one()
						}
						return c.other()
					})
					wins := 0
					for _, err := range errs {
						if err == nil {
							wins++
						} else if kind := models.KindOf(err); kind != models.KindNotFound && kind != models.KindInvalid && !errors.Is(err, models.ErrClaimCodeWrong) {
							k.t.Errorf("a call failed with error %v, want one of the usual refusals", err)
						}
					}
					if wins == 0 || wins == 2 && !c.both {
						k.t.Errorf("%d calls succeeded, want one, or both only where that is allowed: %v", wins, errs)
					}
				}
				k.nothingIsLeftBehind()
			})
		}
	}, looseCodes)
}

// nothingIsLeftBehind looks for rows that refer to a deleted account or server.
func (k *kit) nothingIsLeftBehind() {
	k.t.Helper()
	for _, c := range []struct{ table, column, parent string }{
		{"links", "account_id", "accounts"},
		{"links", "server_id", "servers"},
		{"servers", "owner_id", "accounts"},
		{"server_keys", "server_id", "servers"},
		{"server_addresses", "server_id", "servers"},
		{"claim_codes", "account_id", "accounts"},
		{"history", "account_id", "accounts"},
	} {
		rows := k.texts("SELECT * FROM " + c.table + " WHERE " + c.column + " <> 0 AND " + c.column + " NOT IN (SELECT id FROM " + c.parent + ")")
		if len(rows) > 0 {
			k.t.Errorf("%s has rows that refer to no row of %s, want none: %v", c.table, c.parent, slices.Concat(rows...))
		}
	}
}
