package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// protectionRow is a row of protections: what the owner of a server lets people do and see by default,
// and what its agent can limit.
type protectionRow struct {
	ServerID    int64 `gorm:"primaryKey"`
	Active      bool
	PINRequired bool
	Everyday    string
	Unlocked    *string // nil if there is nothing to unlock
	AgentLevels string  // [LevelsGuests] and the others; "" for an agent that knows no levels
	Choices     string  // JSON of [LevelChoices], or ""

	AgentTelevisions string // [TelevisionsGuests] and the others; "" for an agent that does not say
}

// TableName returns the name of the table, protections.
func (protectionRow) TableName() string { return "protections" }

// linkLevelsRow is a row of link_levels: the levels of one link. A link without a row follows the
// defaults of its server.
type linkLevelsRow struct {
	LinkID      int64 `gorm:"primaryKey"`
	ServerID    int64
	AccountID   int64
	Own         bool // PINRequired, Everyday and Unlocked take the place of the defaults
	PINRequired bool
	Everyday    string
	Unlocked    *string
	Hold        *string    // what the person's own PIN protects
	StoppedAt   *time.Time // since when nothing can be unlocked, because the PIN was removed
	UnlockID    int64      // 0 if nothing was unlocked
	OpenedBy    int64      // the account whose PIN was given
	OpenedAt    *time.Time
	ClosesAt    *time.Time
	StopPlaying bool
	AskedDevice string // the device that was refused last
	AskedClient string
	AskedAt     *time.Time
	ToldState   string // by the agent: [LevelEveryday] and the others; "" for nothing
	ToldByHand  string // names of fields of a [Level], with commas between them
	ToldProblem string // [LevelProblems]; "" for none
}

// TableName returns the name of the table, link_levels.
func (linkLevelsRow) TableName() string { return "link_levels" }

// The local users to whom the levels of an agent apply.
const (
	LevelsOff    = "off"
	LevelsGuests = "guests"
	LevelsLinked = "linked" // guests and everybody else who is linked
)

// The states of the levels of a link, as an agent reports them.
const (
	LevelEveryday = "everyday"
	LevelUnlocked = "unlocked"
	LevelNotHeld  = "not_held" // its setting does not hold for this local user
	LevelWaiting  = "waiting"  // the media server has not taken it yet
)

// LevelStates returns all states of the levels of a link.
func LevelStates() []string {
	return []string{LevelEveryday, LevelUnlocked, LevelNotHeld, LevelWaiting}
}

// LevelProblems returns the problems that an agent may have with the levels of a link.
func LevelProblems() []string { return []string{"library_gone", "refused", "administrator"} }

// LevelFields returns the names of the fields of a [Level], as an agent names those that were changed by
// hand.
func LevelFields() []string {
	return []string{"libraries", "hidden_libraries", "types", "hidden_folders", "max_rating", "unrated", "blocked_tags", "allowed_tags", "hours", "may_not"}
}

// LevelChoices are the names that a media server has for the limits of a level.
type LevelChoices struct {
	Ratings      []LevelRating `json:"ratings"`
	Tags         []string      `json:"tags"`
	Folders      []LevelFolder `json:"folders"`
	HidesFolders bool          `json:"hides_folders"` // the media server can hide single folders
}

// levelChoicesMost is the greatest number of names of each kind that are kept.
const levelChoicesMost = 1000

// LevelFolder is a folder inside a library. Its ids are the ids that the media server uses.
type LevelFolder struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	LibraryID string `json:"library_id"`
}

// AgentLevels are the levels of a link as its agent gets them.
type AgentLevels struct {
	PINRequired bool         // nobody gets in without an open unlock
	Everyday    *Level       // nil if only PINRequired is held
	Unlocked    *Level       // nil if there is nothing to unlock
	Unlock      *AgentUnlock // nil if none is open
	Locale      string       // the language of the person
}

// AgentUnlock is an open unlock. Times are UTC.
type AgentUnlock struct {
	ID               int64
	OpenedAt, EndsAt time.Time
	StopPlaying      bool // at the end
}

