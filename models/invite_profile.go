package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// InviteProfiles are the operations on ready sets of choices that an owner saves for the
// invites to a server, such as "family" and "club".
type InviteProfiles struct{ *core }

// inviteProfileRow is a row of invite_profiles.
type inviteProfileRow struct {
	ID         int64
	OwnerID    int64
	ServerID   int64
	Name       string
	NameKey    string
	Libraries  *string // see library.go
	Uses       int64
	InviteDays int64
	LinkDays   int64
}

// TableName returns the name of the table, invite_profiles.
func (inviteProfileRow) TableName() string { return "invite_profiles" }

// InviteProfile is a ready set of choices for an invite to a server.
type InviteProfile struct {
	ID, ServerID int64
	Name         string
	Libraries    []Library // nil if the server decides; on input only ExternalID counts
	Uses         int       // how many people may accept the invite; at least 1
	InviteDays   int       // the number of days for which the invite can be accepted
	LinkDays     int       // the number of days after which a link ends; 0 for no end
}

const (
	inviteProfilesMost = 20
	inviteDaysMost     = int(inviteLifeLongest / (24 * time.Hour))
	linkDaysMost       = 20 * 365
)

// List lists the profiles of an owner for a server, by name. It returns [ErrNotFound] for a
// server of another owner.
func (p *InviteProfiles) List(ctx context.Context, ownerID, serverID int64) ([]InviteProfile, error) {
	if _, err := p.ownedServer(ctx, p.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	rows, err := database.G[inviteProfileRow](p.read(ctx)).Where("server_id = ? AND owner_id = ?", serverID, ownerID).Order("name_key, id").Find(ctx)
	if err != nil {
		return nil, explained("list the profiles of invites", err)
	}
	return p.completeProfiles(ctx, p.read(ctx), rows)
}

// completeProfiles returns the profiles of rows with the names of their libraries.
func (c *core) completeProfiles(ctx context.Context, db *gorm.DB, rows []inviteProfileRow) ([]InviteProfile, error) {
	var servers []int64
	for _, r := range rows {
		servers = append(servers, r.ServerID)
	}
	names, err := c.namesOfLibraries(ctx, db, servers...)
	if err != nil {
		return nil, err
	}
	profiles := make([]InviteProfile, len(rows))
	for at, r := range rows {
		libraries, err := names.unpack(r.ServerID, r.Libraries)
		if err != nil {
			return nil, explained("read a profile", err)
		}
		profiles[at] = InviteProfile{
			ID: r.ID, ServerID: r.ServerID, Name: r.Name, Libraries: libraries,
			Uses: int(r.Uses), InviteDays: int(r.InviteDays), LinkDays: int(r.LinkDays),
		}
	}
	return profiles, nil
}

// Make saves a new profile for a server of an owner. It returns [ErrNotFound] for a server of
// another owner, or errors about the fields name, libraries, uses, invite_days and link_days.
func (p *InviteProfiles) Make(ctx context.Context, ownerID int64, in InviteProfile) (InviteProfile, error) {
	id, err := p.newID()
	if err != nil {
		return InviteProfile{}, explained("make an id", err)
	}
	return p.save(ctx, ownerID, id, in, func(tx *gorm.DB, row *inviteProfileRow) error {
		n, err := database.G[inviteProfileRow](tx).Where("server_id = ? AND owner_id = ?", in.ServerID, ownerID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if n >= inviteProfilesMost {
			return fieldError(KindInvalid, "name", "profiles_many")
		}
		return database.G[inviteProfileRow](tx).Create(ctx, row)
	})
}

// Change saves other choices in a profile, by its ID. It returns [ErrNotFound] or the errors
// of [InviteProfiles.Make].
func (p *InviteProfiles) Change(ctx context.Context, ownerID int64, in InviteProfile) (InviteProfile, error) {
	return p.save(ctx, ownerID, in.ID, in, func(tx *gorm.DB, row *inviteProfileRow) error {
		found, err := database.G[inviteProfileRow](tx).Where("id = ? AND server_id = ? AND owner_id = ?", row.ID, row.ServerID, ownerID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if found == 0 {
			return ErrNotFound
		}
		return tx.Table("invite_profiles").Where("id = ?", row.ID).Updates(map[string]any{
			"name": row.Name, "name_key": row.NameKey, "libraries": row.Libraries,
			"uses": row.Uses, "invite_days": row.InviteDays, "link_days": row.LinkDays,
		}).Error
	})
}

// save checks a profile and writes it while its server is locked.
func (p *InviteProfiles) save(
	ctx context.Context, ownerID, id int64, in InviteProfile, write func(tx *gorm.DB, row *inviteProfileRow) error,
) (saved InviteProfile, err error) {
	row, err := checkInviteProfile(in)
	if err != nil {
		return InviteProfile{}, err
	}
	row.ID, row.OwnerID = id, ownerID
	err = p.tx(ctx, "save a profile", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, in.ServerID); err != nil {
			return err
		}
		if row.Libraries, err = p.chosenLibraries(ctx, tx, in.ServerID, in.Libraries, nil); err != nil {
			return err
		}
		err := write(tx, &row)
		if database.IsDuplicate(err, "invite_profiles", "server_id") {
			return fieldError(KindConflict, "name", "profile_taken").because(err)
		}
		if err != nil {
			return err
		}
		list, err := p.completeProfiles(ctx, tx, []inviteProfileRow{row})
		if err == nil {
			saved = list[0]
		}
		return err
	})
	return saved, err
}

// checkInviteProfile applies the rules that need no database, and returns the row without ids
// and libraries.
func checkInviteProfile(in InviteProfile) (inviteProfileRow, error) {
	var wrong []FieldError
	add := func(field, code string) { wrong = append(wrong, FieldError{Field: field, Code: code}) }
	name, ok := cleanDisplayName(in.Name)
	if !ok || name == "" {
		add("name", "profile_name_invalid")
	}
	if in.Uses < 1 || in.Uses > inviteUsesMost {
		add("uses", "uses_invalid")
	}
	if in.InviteDays < 1 || in.InviteDays > inviteDaysMost {
		add("invite_days", "invite_days_invalid")
	}
	if in.LinkDays < 0 || in.LinkDays > linkDaysMost {
		add("link_days", "link_days_invalid")
	}
	return inviteProfileRow{
		ServerID: in.ServerID, Name: name, NameKey: strings.ToLower(name),
		Uses: int64(in.Uses), InviteDays: int64(in.InviteDays), LinkDays: int64(in.LinkDays),
	}, invalid(wrong)
}

// Delete deletes a profile. It returns [ErrNotFound].
func (p *InviteProfiles) Delete(ctx context.Context, ownerID, serverID, profileID int64) error {
	return p.tx(ctx, "delete a profile", func(tx *gorm.DB) error {
		return requireRow(tx.Exec("DELETE FROM invite_profiles WHERE id = ? AND server_id = ? AND owner_id = ?", profileID, serverID, ownerID))
	})
}

// replaceInProfiles replaces a library in all profiles for a server.
func (c *core) replaceInProfiles(tx *gorm.DB, serverID int64, gone, by string) error {
	var profiles []inviteProfileRow
	if err := tx.Raw("SELECT id, libraries FROM invite_profiles WHERE server_id = ? AND libraries IS NOT NULL", serverID).Scan(&profiles).Error; err != nil {
		return err
	}
	for _, one := range profiles {
		packed, has, err := replacedLibrary(one.Libraries, gone, by)
		if err != nil {
			return err
		}
		if !has {
			continue
		}
		if err := tx.Exec("UPDATE invite_profiles SET libraries = ? WHERE id = ?", packed, one.ID).Error; err != nil {
			return err
		}
	}
	return nil
}
