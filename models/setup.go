package models

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Setups are the operations of the first run of the service, which /welcome and the command setup use. A set-up is open
// while nobody is an operator, or while settings are missing without which the service cannot run, until somebody
// finishes it. Who does it has typed the code that the service gives at its start, or has opened the link with the pass.
// Code and pass are made from the secret key and a random salt: the database holds neither, and a copy of it tells
// neither. ADR 0049 says why.
type Setups struct {
	*core
	registrations *Registrations
}

// setupRow is a row of setups. There is one while a set-up is open.
type setupRow struct {
	ID         int64
	Salt       secret.Hash
	AccountID  int64
	Needed     bool
	Steps      string
	MailHash   secret.Hash
	MailTo     string
	MailSentAt *time.Time
	MailSeenAt *time.Time
	CreatedAt  time.Time
}

// TableName returns the name of the table, setups.
func (setupRow) TableName() string { return "setups" }

// setupID is the id of the only row of setups.
const setupID = 1

// SetupStep names a step of the set-up, in addresses and in the texts.
type SetupStep string

// The steps of a set-up.
const (
	SetupAccount SetupStep = "account"
	SetupName    SetupStep = "name"
	SetupAddress SetupStep = "address"
	SetupMail    SetupStep = "mail"
	SetupCaptcha SetupStep = "captcha"
	SetupSignUp  SetupStep = "sign-up"
	SetupServer  SetupStep = "server"
)

// SetupSteps returns the steps in their order.
func SetupSteps() []SetupStep {
	return []SetupStep{SetupAccount, SetupName, SetupAddress, SetupMail, SetupCaptcha, SetupSignUp, SetupServer}
}

// The states of a step that somebody has answered.
const (
	SetupDone    = "done"
	SetupSkipped = "skipped"
)

// Setup says how far a set-up is. Times are UTC.
type Setup struct {
	AccountID  int64                // of the operator that it made; 0 for none
	Operators  bool                 // somebody is an operator
	Needed     bool                 // the settings of the machine do not suffice
	Steps      map[SetupStep]string // SetupDone or SetupSkipped; a step that nobody has answered is not in it
	MailTo     string               // to whom the last mail was sent that tries the mail settings; "" for none
	MailSentAt time.Time
	MailSeenAt time.Time // when its link was opened; zero while it was not
}

// Next returns the first step that nobody has answered yet, or "" if there is none.
func (s Setup) Next() SetupStep {
	for _, step := range SetupSteps() {
		if s.Steps[step] == "" {
			return step
		}
	}
	return ""
}

func (r *setupRow) setup(operators bool) Setup {
	steps := map[SetupStep]string{}
	for text := range strings.SplitSeq(r.Steps, ",") {
		if step, state, ok := strings.Cut(text, "="); ok {
			steps[SetupStep(step)] = state
		}
	}
	return Setup{
		AccountID: r.AccountID, Operators: operators, Needed: r.Needed, Steps: steps,
		MailTo: r.MailTo, MailSentAt: orZero(r.MailSentAt), MailSeenAt: orZero(r.MailSeenAt),
	}
}

// Begin opens a set-up if one is needed, goes on with the one that is open, or closes one that is no longer needed. The
// parameter fileLacks says that the settings of the machine alone do not suffice to run the service, and lacks that they do not
// suffice together with the settings that operators have set on pages. It returns whether a set-up is open.
func (s *Setups) Begin(ctx context.Context, fileLacks, lacks bool) (open bool, err error) {
	err = s.tx(ctx, "begin the set-up", func(tx *gorm.DB) error {
		rows, err := database.G[setupRow](tx).Where("id = ?", setupID).Find(ctx)
		if err != nil {
			return err
		}
		operators, err := hasOperators(tx)
		if err != nil {
			return err
		}
		open = lacks || !operators
		if len(rows) == 1 {
			open = fileLacks || !operators || rows[0].AccountID != 0
			return s.keepSetup(tx, open, fileLacks)
		}
		if !open {
			return nil
		}
		row := setupRow{ID: setupID, Needed: fileLacks, CreatedAt: s.Now()}
		if _, err := io.ReadFull(s.opt.Random, row.Salt[:]); err != nil {
			return err
		}
		err = database.G[setupRow](tx).Create(ctx, &row)
		if database.IsDuplicate(err, "setups", "id") { // another instance began at the same time
			return nil
		}
		return err
	})
	return open, err
}

// keepSetup goes on with the set-up, or ends it if open is false.
func (s *Setups) keepSetup(tx *gorm.DB, open, needed bool) error {
	if !open {
		return tx.Exec("DELETE FROM setups WHERE id = ?", setupID).Error
	}
	return tx.Exec("UPDATE setups SET needed = ? WHERE id = ?", needed, setupID).Error
}

// hasOperators reports whether anybody is an operator who can sign in.
func hasOperators(tx *gorm.DB) (bool, error) {
	var ids []int64
	err := tx.Raw("SELECT id FROM accounts WHERE operator = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL LIMIT 1", true).Scan(&ids).Error
	return len(ids) > 0, err
}

