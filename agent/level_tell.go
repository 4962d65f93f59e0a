package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// wakeToTell finds out the states of all levels and the next end of an unlock. It wakes the loop that tells
// the service, unless the service knows the states. The round that is over now began at the given time.
func (l *Levels) wakeToTell(ctx context.Context, began time.Time) {
	book, err := l.readBook(ctx)
	if err != nil {
		return // another round follows soon
	}
	list, next, now := []client.LevelState{}, time.Time{}, l.store.now()
	for _, task := range book.tasks {
		list = append(list, task.state())
		if at := task.nextOf(began, now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return
	}
	l.mu.Lock()
	l.list, l.states, l.next = list, string(text), next
	news := l.told != l.states && !l.older
	l.mu.Unlock()
	if news {
		l.wake.service.now()
	}
}

// tell tells the service what the agent has made of all levels, if that has changed since it was told.
func (l *Levels) tell(ctx context.Context) error {
	l.mu.Lock()
	list, states := l.list, l.states
	skip := l.older || states == "" || states == l.told
	l.mu.Unlock()
	if skip {
		return nil
	}
	service, err := l.service.client(ctx)
	if err != nil {
		return err
	}
	err = service.TellLevels(ctx, list)
	if errors.Is(err, client.ErrNotFound) { // the service is older than levels
		l.mu.Lock()
		l.older = true
		l.mu.Unlock()
		return nil
	}
	if err := l.service.explain(ctx, byOwed, err); err != nil {
		return err
	}
	l.mu.Lock()
	l.told = states
	l.mu.Unlock()
	return nil
}

// look compares the limits of all local users with what the agent wrote. What differs was changed by an
// administrator in the dashboard of the media server: it becomes the bound of its field, and stays as it
// is until the levels are chosen again. An error of the media server does not matter, because the next
// report looks again.
func (l *Levels) look(ctx context.Context) error {
	rows, err := levelRows(l.store.read(ctx)) // before the media server is asked: a row that is written meanwhile is left alone
	if err != nil || len(rows) == 0 {
		return l.explainFile(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	all, err := l.opt.MediaServer.AllLimits(within)
	if err != nil || l.media.check(ctx) != nil {
		return nil // the media server says so elsewhere
	}
	for i := range rows {
		row := &rows[i]
		now, there := all[row.LocalUserID]
		bound, known := readLimits(row.Bound)
		if !there || !known || !row.Done {
			continue
		}
		hand, news := noteHand(row, &bound, now)
		if !news {
			continue
		}
		if err := l.keepHand(ctx, row, hand, bound, now); err != nil {
			return err
		}
	}
	return nil
}

// keepHand writes down what an administrator has changed.
func (l *Levels) keepHand(ctx context.Context, row *levelRow, hand []string, bound, now mediaserver.Limits) error {
	wanted, _ := readLimits(row.Wanted)
	for _, f := range levelFields() {
		for _, name := range hand {
			if name == f.name {
				f.copy(&wanted, &now)
			}
		}
	}
	row.setByHand(hand)
	var err error
	if row.Bound, err = limitsText(bound); err == nil {
		row.Wanted, err = limitsText(wanted)
	}
	if err == nil {
		row.Found, err = limitsText(now)
	}
	if err != nil {
		return err
	}
	noted, err := l.store.noteByHand(ctx, row)
	if err != nil || !noted {
		return l.explainFile(ctx, err)
	}
	l.wake.media.now()
	l.log.LogAttrs(ctx, slog.LevelWarn, "an administrator of the media server has changed the limits of a local user by hand: the agent leaves that as it is until the levels are chosen again on the server's page",
		slog.String("local_user_id", readable(row.LocalUserID)), slog.String("link_id", row.LinkID), slog.Any("fields", toldFields(hand)))
	return nil
}

// choicesMost is the greatest number of ratings, tags and folders in a report.
const choicesMost = 1000

// choices asks the media server for the names that levels can use. It returns nil, which changes nothing
// at the service, if the media server does not tell them: a report must not fail because of that.
func (l *Levels) choices(ctx context.Context) *client.LevelChoices {
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	got, err := l.opt.MediaServer.Choices(within)
	if err != nil {
		return nil
	}
	out := &client.LevelChoices{Ratings: []client.LevelRating{}, Tags: []string{}, Folders: []client.ReportedFolder{}, HidesFolders: got.HidesFolders}
	for _, r := range got.Ratings[:min(len(got.Ratings), choicesMost)] {
		out.Ratings = append(out.Ratings, client.LevelRating{Name: r.Name, Value: r.Value, Sub: r.Sub})
	}
	out.Tags = append(out.Tags, got.Tags[:min(len(got.Tags), choicesMost)]...)
	for _, f := range got.Folders[:min(len(got.Folders), choicesMost)] {
		out.Folders = append(out.Folders, client.ReportedFolder{ID: f.ID, Name: f.Name, LibraryID: f.LibraryID})
	}
	return out
}
