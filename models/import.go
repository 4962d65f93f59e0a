package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// Imports are the operations with which an owner brings many people to a server together. A list
// becomes a draft first, which says line by line what would happen and changes nothing for anybody.
// Running the draft does just that. See docs/adr/0042.
type Imports struct {
	*core
	invites *Invites
}

// The states of an import.
const (
	ImportDraft   = "draft"   // it only shows what would happen
	ImportRunning = "running" // some invites are not made yet; the service makes them by itself
	ImportDone    = "done"

	importDiscarded = "discarded" // its owner deleted it, or its server was removed: see forgetImports
)

// The outcomes of a line. Only [ImportInvite] makes an invite.
const (
	ImportInvite           = "invite"
	ImportLinked           = "already_linked"     // the local user has an account, or the account is linked to the server
	ImportInvited          = "already_invited"    // an invite to the same person waits for an answer
	ImportDeclined         = "declined_before"    // the same person has said no to an earlier invite
	ImportPersonTwice      = "person_twice"       // an earlier line has the same person
	ImportLocalUserTwice   = "local_user_twice"   // an earlier line has the same local user
	ImportLocalUserTaken   = "local_user_taken"   // it is linked with, or offered to, somebody else
	ImportLocalUserUnknown = "local_user_unknown" // the server reported no such local user
	ImportLibraryUnknown   = "library_unknown"
	ImportToMissing        = "to_missing" // the line has neither an address nor a username
	ImportEmailInvalid     = "email_invalid"
	ImportUsernameUnknown  = "username_unknown"
	ImportUsernamesMany    = "usernames_many" // too many unknown usernames for one day
	ImportYourself         = "yourself"
	ImportNameInvalid      = "name_invalid"
	ImportEndInvalid       = "ends_at_invalid"
	ImportEndPast          = "ends_at_past"
)

// ImportOutcomes returns all outcomes.
func ImportOutcomes() []string {
	return []string{
		ImportInvite, ImportLinked, ImportInvited, ImportDeclined, ImportPersonTwice, ImportLocalUserTwice, ImportLocalUserTaken,
		ImportLocalUserUnknown, ImportLibraryUnknown, ImportToMissing, ImportEmailInvalid, ImportUsernameUnknown, ImportUsernamesMany,
		ImportYourself, ImportNameInvalid, ImportEndInvalid, ImportEndPast,
	}
}

// ImportSources returns the forms from which a list can come.
func ImportSources() []string { return []string{"page", "csv", "json", "jfa-go", "wizarr"} }

const (
	importRowsMax    = 1000
	importsKept      = 50 // lists of one owner
	importDraftLife  = 24 * time.Hour
	importRunAtOnce  = 200 // lines that [Imports.Run] carries out itself
	importGroup      = 50  // lines of one transaction
	importBurst      = 60  // mails that go out at once
	importMailPause  = time.Minute
	importRemindMost = 3
	importRemindWait = 24 * time.Hour     // from the mail of the invite to the first reminder
	importRemindWeek = 7 * 24 * time.Hour // between two reminders
	importLibraries  = 200
)

// importRow is a row of imports.
type importRow struct {
	ID         int64
	OwnerID    int64
	ServerID   int64
	Source     string
	ByAgent    bool // the agent of the server made it
	State      string
	InviteDays int64
	Invites    int64
	CreatedAt  time.Time
	StartedAt  *time.Time
	ExpiresAt  time.Time
	PacedUntil *time.Time
}

// TableName returns the name of the table, imports.
func (importRow) TableName() string { return "imports" }

// importLineRow is a row of import_rows.
type importLineRow struct {
	ImportID    int64
	Position    int64
	Name        string
	Typed       string
	AccountID   int64
	EmailKey    string
	LocalUserID *int64
	LocalUser   string
	Libraries   *string // see library.go
	EndsAt      *time.Time
	Outcome     string
	Other       int64
	InviteID    int64
	MailAt      *time.Time
	RemindedAt  *time.Time
	Reminders   int64
}

// TableName returns the name of the table, import_rows.
func (importLineRow) TableName() string { return "import_rows" }

// NewImport is a list of people whom an owner brings to a server.
type NewImport struct {
	Source         string // one of [ImportSources]
	Profile        string // the name or the id of a profile of the server, whose choices fill what a line leaves empty; "" for none
	Lines          []NewImportLine
	IdempotencyKey string // "" for none

	byAgent bool
}

// NewImportLine is one person of a list, as it was typed or read from a file.
type NewImportLine struct {
	Name        string   // that the page of the invite greets; "" for none
	To          string   // a username or an email address
	LocalUserID int64    // the service's own id; 0 for none
	LocalUser   string   // the id or the name of the local user on the media server; "" for a guest
	Libraries   []string // ids or names; nil if the profile or the server decides. They count for guests alone
	EndsAt      string   // the last day, such as 2027-01-31, or a moment with its time zone (RFC 3339); "" for no end
}

