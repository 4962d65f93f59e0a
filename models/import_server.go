package models

import (
	"context"

	"github.com/latchkey-media/latchkey/internal/database"
)

// DraftHere does the same as [Imports.Draft] in the name of the owner, for the agent of the server. It
// also returns [ErrServerUnclaimed] for a server without an owner.
func (i *Imports) DraftHere(ctx context.Context, this Server, in NewImport) (Import, error) {
	if this.OwnerID == 0 {
		return Import{}, ErrServerUnclaimed
	}
	in.byAgent = true
	one, err := i.draftIn(ctx, "import of server "+FormatID(this.ID), this.OwnerID, this.ID, in)
	return one, disabledOwner(err)
}

// RunHere does the same as [Imports.Run] in the name of the owner, for the agent of the server. It
// returns [ErrNotFound] for an import that the owner made: an agent must not read it, or send its mails.
func (i *Imports) RunHere(ctx context.Context, this Server, importID int64, caller Caller) (Import, error) {
	if this.OwnerID == 0 {
		return Import{}, ErrServerUnclaimed
	}
	made, err := database.G[importRow](i.read(ctx)).Where("id = ? AND server_id = ? AND by_agent = ?", importID, this.ID, true).Count(ctx, "*")
	if err != nil {
		return Import{}, explained("find the import", err)
	}
	if made == 0 {
		return Import{}, ErrNotFound
	}
	return i.Run(ctx, this.OwnerID, this.ID, importID, caller)
}

// disabledOwner says that the owner in whose name a server acts is disabled, or was deleted.
func disabledOwner(err error) error {
	if KindOf(err) == KindNotFound {
		return ErrAccountDisabled.because(err)
	}
	return err
}
