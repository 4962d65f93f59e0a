package models_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

const crowd = 64

func looseCodes(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	for _, limit := range []*models.Limit{&o.Limits.CodeAccount, &o.Limits.CodeSource, &o.Limits.CodeService, &o.Limits.ClaimHour, &o.Limits.DeviceMisses} {
		*limit = plenty
	}
}

func TestRacesForServers(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("accept a link", func(k *kit) {
			person, owner := k.account(), k.account()
			asked := k.ask(k.server(owner), person)
			k.oneWinner(parallel(crowd, func(int) error { return k.Links.Accept(ctx, person.ID, asked.ID, home) }), models.ErrNotFound)
			k.letter(models.MailLinkAccepted, owner.Email)
		})
		k.run("remove from both sides", func(k *kit) {
			person, m := k.account(), k.server(k.account())
			link := k.link(m, person)
			k.oneWinner(parallel(crowd, func(i int) error {
				if i%2 == 0 {
					return k.Links.Remove(ctx, person.ID, link.ID, home)
				}
				return k.EmbyServers.Cancel(ctx, m.Server, person.ID)
			}), models.ErrNotFound)
		})
		k.run("ask for a link", func(k *kit) {
			person, m := k.account(), k.server(k.account())
			for _, err := range parallel(crowd, func(int) error {
				_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: person.ID})
				return err
			}) {
				k.must(err)
			}
			if list := k.authorizations(m); len(list) != 1 {
				k.t.Errorf("%d links, want 1", len(list))
			}
			k.letter(models.MailLinkAsked, person.Email)
		})
		k.run("claim by code", func(k *kit) {
			owner := k.account()
			in := den
			in.ClaimCode = k.claimCode(owner)
			k.oneWinner(parallel(crowd, func(int) error { _, err := k.Registrations.Register(ctx, in, home); return err }), models.ErrClaimCodeWrong)
			if mine, err := k.Servers.Mine(ctx, owner.ID); err != nil || len(mine) != 1 {
				k.t.Errorf("the owner has the servers %+v with error %v, want one", mine, err)
			}
		})
		k.run("claim by key", func(k *kit) {
			m, a, b := k.stray(), k.account(), k.account()
			k.oneWinner(parallel(crowd, func(i int) error {
				return k.Registrations.Claim(ctx, []int64{a.ID, b.ID}[i%2], m.ID, m.key, home)
			}), models.ErrServerClaimed)
		})
		k.run("updates of one server", func(k *kit) {
			owner := k.account()
			m := k.server(owner)
			in := models.Registration{WAN: []string{"http://a.test:1", "http://b.test:2"}, LAN: []string{"http://10.0.0.1:1"}}
			for _, err := range parallel(crowd, func(i int) error {
				if i%8 == 0 {
					if err := k.addAddress(owner, m, "http://b.test:2"); models.KindOf(err) != models.KindConflict {
						return err
					}
					return nil
				}
				_, err := k.Registrations.Update(ctx, m.Server, in)
				return err
			}) {
				k.must(err)
			}
			if n := len(k.detail(owner, m).Addresses); n != 3 {
				k.t.Errorf("%d addresses, want 3", n)
			}
		})
		k.run("approve or deny", func(k *kit) {
			phone, code := k.signIn(k.account()).Session, k.begin("race")
			k.oneWinner(parallel(crowd, func(i int) error {
				if i%2 == 0 {
					return k.Devices.Approve(ctx, phone, code, home)
				}
				return k.Devices.Deny(ctx, phone, code, home)
			}), models.ErrCodeWrong)
		})
		k.run("exchange by the Emby protocol", func(k *kit) {
			person := k.account()
			code := k.begin("race")
			k.must(k.Devices.Approve(ctx, k.signIn(person).Session, code, home))
			k.oneWinner(parallel(crowd, func(int) error { _, err := k.Devices.EmbyExchange(ctx, "race", code, tv); return err }), models.ErrDeviceCodeExpired)
			k.sessionsAre(person, 2)
		})
		k.run("exchange by RFC 8628", func(k *kit) {
			person := k.account()
			code := k.beginAPI("race")
			k.must(k.Devices.Approve(ctx, k.signIn(person).Session, code.UserCode, home))
			k.oneWinner(parallel(crowd, func(int) error { _, err := k.Devices.Exchange(ctx, code.DeviceCode, tv); return err }),
				models.ErrDeviceCodeExpired, models.ErrSlowDown)
			k.sessionsAre(person, 2)
		})
		k.run("rotate a key", func(k *kit) {
			owner := k.account()
			m := k.server(owner)
			var mu sync.Mutex
			keys := map[string]bool{}
			for _, err := range parallel(8, func(int) error {
				key, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
				mu.Lock()
				defer mu.Unlock()
				keys[key] = true
				return err
			}) {
				k.must(err)
			}
			for key := range keys {
				if found, err := k.ServerKeys.Look(ctx, key); err != nil || found.ID != m.ID {
					k.t.Errorf("a returned key belongs to server %d with error %v, want the rotated server", found.ID, err)
				}
			}
			if len(keys) != 8 {
				k.t.Errorf("%d keys, want 8", len(keys))
			}
			if n := k.texts("SELECT COUNT(*) FROM server_keys WHERE expires_at IS NULL AND server_id = ?", m.ID)[0][0]; n != "1" {
				k.t.Errorf("%s keys have no end, want 1", n)
			}
		})
	}, looseCodes)
}

func (k *kit) sessionsAre(a models.Account, want int) {
	k.t.Helper()
	if n := k.texts("SELECT COUNT(*) FROM sessions WHERE account_id = ?", a.ID)[0][0]; n != fmt.Sprint(want) {
		k.t.Errorf("%s sessions, want %d", n, want)
	}
}
