package models

import (
	"context"

	"gorm.io/gorm"
)

// Servers are the operations of a person on the servers that they own.
type Servers struct{ *core }

// OwnedServer is a server with the number of its people and pending links.
type OwnedServer struct {
	Server
	People, Pending int
}

// ownServers runs for a page that signed-in people open often, so it is prepared. Most
// people own no server.
const ownServers = ownColumns + " FROM servers s WHERE s.owner_id = ? ORDER BY s.id"

// ownColumns is the beginning of the statements that list the servers of an owner. Its parameters are two states of
// links, each with the present time.
const ownColumns = "SELECT s.id, s.owner_id, s.created_at, s.claimed_at, s.last_seen_at, s.disabled_at, s.change_seq, s.acked_seq," +
	" s.self_service, s.key_version, s.report_hash, " + ownCount + ", " + ownCount + ", " + describedColumns

// ownCount counts the links of a server in a state.
const ownCount = "(SELECT COUNT(*) FROM links l WHERE l.server_id = s.id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?))"

// Mine lists the servers of an owner in the order of their registration. After an error
// the list is nil.
func (s *Servers) Mine(ctx context.Context, ownerID int64) ([]OwnedServer, error) {
	now := s.Now()
	rows, err := s.hot.ownServers.Rows(ctx, LinkAccepted, now, LinkPending, now, ownerID)
	if err != nil {
		return nil, explained("list the servers", err)
	}
	var servers []OwnedServer
	if err := scanOwned(rows, func(one OwnedServer) { servers = append(servers, one) }); err != nil {
		return nil, err
	}
	return servers, nil
}

// ServerDetail is a server with everything that its owner sees.
type ServerDetail struct {
	Server
	Addresses []Address // hidden ones too, in the order in which clients try
	Links     []Link    // without access keys
}

// Get reads a server of an owner. It returns [ErrNotFound].
func (s *Servers) Get(ctx context.Context, ownerID, serverID int64) (ServerDetail, error) {
	row, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID)
	if err != nil {
		return ServerDetail{}, err
	}
	return s.serverDetail(ctx, &row)
}

// serverDetail reads the addresses and links of a server.
func (c *core) serverDetail(ctx context.Context, row *serverRow) (ServerDetail, error) {
	detail := ServerDetail{Server: row.server()}
	var err error
	if detail.Addresses, err = c.addressesOf(ctx, row.ID); err != nil {
		return detail, err
	}
	var links []authorizationRow
	if err := c.read(ctx).Raw(authorizations+" AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY a.username", row.ID, c.Now()).Scan(&links).Error; err != nil {
		return detail, explained("read the people", err)
	}
	for _, l := range links {
		detail.Links = append(detail.Links, l.link())
	}
	return detail, nil
}

// ServerChange holds what an owner changes at a server. A nil field changes nothing.
type ServerChange struct {
	OwnName     *string // "" brings back the name that the server reports
	SelfService *bool   // see [Server]; false ends the proofs that are under way
	StartNote   *string // see [Server]; "" removes it

	LinkedPasswords *bool // see [Server]
}

// Change makes all of the changes, or no change after an error. It returns [ErrNotFound], or
// an error about the field start_note.
func (s *Servers) Change(ctx context.Context, ownerID, serverID int64, in ServerChange) error {
	if err := in.clean(); err != nil {
		return err
	}
	return s.tx(ctx, "change a server", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		if in.OwnName != nil {
			name := cleanServerName(*in.OwnName)
			err := s.changeTold(tx, serverID, func() error {
				return tx.Exec("UPDATE servers SET own_name = ? WHERE id = ?", name, serverID).Error
			})
			if err != nil {
				return err
			}
		}
		if err := in.write(tx, serverID); err != nil {
			return err
		}
		if in.SelfService != nil {
			return setSelfService(tx, serverID, *in.SelfService, s.Now())
		}
		return nil
	})
}

// write stores the changes that no agent and no list of servers has to learn.
func (in *ServerChange) write(tx *gorm.DB, serverID int64) error {
	if in.LinkedPasswords != nil {
		if err := tx.Exec("UPDATE servers SET linked_passwords = ? WHERE id = ?", *in.LinkedPasswords, serverID).Error; err != nil {
			return err
		}
	}
	if in.StartNote == nil {
		return nil
	}
	return tx.Exec("UPDATE servers SET start_note = ? WHERE id = ?", *in.StartNote, serverID).Error
}