// levelColumns reads the [levelParts] of a link l of an account a.
const levelColumns = `COALESCE(lp.active, FALSE) AS active, COALESCE(lp.pin_required, FALSE) AS server_pin, COALESCE(lp.everyday, '') AS server_everyday, lp.unlocked AS server_unlocked,
 COALESCE(lv.own, FALSE) AS own, COALESCE(lv.pin_required, FALSE) AS own_pin, COALESCE(lv.everyday, '') AS own_everyday, lv.unlocked AS own_unlocked,
 lv.hold, lv.stopped_at, COALESCE(lv.unlock_id, 0) AS unlock_id, COALESCE(lv.opened_by, 0) AS opened_by, lv.opened_at, lv.closes_at, COALESCE(lv.stop_playing, FALSE) AS stop_playing,
 a.ceiling_age, a.ceiling_unrated, a.locale`

// limited reports whether a link has levels. It says the same as [levelParts.none].
const limited = "(COALESCE(lp.active, FALSE) OR lv.hold IS NOT NULL OR a.ceiling_age IS NOT NULL) AS limited"

// levelTables joins the tables of [levelColumns].
const levelTables = " LEFT JOIN protections lp ON lp.server_id = l.server_id LEFT JOIN link_levels lv ON lv.link_id = l.id"

// levelParts is everything that decides about the levels of a link.
type levelParts struct {
	Active         bool // the owner has switched protection on
	ServerPIN      bool
	ServerEveryday string
	ServerUnlocked *string
	Own, OwnPIN    bool
	OwnEveryday    string
	OwnUnlocked    *string
	Hold           *string
	StoppedAt      *time.Time
	UnlockID       int64
	OpenedBy       int64
	OpenedAt       *time.Time
	ClosesAt       *time.Time
	StopPlaying    bool
	CeilingAge     *int64
	CeilingUnrated bool
	Locale         string
}

// none reports whether nothing limits the link.
func (p *levelParts) none() bool { return !p.Active && p.Hold == nil && p.CeilingAge == nil }

// pinRequired reports whether nobody gets in without an open unlock.
func (p *levelParts) pinRequired() bool {
	if p.Own {
		return p.Active && p.OwnPIN
	}
	return p.Active && p.ServerPIN
}

// ceiling returns the limit that a guardian has set for a member.
func (p *levelParts) ceiling() Level {
	if p.CeilingAge == nil {
		return Level{}
	}
	limit := Level{MaxRating: &LevelRating{Value: int(*p.CeilingAge)}}
	if p.CeilingUnrated {
		limit.Unrated = UnratedKinds()
	}
	return limit
}

// owners returns the two levels that the owner of the server has chosen for the link. The second is nil if
// there is nothing to unlock.
func (p *levelParts) owners() (everyday Level, unlocked *Level, err error) {
	if !p.Active {
		return Level{}, nil, nil
	}
	text, optional := p.ServerEveryday, p.ServerUnlocked
	if p.Own {
		text, optional = p.OwnEveryday, p.OwnUnlocked
	}
	if everyday, err = unpackLevel(text); err != nil {
		return Level{}, nil, err
	}
	unlocked, err = unpackOptional(optional)
	return everyday, unlocked, err
}

// both returns the everyday level and the unlocked level of the link. The second is nil if there is
// nothing to unlock.
func (p *levelParts) both() (everyday Level, unlocked *Level, err error) {
	everyday, unlocked, err = p.owners()
	if err != nil {
		return Level{}, nil, err
	}
	hold, err := unpackOptional(p.Hold)
	if err != nil {
		return Level{}, nil, err
	}
	if hold != nil && unlocked == nil {
		open := everyday
		unlocked = &open
	}
	everyday = everyday.and(p.ceiling())
	if hold != nil {
		everyday = everyday.and(*hold)
	}
	if unlocked != nil {
		limited := unlocked.and(p.ceiling())
		unlocked = &limited
	}
	return everyday, unlocked, nil
}

// opens reports whether the person of the link can unlock something: a level that is wider than the
// everyday level, or the server itself, if nobody gets in there without the PIN.
func (p *levelParts) opens() bool {
	_, unlocked, err := p.both()
	return err == nil && (unlocked != nil || p.pinRequired())
}

// isOpen reports whether an unlock is open.
func (p *levelParts) isOpen(now time.Time) bool {
	return p.UnlockID != 0 && p.OpenedAt != nil && p.ClosesAt != nil && p.ClosesAt.After(now) && !p.OpenedAt.After(now) && p.StoppedAt == nil && p.opens()
}