// open reads the set-up that is open. It returns [ErrNotFound].
func (s *Setups) openSetup(ctx context.Context) (setupRow, Setup, error) {
	row, err := database.G[setupRow](s.read(ctx)).Where("id = ?", setupID).Take(ctx)
	if err != nil {
		return row, Setup{}, explained("read the set-up", err)
	}
	operators, err := hasOperators(s.read(ctx))
	if err != nil {
		return row, Setup{}, explained("look for an operator", err)
	}
	if operators && row.AccountID == 0 && !row.Needed {
		return row, Setup{}, ErrNotFound
	}
	return row, row.setup(operators), nil
}

const (
	setupCodeLength = 12 // 52 bits
	setupCodeGroup  = 4
)

// setupCode returns the code of a set-up, without dashes.
func (c *core) setupCode(row *setupRow) string {
	mac := c.keys.MAC("setup code", string(row.Salt[:]))
	number, code := binary.BigEndian.Uint64(mac[:8]), make([]byte, setupCodeLength)
	for i := range code {
		code[i] = codeLetters[number%uint64(len(codeLetters))]
		number /= uint64(len(codeLetters))
	}
	return string(code)
}

func (c *core) setupPass(row *setupRow) string {
	return secret.FormatToken(secret.SetupPass, c.keys.MAC("setup pass", string(row.Salt[:])))
}

// Code returns the code of the set-up that is open, as people type it, and the pass for the link to it. Only the program
// itself asks for them, for the person who runs it. It returns [ErrNotFound] if no set-up is open.
func (s *Setups) Code(ctx context.Context) (code, pass string, err error) {
	row, _, err := s.openSetup(ctx)
	if err != nil {
		return "", "", err
	}
	code = s.setupCode(&row)
	const first, second = setupCodeGroup, 2 * setupCodeGroup
	return code[:first] + "-" + code[first:second] + "-" + code[second:], s.setupPass(&row), nil
}

// Enter returns the pass of the set-up for somebody who types its code. Each try counts. It returns [ErrNotFound] if no
// set-up is open, [ErrSetupCodeWrong] or [ErrThrottled].
func (s *Setups) Enter(ctx context.Context, typed string, caller Caller) (pass string, err error) {
	row, _, err := s.openSetup(ctx)
	if err != nil {
		return "", err
	}
	code, ok := parseLetters(typed, setupCodeLength)
	if !ok { // a text that cannot be a code does not count as a try
		return "", ErrSetupCodeWrong
	}
	l := s.opt.Limits
	if err := s.throttle.source(ctx, "set-up code", caller, l.SetupSource, l.SetupNetwork, l.SetupService); err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(s.setupCode(&row))) != 1 {
		return "", ErrSetupCodeWrong
	}
	return s.setupPass(&row), nil
}

// Look returns how far the set-up is, for who has its pass. It returns [ErrNotFound] if no set-up is open, and
// [ErrTokenSpent] for a wrong pass.
func (s *Setups) Look(ctx context.Context, pass string) (Setup, error) {
	row, setup, err := s.openSetup(ctx)
	if err != nil {
		return Setup{}, err
	}
	if !secret.WellFormed(secret.SetupPass, pass) || subtle.ConstantTimeCompare([]byte(pass), []byte(s.setupPass(&row))) != 1 {
		return Setup{}, ErrTokenSpent
	}
	return setup, nil
}

// MakeOperator makes the first operator. The account counts as confirmed, because who has the code runs the machine, and
// because mail may not work yet. It returns the errors of [Setups.Look], the errors of [Accounts.SignUp] about fields,
// [ErrEmailTaken], or [ErrSetupHasOperator] if there is an operator.
func (s *Setups) MakeOperator(ctx context.Context, pass string, in SignUp, caller Caller) (Account, error) {
	setup, err := s.Look(ctx, pass)
	if err != nil {
		return Account{}, err
	}
	if setup.Operators {
		return Account{}, ErrSetupHasOperator
	}
	row, err := s.newAccount(in)
	if err != nil {
		return Account{}, err
	}
	if err := s.hashPassword(ctx, &row, in.Password); err != nil {
		return Account{}, err
	}
	err = s.tx(ctx, "make the first operator", func(tx *gorm.DB) error { return s.makeOperator(ctx, tx, &row, caller) })
	return row.account(), err
}