// clean puts the texts into the form in which they are stored. It returns an error about
// the field start_note.
func (in *ServerChange) clean() error {
	if in.StartNote == nil {
		return nil
	}
	note, ok := cleanNote(*in.StartNote)
	if !ok {
		return fieldError(KindInvalid, "start_note", "note_invalid")
	}
	in.StartNote = &note
	return nil
}

// HandOver gives a server to another account, which gets a mail; the server keeps its
// people. Its feed gets a change, so that the agent fetches a new key. The first use of that
// key ends the keys that the former owner may know. HandOver returns [ErrNotFound], or an
// error about the field username for an account that is unknown, unconfirmed, disabled or
// the account of the owner.
func (s *Servers) HandOver(ctx context.Context, ownerID, serverID int64, username string, caller Caller) error {
	return s.tx(ctx, "hand a server over", func(tx *gorm.DB) error {
		server, err := s.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		heir, err := s.heir(ctx, tx, ownerID, username)
		if err != nil {
			return err
		}
		if err := lockAccount(tx, ownerID); err != nil {
			return err
		}
		giver, err := s.accountByID(ctx, tx, ownerID)
		if err != nil {
			return err
		}
		if err := s.leaveCircles(tx, serverID, ownerID); err != nil {
			return err
		}
		err = requireRow(tx.Exec("UPDATE servers SET owner_id = ?, claimed_at = ? WHERE id = ? AND owner_id = ?", heir.ID, s.Now(), serverID, ownerID))
		if err != nil {
			return err
		}
		if err := s.markHandedOver(ctx, tx, serverID); err != nil {
			return err
		}
		return s.tellHandOver(ctx, tx, &server, &giver, &heir, caller)
	})
}

// tellHandOver owes the new owner a mail, and records an event for the new owner and one
// for the old owner.
func (c *core) tellHandOver(ctx context.Context, tx *gorm.DB, server *serverRow, giver, heir *accountRow, caller Caller) error {
	if err := c.owe(ctx, tx, serverMail(MailServerHandedOver, heir, server.server().Name, giver, c.Now())); err != nil {
		return err
	}
	// The new owner must not see the address and device of the old one.
	name := server.server().Name
	if err := c.recordAbout(ctx, tx, heir.ID, EventServerReceived, name, Caller{}); err != nil {
		return err
	}
	if err := c.happen(ctx, tx, happened{kind: HappenedOwnerChanged, ownerID: giver.ID, server: server}); err != nil {
		return err
	}
	if err := c.happen(ctx, tx, happened{kind: HappenedReceived, ownerID: heir.ID, server: server}); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, giver.ID, EventServerHandedOver, name, caller)
}

// markHandedOver marks the working keys of a server as known to its former owner, and
// tells its agent.
func (c *core) markHandedOver(ctx context.Context, tx *gorm.DB, serverID int64) error {
	now := c.Now() // never before a key was made, although a clock may be late: such a key would count as inherited
	err := tx.Exec(`UPDATE server_keys SET handed_over_at = CASE WHEN created_at > ? THEN created_at ELSE ? END
WHERE server_id = ? AND (handed_over_at IS NULL OR handed_over_at < created_at)`, now, now, serverID).Error
	if err != nil {
		return err
	}
	return c.feedChange(ctx, tx, changeRow{ServerID: serverID, Kind: ChangeHandedOver})
}

// heir finds and locks the account that gets the server. It returns an error about the
// field username.
func (s *Servers) heir(ctx context.Context, tx *gorm.DB, ownerID int64, username string) (accountRow, error) {
	unknown := fieldError(KindInvalid, "username", "username_unknown")
	if isEmail(username) {
		return accountRow{}, unknown
	}
	row, err := s.accountByName(ctx, tx, nameKey(username))
	if err == nil && row.ID == ownerID {
		return row, fieldError(KindInvalid, "username", "username_own")
	}
	if err == nil {
		err = lockUsableAccount(tx, row.ID)
	}
	if KindOf(err) == KindNotFound && err != nil || err == nil && row.NewcomerOf != 0 {
		return row, unknown
	}
	return row, err
}

// Remove removes a server with its keys, addresses and links; its people get a mail.
// It returns [ErrNotFound].
func (s *Servers) Remove(ctx context.Context, ownerID, serverID int64, caller Caller) error {
	return s.tx(ctx, "remove a server", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		row, err := s.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		if err := s.removeServer(ctx, tx, &row); err != nil {
			return err
		}
		return s.recordAbout(ctx, tx, ownerID, EventServerRemoved, row.server().Name, caller)
	})
}
