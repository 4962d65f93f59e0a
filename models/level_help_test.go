package models_test

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// choices returns everything that the agent of a test reports and that levels can use.
func choices() *models.LevelChoices {
	return &models.LevelChoices{
		Ratings:      []models.LevelRating{{Name: "G", Value: 0}, {Name: "PG", Value: 10}, {Name: "TV-14-V", Value: 14, Sub: new(1)}, {Name: "R", Value: 17}},
		Tags:         []string{"cartoon", "war"},
		Folders:      []models.LevelFolder{{ID: "f-saga", Name: "Saga", LibraryID: "l-series"}},
		HidesFolders: true,
	}
}

// protectedHome is a server with protection, and a guest there who has a PIN.
type protectedHome struct {
	owner, guest models.Account
	m            media
}

const guestPIN = "7264"

// cartoons is the everyday level of the tests: no films, nothing above PG, and nothing to delete.
func cartoons() models.Level {
	return models.Level{HiddenLibraries: []string{"l-films"}, MaxRating: &models.LevelRating{Name: "PG", Value: 10}, MayNot: []string{"delete"}}
}

// protectedHome makes a server whose everyday level is cartoons, and whose unlocked level is everything.
func (k *kit) protectedHome(pinRequired bool) protectedHome {
	k.t.Helper()
	h := protectedHome{owner: k.account()}
	h.m = k.agent(h.owner)
	in := report()
	in.Levels, in.Choices = models.LevelsGuests, choices()
	k.report(h.m, in)
	h.m = k.again(h.m)
	h.guest = k.guestWith(h.owner, h.m, "l-films", "l-series")
	k.must(k.PINs.Set(k.t.Context(), h.guest.ID, "", guestPIN, home))
	k.must(k.Protections.Set(k.t.Context(), h.owner.ID, h.m.ID, models.Protection{
		Active: true, PINRequired: pinRequired, Everyday: cartoons(), Unlocked: &models.Level{},
	}, home))
	return h
}

// levelsOf returns the levels of an account as the agent of a server gets them.
func (k *kit) levelsOf(m media, accountID int64) *models.AgentLevels {
	k.t.Helper()
	for _, link := range k.agentLinks(m) {
		if link.AccountID == accountID {
			return link.Levels
		}
	}
	k.t.Fatalf("the server has no link of the account %d", accountID)
	return nil
}

// isOpen reports whether the agent of a server gets an open unlock of an account.
func (k *kit) isOpen(m media, accountID int64) bool {
	k.t.Helper()
	levels := k.levelsOf(m, accountID)
	return levels != nil && levels.Unlock != nil
}

// unlock opens a server for an account by the PIN of an opener.
func (k *kit) unlock(openerID, accountID int64, pin string, servers ...int64) ([]models.Unlockable, error) {
	return k.Unlocks.Open(k.t.Context(), openerID, models.Unlock{AccountID: accountID, ServerIDs: servers, PIN: pin, For: time.Hour}, home)
}

// opened opens a server for an account, and fails the test if that is refused.
func (k *kit) opened(openerID, accountID int64, pin string, servers ...int64) models.Unlockable {
	k.t.Helper()
	got, err := k.unlock(openerID, accountID, pin, servers...)
	k.must(err)
	return got[0]
}

// unlockFails fails the test unless opening a server gets an error.
func (k *kit) unlockFails(openerID, accountID int64, pin string, want error, servers ...int64) {
	k.t.Helper()
	_, err := k.unlock(openerID, accountID, pin, servers...)
	k.is(err, want)
}

// linkIDOf returns the id of the link of an account with a server.
func (k *kit) linkIDOf(m media, accountID int64) int64 {
	k.t.Helper()
	link, err := k.Links.ByServer(k.t.Context(), accountID, m.ID)
	k.must(err)
	return link.ID
}
