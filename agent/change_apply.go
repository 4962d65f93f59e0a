package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
)

// carryOut writes the effect of a change into the agent's own copy, together with
// the number of the change. The work at the media server that follows from it is
// owed from then on.
func (f *feed) carryOut(ctx context.Context, change *client.Change) error {
	var row linkRow
	var odd error
	if change.Link != nil {
		if row, odd = rowOf(change.Link); odd == nil && change.Link.ID != change.LinkID {
			odd = errLinkInvalid
		}
	}
	var told *note
	err := f.store.tx(ctx, "write a change", func(tx *gorm.DB) error {
		told = nil
		seq, err := changeSeq(tx)
		if err != nil || seq >= change.Seq {
			return err
		}
		if odd == nil {
			told, err = f.write(tx, change, row)
		}
		if errors.Is(err, errLinkInvalid) {
			odd, err = err, nil // the link of this change is ignored, and the next change follows
		}
		if err != nil {
			return err
		}
		return setChangeSeq(tx, change.Seq)
	})
	switch {
	case err != nil:
		return err
	case odd != nil:
		f.links.passOver(ctx, row)
	case told != nil:
		f.logLink(ctx, *told)
	}
	f.wakeFor(change.Kind)
	return nil
}

// write writes the effect of a change. The parameter row is the link of the change, if
// it has one.
func (f *feed) write(tx *gorm.DB, change *client.Change, row linkRow) (*note, error) {
	switch {
	case change.Kind == client.LinkChanged && change.Link != nil:
		return f.linkChanged(tx, row)
	case change.Kind == client.LinkRemoved:
		return f.linkRemoved(tx, string(change.LinkID))
	case change.Kind == client.DevicesEnded:
		return nil, f.devicesEnded(tx, string(change.AccountID), change.DeviceID)
	case change.Kind == client.SessionEnded:
		return nil, f.sessionEnded(tx, change, true)
	case change.Kind == client.SessionKeyEnded:
		return nil, f.sessionEnded(tx, change, false)
	default:
		return nil, nil
	}
}

// wakeFor wakes the loop that has work to do after a change.
func (f *feed) wakeFor(kind string) {
	switch kind {
	case client.LinkChanged, client.LinkRemoved, client.DevicesEnded, client.SessionEnded:
		f.wake.media.now()
	case client.ProofAsked:
		f.wake.proofs.now()
	case client.QuickConnectAsked:
		f.wake.quickConnects.now()
	case client.LocalPasswordAsked:
		f.wake.localPasswords.now()
	case client.ChecksAsked:
		f.wake.checks.now()
	case client.HandedOver:
		f.compared = time.Time{} // the next round looks at the server, its owner and its key
	}
}

// linkChanged writes a link as it is now. It returns a note when the link came
// into use, was shut or got another access key.
func (f *feed) linkChanged(tx *gorm.DB, row linkRow) (*note, error) {
	before, err := f.store.putLink(tx, row)
	if err != nil {
		return nil, err
	}
	if before != nil {
		row.UnlinkedAt = before.UnlinkedAt // a link that was ended here stays ended
	}
	now := f.store.now()
	was, is := before != nil && before.usable(now), row.usable(now)
	switch {
	case !was && is:
		return f.linkInUse(tx, row)
	case was && !is:
		return &note{text: "a link is no longer in use", link: &row}, nil
	case was && before.AccessKeySHA256 != row.AccessKeySHA256:
		return &note{text: "the access key of a link was replaced", link: &row}, nil
	default:
		return nil, nil
	}
}

// linkInUse returns a note for a link that has come into use, or that waits for a yes.
func (f *feed) linkInUse(tx *gorm.DB, row linkRow) (*note, error) {
	is, err := isAllowed(tx, row.LocalUserID)
	if err != nil {
		return nil, err
	}
	if is || f.opt.Policy.AllowAllUsers {
		return &note{text: "a link is in use now", link: &row}, nil
	}
	f.wake.report.now()
	return &note{text: "a link waits for a yes at this machine: see 'latchkey agent allow'", link: &row, more: []slog.Attr{
		slog.String("local_user_id", readable(row.LocalUserID)),
	}}, nil
}

// linkRemoved removes a link, and returns a note unless the link was unknown.
func (f *feed) linkRemoved(tx *gorm.DB, id string) (*note, error) {
	gone, err := f.store.dropLink(tx, id)
	if err != nil || gone == nil {
		return nil, err
	}
	if err := endPassword(tx, gone); err != nil {
		return nil, err
	}
	return &note{text: "a link was removed", link: gone}, nil
}

// devicesEnded marks the tokens of one device of an account. An empty deviceID
// stands for all devices of the account.
func (f *feed) devicesEnded(tx *gorm.DB, accountID, deviceID string) error {
	if accountID == "" {
		return nil
	}
	if deviceID == "" {
		if err := owePasswordsOf(tx, accountID); err != nil {
			return err
		}
		return f.store.oweTokens(tx, "account_id = ?", accountID)
	}
	f.opens.sessionEnded(deviceID)
	return f.store.oweTokens(tx, "account_id = ? AND (device_id = ? OR opened_by = ?)", accountID, deviceID, deviceID)
}