// Import is a list with what happens, or has happened, with each of its lines. Times are UTC.
type Import struct {
	ID, OwnerID, ServerID           int64
	ServerName                      string
	Source, State                   string
	CreatedAt, StartedAt, ExpiresAt time.Time
	MailsUntil                      time.Time // when the last mail is due; zero if none is left
	Counts                          ImportCounts
	Lines                           []ImportLine // nil in lists of imports
}

// ImportCounts counts the lines of an import.
type ImportCounts struct {
	Lines    int // all of them
	Invite   int // that make, or have made, an invite
	Made     int // invites that have been made
	Same     int // that change nothing: linked or invited already
	Refused  int // all others
	Waiting  int // made invites that nobody has answered
	Accepted int
	Declined int
}

// ImportLine is one line of an [Import].
type ImportLine struct {
	Position    int // the first is 1
	Name, To    string
	LocalUserID int64  // 0 for a guest
	LocalUser   string // its name, or what the list says if the server reported no such local user
	NotAllowed  bool   // the agent lets nobody in as this local user until its admin says yes
	Libraries   []Library
	EndsAt      time.Time
	Outcome     string // one of [ImportOutcomes]
	Other       int    // the position of the earlier line that outcome is about; 0 for none
	InviteID    int64  // of the invite that was made; 0 for none
	Answer      string // the state of that invite, as in [Invite]; "" without one
	AnsweredAt  time.Time
	AnsweredBy  string // a username, once accepted
	MailAt      time.Time
	RemindedAt  time.Time
	Reminders   int
	CanRemind   bool
}

// Draft makes an import that only shows what would happen. It returns [ErrNotFound] for a server of
// another owner, errors about the fields source, lines, profile and idempotency_key,
// [ErrOtherRequest], [ErrThrottled] or [ErrUnavailable]. A draft is deleted after a day.
func (i *Imports) Draft(ctx context.Context, ownerID, serverID int64, in NewImport) (Import, error) {
	if _, err := i.ownedServer(ctx, i.read(ctx), ownerID, serverID); err != nil {
		return Import{}, err
	}
	return i.draftIn(ctx, "import "+FormatID(ownerID), ownerID, serverID, in)
}

// draftIn does the work of [Imports.Draft]. scope keeps the Idempotency-Keys of different callers apart.
func (i *Imports) draftIn(ctx context.Context, scope string, ownerID, serverID int64, in NewImport) (Import, error) {
	o, err := i.idempotent(scope, in.IdempotencyKey, serverID, in.Source, in.Profile, in.Lines)
	if err != nil {
		return Import{}, err
	}
	id, err := i.doneBefore(ctx, o)
	if err == nil && id == 0 {
		id, err = i.draftOnce(ctx, o, ownerID, serverID, in)
	}
	if err != nil {
		return Import{}, err
	}
	return i.get(ctx, ownerID, serverID, id)
}

// draftOnce makes the draft of a request that was not carried out before, and returns its id.
func (i *Imports) draftOnce(ctx context.Context, o idempotentRequest, ownerID, serverID int64, in NewImport) (int64, error) {
	if err := checkImport(&in); err != nil {
		return 0, err
	}
	if err := i.throttle.allow(ctx, i.throttle.key("import", FormatID(ownerID)), i.opt.Limits.ImportHour); err != nil {
		return 0, err
	}
	row := importRow{OwnerID: ownerID, ServerID: serverID, Source: in.Source, ByAgent: in.byAgent, State: ImportDraft, CreatedAt: i.Now(), ExpiresAt: i.Now().Add(importDraftLife)}
	var err error
	if row.ID, err = i.newID(); err != nil {
		return 0, explained("make an id", err)
	}
	lines, err := i.planDraft(ctx, &row, in)
	if err != nil {
		return 0, err
	}
	before, err := i.txOnce(ctx, "draft an import", o, row.ID, func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		if err := database.G[importRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		if err := database.G[importLineRow](tx).CreateInBatches(ctx, &lines, rowsAtOnce); err != nil {
			return err
		}
		return forgetOldest(ctx, tx, ownerID)
	})
	return cmp.Or(before, row.ID), err
}

// checkImport applies the rules that concern the whole list.
func checkImport(in *NewImport) error {
	var wrong []FieldError
	if !slices.Contains(ImportSources(), in.Source) {
		wrong = append(wrong, FieldError{Field: "source", Code: "source_invalid"})
	}
	switch {
	case len(in.Lines) == 0:
		wrong = append(wrong, FieldError{Field: "lines", Code: "lines_missing"})
	case len(in.Lines) > importRowsMax:
		wrong = append(wrong, FieldError{Field: "lines", Code: "lines_many"})
	}
	return invalid(wrong)
}