func (s *Setups) makeOperator(ctx context.Context, tx *gorm.DB, row *accountRow, caller Caller) error {
	err := requireRow(tx.Exec("UPDATE setups SET account_id = ? WHERE id = ? AND account_id = 0", row.ID, setupID))
	if KindOf(err) == KindNotFound {
		return ErrSetupHasOperator
	}
	if err != nil {
		return err
	}
	if err := s.insertAccount(ctx, tx, row); err != nil {
		return err
	}
	if err := s.recordEvent(ctx, tx, row.ID, EventSignedUp, caller); err != nil {
		return err
	}
	if err := s.confirmAccount(ctx, tx, row, caller); err != nil {
		return err
	}
	if err := s.setOperator(ctx, tx, row, true); err != nil {
		return err
	}
	for _, kind := range []ActKind{ActAccountMade, ActOperatorOn} {
		if err := s.recordAct(ctx, tx, operatorActRow{ActorID: CommandLine, Kind: kind, AccountID: row.ID}); err != nil {
			return err
		}
	}
	return s.answerStep(ctx, tx, SetupAccount, SetupDone)
}

// Answer notes that a step was done or skipped. It returns the errors of [Setups.Look].
func (s *Setups) Answer(ctx context.Context, pass string, step SetupStep, state string) error {
	if _, err := s.Look(ctx, pass); err != nil {
		return err
	}
	return s.tx(ctx, "note a step", func(tx *gorm.DB) error { return s.answerStep(ctx, tx, step, state) })
}

func (s *Setups) answerStep(ctx context.Context, tx *gorm.DB, step SetupStep, state string) error {
	row, err := database.G[setupRow](tx).Where("id = ?", setupID).Take(ctx)
	if err != nil {
		return err
	}
	steps := slices.DeleteFunc(strings.Split(row.Steps, ","), func(text string) bool {
		return text == "" || strings.HasPrefix(text, string(step)+"=")
	})
	return tx.Exec("UPDATE setups SET steps = ? WHERE id = ?", strings.Join(append(steps, string(step)+"="+state), ","), setupID).Error
}

// Change makes changes of settings, and notes that the step was done. The caller has checked the values. It returns the
// errors of [Setups.Look], and those of [OperatorSettings.Change].
func (s *Setups) Change(ctx context.Context, pass string, step SetupStep, changes []SettingChange, caller Caller) error {
	setup, err := s.Look(ctx, pass)
	if err != nil {
		return err
	}
	return s.tx(ctx, "change settings in the set-up", func(tx *gorm.DB) error {
		if err := s.changeSettings(ctx, tx, setup.AccountID, changes, caller); err != nil {
			return err
		}
		return s.answerStep(ctx, tx, step, SetupDone)
	})
}

// SendMail notes that a mail goes to an address, and returns the secret of the link in it. An older link stops working. It
// returns the errors of [Setups.Look].
func (s *Setups) SendMail(ctx context.Context, pass, to string) (text string, err error) {
	if _, err := s.Look(ctx, pass); err != nil {
		return "", err
	}
	if text, err = secret.NewToken(secret.MailToken, s.opt.Random); err != nil {
		return "", err
	}
	return text, s.tx(ctx, "note a mail of the set-up", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE setups SET mail_hash = ?, mail_to = ?, mail_sent_at = ?, mail_seen_at = NULL WHERE id = ?", secret.Sum(text), to, s.Now(), setupID).Error
	})
}

// SeeMail notes that the link in the mail of the set-up was opened: the mail has arrived, and the public address leads
// here. It returns [ErrTokenSpent] for a wrong or old link.
func (s *Setups) SeeMail(ctx context.Context, text string) error {
	if !secret.WellFormed(secret.MailToken, text) {
		return ErrTokenSpent
	}
	return s.tx(ctx, "note that a mail has arrived", func(tx *gorm.DB) error {
		err := requireRow(tx.Exec("UPDATE setups SET mail_seen_at = ? WHERE id = ? AND mail_hash = ? AND mail_sent_at IS NOT NULL", s.Now(), setupID, secret.Sum(text)))
		if KindOf(err) == KindNotFound {
			return ErrTokenSpent
		}
		return err
	})
}

// NewClaimCode does the same as [Registrations.NewClaimCode] for the operator that the set-up made, and notes that the
// step of the first server was done. It returns the errors of [Setups.Look] too, and [ErrSetupNoOperator] if the set-up
// made none.
func (s *Setups) NewClaimCode(ctx context.Context, pass string) (code string, until time.Time, err error) {
	setup, err := s.Look(ctx, pass)
	if err != nil {
		return "", time.Time{}, err
	}
	if setup.AccountID == 0 {
		return "", time.Time{}, ErrSetupNoOperator
	}
	if code, until, err = s.registrations.NewClaimCode(ctx, setup.AccountID); err != nil {
		return "", time.Time{}, err
	}
	return code, until, s.Answer(ctx, pass, SetupServer, SetupDone)
}

// Finish ends the set-up: code and pass stop working. It returns the errors of [Setups.Look], or [ErrSetupNoOperator] while
// nobody is an operator.
func (s *Setups) Finish(ctx context.Context, pass string) error {
	setup, err := s.Look(ctx, pass)
	if err != nil {
		return err
	}
	if !setup.Operators {
		return ErrSetupNoOperator
	}
	return s.tx(ctx, "finish the set-up", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM setups WHERE id = ?", setupID).Error
	})
}