// agentLevels returns the levels as the agent gets them, nil if nothing limits the link.
func (p *levelParts) agentLevels(now time.Time) (*AgentLevels, error) {
	if p.none() {
		return nil, nil
	}
	everyday, unlocked, err := p.both()
	if err != nil {
		return nil, err
	}
	out := &AgentLevels{PINRequired: p.pinRequired(), Unlocked: unlocked, Locale: p.Locale}
	if !everyday.takesNothing() || unlocked != nil {
		out.Everyday = &everyday
	}
	if p.isOpen(now) {
		out.Unlock = &AgentUnlock{ID: p.UnlockID, OpenedAt: p.OpenedAt.UTC(), EndsAt: p.ClosesAt.UTC(), StopPlaying: p.StopPlaying}
	}
	return out, nil
}

// LevelState says what an agent has made of the levels of a link.
type LevelState struct {
	LinkID  int64
	State   string   // [LevelEveryday] and the others
	ByHand  []string // [LevelFields] that somebody has changed at the media server
	Problem string   // [LevelProblems]; "" for none
}

// TellLevels stores what the agent of a server has made of the levels of its links. Links that are not in
// the list have no state any longer. Links of other servers, and words that the service does not know, are
// ignored: the agent may be newer than the service.
func (a *Agents) TellLevels(ctx context.Context, this Server, states []LevelState) error {
	told := map[int64]LevelState{}
	for _, one := range states {
		told[one.LinkID] = one.known()
	}
	return a.tx(ctx, "store the states of levels", func(tx *gorm.DB) error {
		if err := lockServer(tx, "id = ?", this.ID); err != nil {
			return err
		}
		var links []linkRow
		if err := tx.Raw("SELECT id, server_id, account_id FROM links WHERE server_id = ? AND state = ? ORDER BY id", this.ID, LinkAccepted).Scan(&links).Error; err != nil {
			return err
		}
		rows, err := database.G[linkLevelsRow](tx).Where("server_id = ?", this.ID).Find(ctx)
		if err != nil {
			return err
		}
		stored := map[int64]linkLevelsRow{}
		for _, row := range rows {
			stored[row.LinkID] = row
		}
		for i := range links {
			if err := storeState(ctx, tx, &links[i], stored[links[i].ID], told[links[i].ID]); err != nil {
				return err
			}
		}
		return nil
	})
}

// known returns the state without words that the service does not know.
func (s LevelState) known() LevelState {
	if !slices.Contains(LevelStates(), s.State) {
		s.State = ""
	}
	if !slices.Contains(LevelProblems(), s.Problem) {
		s.Problem = ""
	}
	s.ByHand = narrower(joined(s.ByHand, nil), LevelFields())
	return s
}

// storeState stores the state of the levels of one link, if it differs from the stored one.
func storeState(ctx context.Context, tx *gorm.DB, link *linkRow, before linkLevelsRow, now LevelState) error {
	byHand := strings.Join(now.ByHand, ",")
	if before.ToldState == now.State && before.ToldByHand == byHand && before.ToldProblem == now.Problem {
		return nil
	}
	return changeLevels(ctx, tx, link, map[string]any{"told_state": now.State, "told_by_hand": byHand, "told_problem": now.Problem})
}

// changeLevels changes columns of the levels of a link, and adds the row if the link has none. The caller
// has locked the link, its account or its server.
func changeLevels(ctx context.Context, tx *gorm.DB, link *linkRow, columns map[string]any) error {
	n, err := database.G[linkLevelsRow](tx).Where("link_id = ?", link.ID).Count(ctx, "*")
	if err != nil {
		return err
	}
	if n == 0 {
		if err := database.G[linkLevelsRow](tx).Create(ctx, &linkLevelsRow{LinkID: link.ID, ServerID: link.ServerID, AccountID: link.AccountID}); err != nil {
			return err
		}
	}
	return tx.Table("link_levels").Where("link_id = ?", link.ID).Updates(columns).Error
}

