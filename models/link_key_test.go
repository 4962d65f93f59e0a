package models_test

import (
	"context"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// When the secret key changes, access keys are sealed with the new secret key; after that
// the old one can be forgotten.
func TestAccessKeysFollowTheSecretKey(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, name string) {
		clock := modelstest.NewClock()
		const newKey = "another secret key that only tests may use"
		open := func(current, previous string) *kit {
			store := modelstest.Open(t, name, clock, modelstest.Loose, looseServers, func(o *models.Options) {
				keys, err := secret.NewKeys(current, previous)
				if err != nil {
					t.Fatal(err)
				}
				o.Keys = keys
			})
			models.Impatient(store)
			return &kit{store, t, clock}
		}
		k := open(modelstest.Key, "")
		m, person := k.server(k.account()), k.account()
		k.link(m, person)
		for _, keys := range [][2]string{{newKey, modelstest.Key}, {newKey, ""}} {
			k = open(keys[0], keys[1])
			if got := k.located(person, models.LinkAccepted); len(got) != 1 || got[0].AccessKey != serversKey {
				t.Errorf("got the links %+v, want one with the same access key", got)
			}
			if _, err := k.ServerKeys.Look(context.Background(), m.key); err != nil {
				t.Errorf("the server key is refused with error %v, want it accepted", err)
			}
		}
	})
}

// No access key of a disabled account works until the account is enabled again, not even a
// key that has replaced an earlier one.
func TestCheckRefusesDisabled(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		a := k.member(owner, m)
		old := k.keyOf(m)
		k.must(k.Operators.Disable(ctx, a.Username))
		for _, key := range []string{old, k.keyOf(m), ""} {
			_, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(key), AccountID: a.ID})
			k.is(err, models.ErrAccessKeyWrong)
		}
		k.must(k.Operators.Enable(ctx, a.Username))
		_, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(k.keyOf(m)), AccountID: a.ID})
		k.must(err)
		_, err = k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(old)})
		k.is(err, models.ErrAccessKeyWrong)
	})
}
