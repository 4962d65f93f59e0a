package agent

import (
	"context"
	"log/slog"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/peoplelist"
)

// DraftImport asks the service what an import of a list would do, line by line. It changes nothing for
// anybody. It returns [ErrNotRegistered], [ErrUnclaimed], [ErrProfileUnknown], [ErrServiceAway] or
// [ErrServiceRefused].
func (i *Invites) DraftImport(ctx context.Context, list peoplelist.List, profile string) (client.Import, error) {
	in := client.NewImport{Source: list.Source, Profile: profile}
	for _, line := range list.Lines {
		in.Lines = append(in.Lines, client.NewImportLine{
			Name: line.Name, To: line.To, LocalUser: line.LocalUser, Libraries: line.Libraries, EndsAt: line.EndsAt,
		})
	}
	service, err := i.service.client(ctx)
	if err != nil {
		return client.Import{}, err
	}
	draft, err := service.DraftImport(ctx, in)
	return draft, i.importError(ctx, err)
}

// RunImport carries out a draft of [Invites.DraftImport]. It returns as soon as the service has begun.
// Another call for the same import tells how many lines are done. It returns the errors of
// DraftImport.
func (i *Invites) RunImport(ctx context.Context, id client.ID) (client.Import, error) {
	service, err := i.service.client(ctx)
	if err != nil {
		return client.Import{}, err
	}
	one, err := service.RunImport(ctx, id)
	if err := i.importError(ctx, err); err != nil {
		return client.Import{}, err
	}
	i.log.LogAttrs(ctx, slog.LevelInfo, "people were invited from a list", slog.String("import_id", string(id)), slog.Int("invites", one.Counts.Made))
	return one, nil
}

// importError returns the agent's error for an answer of the service.
func (i *Invites) importError(ctx context.Context, err error) error {
	if refused := inviteRefusal(err); refused != nil {
		return refused
	}
	return i.service.explain(ctx, byNobody, err)
}