// endLevels ends the levels of a link that is deleted. What its owner, its person or a guardian has closed stays for
// the next link of the same person with the same server: leaving and coming back opens nothing.
func endLevels(tx *gorm.DB, linkID int64) error {
	err := tx.Exec("DELETE FROM link_levels WHERE link_id = ? AND own = FALSE AND hold IS NULL AND stopped_at IS NULL", linkID).Error
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE link_levels SET unlock_id = 0, opened_by = 0, opened_at = NULL, closes_at = NULL, stop_playing = FALSE,
 asked_device = '', asked_client = '', asked_at = NULL, told_state = '', told_by_hand = '', told_problem = '' WHERE link_id = ?`, linkID).Error
}

// guardianOnly returns [ErrGuardianOnly] for the link of a member that has levels. Only a guardian may end such a link,
// because the agent then gives the local user back the policy without these levels.
func guardianOnly(tx *gorm.DB, linkID int64) error {
	var rows []struct {
		GuardianID *int64
		Levels     levelParts `gorm:"embedded"`
	}
	err := tx.Raw("SELECT a.guardian_id, "+levelColumns+" FROM links l JOIN accounts a ON a.id = l.account_id"+levelTables+" WHERE l.id = ? AND l.state = ?", linkID, LinkAccepted).
		Scan(&rows).Error
	if err == nil && len(rows) > 0 && rows[0].GuardianID != nil && !rows[0].Levels.none() {
		err = ErrGuardianOnly
	}
	return err
}

// adoptLevels gives a new link the levels of an earlier link of the same person with the same server, so
// that what was locked there stays locked.
func adoptLevels(tx *gorm.DB, link *linkRow) error {
	return tx.Exec("UPDATE link_levels SET link_id = ? WHERE server_id = ? AND account_id = ?", link.ID, link.ServerID, link.AccountID).Error
}

// askedUnlock is the number of refused devices that are noted for one link in an hour.
const askedUnlock = 60

// AskedUnlock notes that a device was refused because no unlock was open, so that the person sees it.
// device and client are as the device names itself. It returns [ErrNotFound] for a link of another
// server, or [ErrThrottled].
func (a *Agents) AskedUnlock(ctx context.Context, this Server, linkID int64, device, client string) error {
	if err := a.throttle.allow(ctx, a.throttle.key("asked unlock", FormatID(linkID)), Limit{Hits: askedUnlock, Window: time.Hour}); err != nil {
		return err
	}
	return a.tx(ctx, "note a refused device", func(tx *gorm.DB) error {
		if err := lockServer(tx, "id = ?", this.ID); err != nil {
			return err
		}
		rows, err := database.G[linkRow](tx).Where("id = ? AND server_id = ? AND state = ?", linkID, this.ID, LinkAccepted).Find(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound
		}
		return changeLevels(ctx, tx, &rows[0], map[string]any{
			"asked_device": cleanServerName(device), "asked_client": cleanServerName(client), "asked_at": a.Now(),
		})
	})
}

// check returns the choices in the form that is stored: names without odd characters, at most
// [levelChoicesMost] of each kind.
func (c LevelChoices) check() LevelChoices {
	out := LevelChoices{HidesFolders: c.HidesFolders}
	for _, one := range c.Ratings[:min(len(c.Ratings), levelChoicesMost)] {
		if one.Name = cleanServerName(one.Name); one.Name != "" && one.Value >= 0 && one.Value <= levelValueMost {
			out.Ratings = append(out.Ratings, one)
		}
	}
	for _, tag := range c.Tags[:min(len(c.Tags), levelChoicesMost)] {
		if isTag(tag) && tag != "" {
			out.Tags = append(out.Tags, tag)
		}
	}
	for _, one := range c.Folders[:min(len(c.Folders), levelChoicesMost)] {
		if isExternalID(one.ID) && isExternalID(one.LibraryID) {
			one.Name = nameOr(one.Name, one.ID)
			out.Folders = append(out.Folders, one)
		}
	}
	slices.Sort(out.Tags)
	out.Tags = slices.Compact(out.Tags)
	return out
}

// reportLevels stores what the agent of a server can limit, and for whom it lets the owner sign televisions in.
func (c *core) reportLevels(ctx context.Context, tx *gorm.DB, serverID int64, report *checkedReport) error {
	levels, choices := report.Levels, report.Choices
	rows, err := database.G[protectionRow](tx).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return err
	}
	if len(rows) == 0 && levels+report.Televisions == "" && choices == nil {
		return nil
	}
	columns := map[string]any{"agent_levels": levels, "agent_televisions": report.Televisions}
	text := ""
	if choices != nil {
		packed, err := json.Marshal(choices)
		if err != nil {
			return fmt.Errorf("write the choices of levels: %w", err)
		}
		text = string(packed)
		columns["choices"] = text
	}
	if len(rows) == 0 {
		return database.G[protectionRow](tx).Create(ctx, &protectionRow{
			ServerID: serverID, AgentLevels: levels, AgentTelevisions: report.Televisions, Choices: text,
		})
	}
	return tx.Table("protections").Where("server_id = ?", serverID).Updates(columns).Error
}
