package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Console has what operators see of the whole service: the overview, what operators did, and the
// counters that refuse tries. ADR 0048 says what operators may do and what is kept about it.
type Console struct{ *core }

// ActKind names something that an operator did; locales have its text as operator.act.KIND.
type ActKind string

// The kinds of acts.
const (
	ActAccountMade      ActKind = "account_made"
	ActAccountConfirmed ActKind = "account_confirmed"
	ActAccountDisabled  ActKind = "account_disabled"
	ActAccountEnabled   ActKind = "account_enabled"
	ActAccountUnlocked  ActKind = "account_unlocked"
	ActResetSent        ActKind = "reset_sent"
	ActSessionsEnded    ActKind = "sessions_ended"
	ActOperatorOn       ActKind = "operator_on"
	ActOperatorOff      ActKind = "operator_off"
	ActAccountDeleted   ActKind = "account_deleted"
	ActServerDisabled   ActKind = "server_disabled"
	ActServerEnabled    ActKind = "server_enabled"
	ActServerRemoved    ActKind = "server_removed"
	ActMailRetried      ActKind = "mail_retried"
	ActMailDropped      ActKind = "mail_dropped"
	ActThrottleLifted   ActKind = "throttle_lifted"
	ActInviteMade       ActKind = "invite_made"
	ActInviteWithdrawn  ActKind = "invite_withdrawn"
	ActMessageMade      ActKind = "message_made"
	ActMessageWithdrawn ActKind = "message_withdrawn"
	ActSettingChanged   ActKind = "setting_changed"
	ActSettingRemoved   ActKind = "setting_removed"
	ActWebhookMade      ActKind = "webhook_made"
	ActWebhookChanged   ActKind = "webhook_changed"
	ActWebhookDeleted   ActKind = "webhook_deleted"
)

// ActKinds returns all kinds, for the test that compares the constants and the locales.
func ActKinds() []ActKind {
	return []ActKind{
		ActAccountMade, ActAccountConfirmed, ActAccountDisabled, ActAccountEnabled, ActAccountUnlocked, ActResetSent, ActSessionsEnded,
		ActOperatorOn, ActOperatorOff, ActAccountDeleted, ActServerDisabled, ActServerEnabled, ActServerRemoved, ActMailRetried, ActMailDropped,
		ActThrottleLifted, ActInviteMade, ActInviteWithdrawn, ActMessageMade, ActMessageWithdrawn,
		ActSettingChanged, ActSettingRemoved,
		ActWebhookMade, ActWebhookChanged, ActWebhookDeleted,
	}
}

// Ids in an [Act] that do not belong to an account.
const (
	CommandLine int64 = 0  // as the actor: somebody at the machine
	GoneAccount int64 = -1 // an account that has been deleted
)

// Act is something that an operator did. At is UTC.
type Act struct {
	ID        int64
	Kind      ActKind
	ActorID   int64  // the operator's account, [CommandLine] or [GoneAccount]
	Actor     string // the operator's username; "" for the command line and for an account that is gone
	AccountID int64  // whom it concerns; 0 for nobody, or [GoneAccount]
	Account   string // the username of that account; "" for none
	ServerID  int64  // 0 for none
	Subject   string // the name of the server at that time, the kind of the mail, the id of the invite, the title of the message, or the name of the setting; "" for none
	At        time.Time
}

// operatorActRow is a row of operator_acts.
type operatorActRow struct {
	ID        int64
	ActorID   int64
	Kind      ActKind
	AccountID int64
	ServerID  int64
	Subject   string
	CreatedAt time.Time
}

// TableName returns the name of the table, operator_acts.
func (operatorActRow) TableName() string { return "operator_acts" }

// recordAct writes what an operator did, in the transaction of the act. The fields ID and CreatedAt
// are filled in here.
func (c *core) recordAct(ctx context.Context, tx *gorm.DB, row operatorActRow) error {
	var err error
	if row.ID, err = c.newID(); err != nil {
		return err
	}
	row.Subject, row.CreatedAt = shortName(row.Subject), c.Now()
	return database.G[operatorActRow](tx).Create(ctx, &row)
}

// lockOperator locks the account of an operator. So nobody acts as an operator after another
// operator has taken that right from them. The command line needs no lock. It returns
// [ErrOperatorsOnly].
func lockOperator(tx *gorm.DB, operatorID int64) error {
	if operatorID == CommandLine {
		return nil
	}
	err := lockRow(tx, "accounts", "id = ? AND operator = ? AND disabled_at IS NULL", operatorID, true)
	if KindOf(err) == KindNotFound {
		return ErrOperatorsOnly
	}
	return err
}

// ActsAsk says which acts [Console.Acts] returns. The zero value asks for the newest of all.
type ActsAsk struct {
	AccountID int64 // only those that concern this account; 0 for all
	ServerID  int64 // only those that concern this server; 0 for all
	Before    int64 // only older ones than the act with this id; 0 for the newest
	Most      int   // the largest number of acts
}

// Acts returns what operators did, the newest first.
func (o *Console) Acts(ctx context.Context, ask ActsAsk) ([]Act, error) {
	query := database.G[operatorActRow](o.read(ctx)).Where("id > ?", 0)
	if ask.AccountID != 0 {
		query = query.Where("account_id = ?", ask.AccountID)
	}
	if ask.ServerID != 0 {
		query = query.Where("server_id = ?", ask.ServerID)
	}
	if ask.Before != 0 {
		query = query.Where("id < ?", ask.Before)
	}
	rows, err := query.Order("id DESC").Limit(ask.Most).Find(ctx)
	if err != nil {
		return nil, explained("list what operators did", err)
	}
	names, err := o.namesOfActs(ctx, rows)
	if err != nil {
		return nil, err
	}
	acts := make([]Act, len(rows))
	for i, r := range rows {
		acts[i] = Act{
			ID: r.ID, Kind: r.Kind, ActorID: r.ActorID, Actor: names[r.ActorID], AccountID: r.AccountID, Account: names[r.AccountID],
			ServerID: r.ServerID, Subject: r.Subject, At: r.CreatedAt.UTC(),
		}
	}
	return acts, nil
}

// namesOfActs returns the usernames of everybody in some acts, by account id.
func (o *Console) namesOfActs(ctx context.Context, rows []operatorActRow) (map[int64]string, error) {
	ids := make([]int64, 0, 2*len(rows))
	for _, r := range rows {
		for _, id := range []int64{r.ActorID, r.AccountID} {
			if id > 0 {
				ids = append(ids, id)
			}
		}
	}
	return o.usernames(ctx, ids)
}

// usernames returns the usernames of accounts, by account id.
func (c *core) usernames(ctx context.Context, ids []int64) (map[int64]string, error) {
	names := map[int64]string{}
	if len(ids) == 0 {
		return names, nil
	}
	found, err := database.G[accountRow](c.read(ctx)).Select("id", "username").Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, explained("read usernames", err)
	}
	for _, a := range found {
		names[a.ID] = a.Username
	}
	return names, nil
}