// newImportLine reads a line as far as no database is needed. The outcome is "" if nothing is wrong
// so far.
func (i *Imports) newImportLine(in NewImportLine, position int, zone *time.Location) importLineRow {
	typed, same := typedText(in.To)
	localUser, _ := typedText(in.LocalUser)
	row := importLineRow{Position: int64(position), Typed: typed, LocalUser: printable.Cut(localUser, externalIDMax)}
	var ok bool
	if row.Name, ok = cleanDisplayName(in.Name); !ok {
		row.Outcome = ImportNameInvalid
	}
	switch {
	case row.Typed == "":
		row.Outcome = cmp.Or(row.Outcome, ImportToMissing)
	case !same && isEmail(row.Typed):
		row.Outcome = cmp.Or(row.Outcome, ImportEmailInvalid)
	case !same:
		row.Outcome = cmp.Or(row.Outcome, ImportUsernameUnknown)
	case isEmail(row.Typed):
		sendTo, key, ok := parseEmail(row.Typed)
		if !ok {
			row.Outcome = cmp.Or(row.Outcome, ImportEmailInvalid)
			break
		}
		row.Typed, row.EmailKey = sendTo, key
	case checkUsername(row.Typed, "") != "":
		row.Outcome = cmp.Or(row.Outcome, ImportUsernameUnknown)
	}
	end, outcome := i.importEnd(in.EndsAt, zone)
	row.EndsAt, row.Outcome = end, cmp.Or(row.Outcome, outcome)
	return row
}

// typedText returns a text of a list as it is stored and shown. It reports whether that is the whole
// text: a mail for an address of which something was left out would reach somebody else.
func typedText(text string) (shown string, same bool) {
	text = strings.TrimSpace(text)
	shown = printable.Cut(strings.TrimSpace(printable.Text(text)), emailMax)
	return shown, shown == text
}

// importEnd reads the end of a line: a day of the zone, or a moment. It returns the outcome of a line with a wrong end, or "".
func (i *Imports) importEnd(text string, zone *time.Location) (*time.Time, string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, ""
	}
	end, err := lastday.End(text, zone)
	if err != nil {
		end, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return nil, ImportEndInvalid
	}
	kept, err := i.checkEnd(end)
	switch {
	case err == nil:
		return kept, ""
	case !end.After(i.Now()):
		return nil, ImportEndPast
	default:
		return nil, ImportEndInvalid
	}
}

// Discard deletes an import. The invites that it has made stay. It returns [ErrNotFound].
func (i *Imports) Discard(ctx context.Context, ownerID, serverID, importID int64) error {
	return i.tx(ctx, "discard an import", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		_, err := database.G[importRow](tx).Where("id = ? AND owner_id = ? AND server_id = ?", importID, ownerID, serverID).Take(ctx)
		if err != nil {
			return explained("read the import", err)
		}
		return forgetImports(tx, "id = ?", importID)
	})
}

// forgetOldest deletes the oldest imports of an owner who has more than importsKept, so that nobody can fill
// the database with lists. Imports that run stay. The caller has locked the owner.
func forgetOldest(ctx context.Context, tx *gorm.DB, ownerID int64) error {
	rows, err := database.G[importRow](tx).Where("owner_id = ? AND server_id <> 0 AND state <> ?", ownerID, ImportRunning).
		Order("id DESC").Offset(importsKept).Limit(sweepStep).Find(ctx)
	for at := 0; err == nil && at < len(rows); at++ {
		err = forgetImports(tx, "id = ?", rows[at].ID)
	}
	return err
}

// eraseImportLines deletes the lines of the imports to which a condition applies. It reads the ids first,
// because MySQL finds no index for a DELETE with a subquery.
func eraseImportLines(tx *gorm.DB, which string, value int64) error {
	var ids []int64
	if err := tx.Raw("SELECT id FROM imports WHERE "+which, value).Scan(&ids).Error; err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.Exec("DELETE FROM import_rows WHERE import_id = ?", id).Error; err != nil {
			return err
		}
	}
	return nil
}

// forgetImports deletes the imports to which a condition applies, with their lines. Of each import
// that was started it keeps a row without lines and without a server until the time of the import is
// over. Otherwise an owner could delete a list and then send all the mails of a day again.
func forgetImports(tx *gorm.DB, which string, value int64) error {
	if err := eraseImportLines(tx, which, value); err != nil {
		return err
	}
	for _, statement := range []string{
		"DELETE FROM imports WHERE " + which + " AND started_at IS NULL",
		"UPDATE imports SET state = '" + importDiscarded + "', server_id = 0 WHERE " + which,
	} {
		if err := tx.Exec(statement, value).Error; err != nil {
			return err
		}
	}
	return nil
}
