package agent

import (
	"slices"
	"time"
)

// guestBook holds all guests and links for one pass of [guests.settle].
type guestBook struct {
	now       time.Time
	guests    []*guestRow
	inUse     map[string]*linkRow    // links of type guest that are in use, by id
	order     []*linkRow             // the same links, the oldest first
	byAccount map[string][]*linkRow  // the same links, by account
	current   map[string]*guestRow   // the guest of each link in use, by id of the link
	former    map[string][]*guestRow // guests whose link is not in use, by account
	leftAlone map[string]bool        // ids of links whose guest is left alone
	waiting   map[string][]*linkRow  // the links that wait for each reason
}

func newGuestBook(now time.Time, inUse []linkRow, rows []guestRow) *guestBook {
	b := &guestBook{
		now: now, inUse: map[string]*linkRow{}, byAccount: map[string][]*linkRow{},
		current: map[string]*guestRow{}, former: map[string][]*guestRow{}, leftAlone: map[string]bool{}, waiting: map[string][]*linkRow{},
	}
	for i := range inUse {
		link := &inUse[i]
		b.inUse[link.ID] = link
		b.order = append(b.order, link)
		b.byAccount[link.AccountID] = append(b.byAccount[link.AccountID], link)
	}
	for i := range rows {
		g := &rows[i]
		if g.LeftAlone != "" {
			b.leftAlone[g.LinkID] = true
			continue
		}
		b.guests = append(b.guests, g)
		if link := b.inUse[g.LinkID]; link != nil && link.mayBe(g) {
			b.current[g.LinkID] = g
		} else {
			b.former[g.AccountID] = append(b.former[g.AccountID], g)
		}
	}
	return b
}

// mayBe reports whether g can be the guest of the link.
func (r *linkRow) mayBe(g *guestRow) bool {
	return r.LocalUserID == "" || r.LocalUserID == g.LocalUserID
}

// comeBack lets guests whose link is not in use return with another link of the same
// account that has no guest yet. It calls the function move to write that down.
// If move reports false, the guest stays where they are, and nobody returns as them.
func (b *guestBook) comeBack(move func(g *guestRow, link *linkRow) (moved bool, err error)) error {
	for _, link := range b.order {
		if b.current[link.ID] != nil || b.leftAlone[link.ID] {
			continue
		}
		if err := b.comeBackBy(link, move); err != nil {
			return err
		}
	}
	return nil
}

// comeBackBy gives a link to the first former guest who can be its guest and for whom move returns
// true.
func (b *guestBook) comeBackBy(link *linkRow, move func(g *guestRow, link *linkRow) (moved bool, err error)) error {
	for i, g := range b.former[link.AccountID] {
		if !link.mayBe(g) || g.LeftAlone != "" {
			continue
		}
		moved, err := move(g, link)
		if err != nil {
			return err
		}
		if moved {
			b.current[link.ID] = g
			b.former[link.AccountID] = slices.Delete(b.former[link.AccountID], i, i+1)
			return nil
		}
	}
	return nil
}
