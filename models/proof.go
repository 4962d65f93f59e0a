package models

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Proofs are the operations by which people prove which local user of a server they are.
// The person starts a proof, the agent of the server proposes a code or one of the agent's
// own pages, and completes the proof with the local user. The owner agrees to this by
// allowing self-service, and the person by starting the proof.
type Proofs struct{ *core }

// The states of proofs.
const (
	ProofAsked  = "asked"  // the agent has not answered yet
	ProofShown  = "shown"  // the person can see a code or a page
	ProofDone   = "done"   // the link is accepted
	ProofFailed = "failed" // see Reason
)

// The reasons why the service ended a proof: it was not completed in time, or the owner
// no longer allows proofs.
const (
	proofExpired    = "expired"
	proofNotAllowed = "not_allowed"
)

// proofLife is the time in which a proof must be completed.
const proofLife = 10 * time.Minute

// proofsKept is the time for which the result of a proof can be read.
const proofsKept = time.Hour

// proofRow is a row of proofs.
type proofRow struct {
	ID        int64
	ServerID  int64
	AccountID int64
	State     string
	Code      string
	URL       string `gorm:"column:url"`
	Reason    string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName returns the name of the table, proofs.
func (proofRow) TableName() string { return "proofs" }

// Proof is one attempt to prove a local user. Times are UTC.
type Proof struct {
	ID, ServerID, AccountID int64
	Username                string // of the account; only [Proofs.Open] fills it
	State                   string
	Code, URL               string // the code to type into an app of the media server, or the page to open; the field that is not needed is ""
	Reason                  string // of a failed proof: denied, expired, not_allowed or unavailable
	CreatedAt, ExpiresAt    time.Time
}

func (c *core) proof(r *proofRow) Proof {
	p := Proof{
		ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID, State: r.State, Code: r.Code, URL: r.URL, Reason: r.Reason,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
	if (r.State == ProofAsked || r.State == ProofShown) && !r.ExpiresAt.After(c.Now()) {
		p.State, p.Reason = ProofFailed, proofExpired
	}
	return p
}

// Start begins a proof, or returns the proof that is open. It returns [ErrNotFound]
// for a server without an agent or without self-service, [ErrAlreadyLinked],
// [ErrAddressFirst] for a newcomer, or [ErrThrottled].
func (p *Proofs) Start(ctx context.Context, accountID, serverID int64) (Proof, error) {
	open, err := p.Get(ctx, accountID, serverID)
	if err != nil && KindOf(err) != KindNotFound {
		return Proof{}, err
	}
	if err == nil && (open.State == ProofAsked || open.State == ProofShown) {
		return open, nil
	}
	if err := p.throttle.allow(ctx, p.throttle.key("proof", FormatID(accountID)), p.opt.Limits.ProofHour); err != nil {
		return Proof{}, err
	}
	row := proofRow{ServerID: serverID, AccountID: accountID, State: ProofAsked, CreatedAt: p.Now()}
	row.ExpiresAt = row.CreatedAt.Add(proofLife)
	if row.ID, err = p.newID(); err != nil {
		return Proof{}, explained("make an id", err)
	}
	err = p.tx(ctx, "start a proof", func(tx *gorm.DB) error { return p.start(ctx, tx, &row) })
	if err != nil {
		return Proof{}, err
	}
	return p.Get(ctx, accountID, serverID)
}

func (p *Proofs) start(ctx context.Context, tx *gorm.DB, row *proofRow) error {
	if err := lockUsableAccount(tx, row.AccountID); err != nil {
		return err
	}
	if err := p.requireAddress(ctx, tx, row.AccountID); err != nil {
		return err
	}
	if err := p.lockSelfServiceServer(tx, row.ServerID); err != nil {
		return err
	}
	link, err := p.linkOf(ctx, tx, row.ServerID, row.AccountID)
	if err != nil {
		return err
	}
	if link != nil && link.State == LinkAccepted && link.LocalUserID != nil {
		return ErrAlreadyLinked
	}
	// The server is locked, so that no other proof of this account and server can begin now.
	err = tx.Exec("DELETE FROM proofs WHERE account_id = ? AND server_id = ?", row.AccountID, row.ServerID).Error
	if err != nil {
		return err
	}
	if err := database.G[proofRow](tx).Create(ctx, row); err != nil {
		return err
	}
	return p.feedChange(ctx, tx, changeRow{ServerID: row.ServerID, Kind: ChangeProofAsked, AccountID: row.AccountID})
}

// lockSelfServiceServer locks a server where people may prove their local user. It
// returns [ErrNotFound] for any other server.
func (p *Proofs) lockSelfServiceServer(tx *gorm.DB, serverID int64) error {
	return lockServer(tx, "id = ? AND kind = ? AND self_service = ? AND disabled_at IS NULL AND owner_id <> 0", serverID, ServerAgent, true)
}

// Get reads the latest proof of an account at a server. It returns [ErrNotFound].
func (p *Proofs) Get(ctx context.Context, accountID, serverID int64) (Proof, error) {
	row, err := database.G[proofRow](p.read(ctx)).Where("account_id = ? AND server_id = ?", accountID, serverID).Take(ctx)
	if err != nil {
		return Proof{}, explained("read the proof", err)
	}
	return p.proof(&row), nil
}

// Open lists the proofs that wait for the agent of a server or for a person, with
// usernames.
func (p *Proofs) Open(ctx context.Context, this Server) ([]Proof, error) {
	var rows []struct {
		Proof    proofRow `gorm:"embedded"`
		Username string
	}
	err := p.read(ctx).Raw(`SELECT p.*, a.username FROM proofs p JOIN accounts a ON a.id = p.account_id
WHERE p.server_id = ? AND p.state IN ? AND p.expires_at > ? AND a.confirmed_at IS NOT NULL AND a.disabled_at IS NULL ORDER BY p.id`,
		this.ID, []string{ProofAsked, ProofShown}, p.Now()).Scan(&rows).Error
	if err != nil {
		return nil, explained("list the proofs", err)
	}
	list := make([]Proof, len(rows))
	for i := range rows {
		list[i] = p.proof(&rows[i].Proof)
		list[i].Username = rows[i].Username
	}
	return list, nil
}

const (
	proofCodeMax = 32
	proofURLMax  = 500
)

// Propose shows the person a code for an app of the media server, or the address of a page
// of the agent. It returns errors about the fields code and url, or [ErrNotFound] for a
// proof that has ended.
func (p *Proofs) Propose(ctx context.Context, this Server, proofID int64, code, pageURL string) error {
	code, pageURL = strings.TrimSpace(code), strings.TrimSpace(pageURL)
	if len(code) > proofCodeMax || code == "" && pageURL == "" || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fieldError(KindInvalid, "code", "proof_code_invalid")
	}
	if pageURL != "" && !isPage(pageURL) {
		return fieldError(KindInvalid, "url", "proof_url_invalid")
	}
	return p.settle(ctx, this, proofID, map[string]any{"state": ProofShown, "code": code, "url": pageURL})
}

// isPage reports whether text is the address of a page that our pages may link to.
func isPage(text string) bool {
	if len(text) > proofURLMax || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

// settle writes columns of a proof that is still open, by one conditional update. It
// returns [ErrNotFound].
func (p *Proofs) settle(ctx context.Context, this Server, proofID int64, columns map[string]any) error {
	return p.tx(ctx, "settle a proof", func(tx *gorm.DB) error { return p.settleIn(tx, this, proofID, columns) })
}

func (p *Proofs) settleIn(tx *gorm.DB, this Server, proofID int64, columns map[string]any) error {
	return requireRow(tx.Table("proofs").Where("id = ? AND server_id = ? AND state IN ? AND expires_at > ?",
		proofID, this.ID, []string{ProofAsked, ProofShown}, p.Now()).Updates(columns))
}

// Complete ends a proof successfully, and accepts the link. The local user is named by its
// id on the media server. It returns [ErrNotFound] for a proof that has ended or is no
// longer allowed, an error about the field local_user, [ErrLocalUserTaken], or
// [ErrAlreadyLinked] for a link to another local user.
func (p *Proofs) Complete(ctx context.Context, this Server, proofID int64, externalID string, caller Caller) error {
	return p.tx(ctx, "complete a proof", func(tx *gorm.DB) error {
		accountID, err := p.finish(ctx, tx, this, proofID)
		if err != nil {
			return err
		}
		localUserID, err := p.namedLocalUser(ctx, tx, this.ID, externalID)
		if err != nil {
			return err
		}
		if localUserID == nil {
			return fieldError(KindInvalid, "local_user", "local_user_unknown")
		}
		link := linkRow{ServerID: this.ID, AccountID: accountID, LocalUserID: localUserID, Type: LinkLinked}
		if err := p.acceptLink(ctx, tx, &link); err != nil {
			return err
		}
		server, err := p.serverByID(ctx, tx, this.ID)
		if err != nil {
			return err
		}
		if err := p.oweOwner(ctx, tx, &link, &server, MailLinkAccepted); err != nil {
			return err
		}
		if err := p.happenAtLink(ctx, tx, HappenedLinkAccepted, &link, &server, ""); err != nil {
			return err
		}
		return p.recordAbout(ctx, tx, accountID, EventLinkAccepted, server.server().Name, caller)
	})
}

// finish marks a proof as done and returns its account. It locks the account and the
// server. It returns [ErrNotFound].
func (p *Proofs) finish(ctx context.Context, tx *gorm.DB, this Server, proofID int64) (accountID int64, err error) {
	row, err := database.G[proofRow](tx).Where("id = ? AND server_id = ?", proofID, this.ID).Take(ctx)
	if err != nil {
		return 0, explained("read the proof", err)
	}
	if err := lockUsableAccount(tx, row.AccountID); err != nil {
		return 0, err
	}
	if err := p.lockSelfServiceServer(tx, this.ID); err != nil {
		return 0, err
	}
	return row.AccountID, p.settleIn(tx, this, proofID, map[string]any{"state": ProofDone})
}

// Fail ends a proof that did not succeed. It returns an error about the field reason, or
// [ErrNotFound] for a proof that has ended.
func (p *Proofs) Fail(ctx context.Context, this Server, proofID int64, reason string) error {
	if !slices.Contains([]string{"denied", proofExpired, proofNotAllowed, "unavailable"}, reason) {
		return fieldError(KindInvalid, "reason", "proof_reason_invalid")
	}
	return p.settle(ctx, this, proofID, map[string]any{"state": ProofFailed, "reason": reason})
}

// setSelfService allows people to prove which local user they are, or forbids that. If it
// forbids it, the open proofs fail.
func setSelfService(tx *gorm.DB, serverID int64, on bool, now time.Time) error {
	if err := tx.Exec("UPDATE servers SET self_service = ? WHERE id = ?", on, serverID).Error; err != nil || on {
		return err
	}
	return tx.Exec("UPDATE proofs SET state = ?, reason = ? WHERE server_id = ? AND state IN ? AND expires_at > ?",
		ProofFailed, proofNotAllowed, serverID, []string{ProofAsked, ProofShown}, now).Error
}

// Place returns the name of a server where people may prove which local user they are.
// It returns [ErrNotFound] for any other server, so that nobody learns which servers
// exist.
func (p *Proofs) Place(ctx context.Context, serverID int64) (name string, err error) {
	var rows []serverRow
	err = p.read(ctx).Raw(`SELECT name, own_name FROM servers
WHERE id = ? AND kind = ? AND self_service = ? AND disabled_at IS NULL AND owner_id <> 0`, serverID, ServerAgent, true).Scan(&rows).Error
	if err != nil {
		return "", explained("find a server", err)
	}
	if len(rows) != 1 {
		return "", ErrNotFound
	}
	return rows[0].server().Name, nil
}
