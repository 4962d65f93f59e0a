package agent

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"
)

// troubles hold what is wrong now. A trouble is logged once when it begins and once when it
// is resolved, no matter how often it is noticed in between.
type troubles struct {
	log   *slog.Logger
	now   func() time.Time
	store *Store

	mu   sync.Mutex
	open map[string]trouble // by name
	last int64              // number of the last notice
	kept bool               // whether the troubles are written to the agent's file; true only in the program that runs the agent
}

// trouble is something that is wrong now.
type trouble struct {
	text   string
	notice int64 // number of the last notice of this trouble
}

// Names of troubles.
const (
	troubleTwice         = "agent_twice"
	troubleServiceAway   = "service_away"
	troubleCertificate   = "service_certificate"
	troubleServiceAnswer = "service_answer"
	troubleKeyRefused    = "server_key_refused"
	troubleKeyReplaced   = "server_key_replaced"
	troubleKeyHandedOver = "server_key_handed_over"
	troubleRegister      = "registration"
	troubleTrust         = "offline_trust"
	troubleMediaServer   = "media_server_away"
	troubleMediaKey      = "media_server_key"
	troubleMediaOld      = "media_server_too_old"
	troubleOtherServer   = "media_server_changed"
	troubleReport        = "report_refused"
	troubleTooMany       = "too_many_local_users"
	troubleTwoAgents     = "two_agents"
	troubleLibraries     = "guest_libraries"
	troubleStore         = "own_file"
	troubleRestoredCopy  = "restored_copy"
	troubleInterfaces    = "interfaces"
	troubleLinks         = "links"
	troubleRevoke        = "revoke"
	troubleQuickConnect  = "quick_connect_off"
	troubleSwitchedOff   = "server_disabled"
	troubleNotAllowed    = "local_user_not_allowed"
	troubleLevels        = "levels_refused"
	troubleLevelLibrary  = "level_library_gone"
)

// begin notes a trouble. The parameter text says what is wrong and what to do; attrs are
// details that only the log gets. If the same trouble begins again with another text, it is
// logged again.
func (t *troubles) begin(ctx context.Context, name, text string, attrs ...slog.Attr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.open[name].text
	t.last++
	t.open[name] = trouble{text: text, notice: t.last}
	if before == text {
		return
	}
	t.log.LogAttrs(ctx, slog.LevelWarn, text, append(attrs, slog.String("trouble", name))...) //nolint:sloglint // the texts of troubles are constants
	t.keep(ctx, name, text)
}

// noticed returns the number of the last notice of any trouble.
func (t *troubles) noticed() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// end notes that troubles are resolved, if they were open.
func (t *troubles) end(ctx context.Context, names ...string) { t.endUpTo(ctx, math.MaxInt64, names...) }

// endUpTo notes that troubles are resolved, apart from those that were noticed again after the given notice. A question that
// was asked before a trouble began, and answered well after that, does not end the trouble. It reports whether none of the
// troubles is open any longer.
func (t *troubles) endUpTo(ctx context.Context, notice int64, names ...string) (all bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all = true
	for _, name := range names {
		one, is := t.open[name]
		if !is {
			continue
		}
		if one.notice > notice {
			all = false
			continue
		}
		delete(t.open, name)
		t.log.LogAttrs(ctx, slog.LevelInfo, "resolved", slog.String("trouble", name))
		t.keep(ctx, name, "")
	}
	return all
}

// keep writes a trouble to the file for other programs, if this program runs the agent. An
// error does not matter, because the trouble is in the log.
func (t *troubles) keep(ctx context.Context, name, text string) {
	if !t.kept {
		return
	}
	db := t.store.read(context.WithoutCancel(ctx))
	if text == "" {
		_ = db.Exec("DELETE FROM troubles WHERE name = ?", name).Error
		return
	}
	_ = db.Exec(`INSERT INTO troubles (name, text, since) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET text = excluded.text`, name, text, stamp(t.now())).Error
}

// keepAll makes the troubles of the running agent visible to other programs, and
// removes what an earlier run has left.
func (t *troubles) keepAll(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.store.read(ctx).Exec("DELETE FROM troubles").Error
	t.kept = true
	for name, one := range t.open {
		t.keep(ctx, name, one.text)
	}
}

// troubles reads the troubles of the running agent, the oldest first.
func (s *Store) troubles(ctx context.Context) ([]Trouble, error) {
	var rows []struct {
		Name, Text string
		Since      int64
	}
	if err := s.read(ctx).Raw("SELECT name, text, since FROM troubles ORDER BY since, name").Scan(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]Trouble, len(rows))
	for i, row := range rows {
		list[i] = Trouble{Name: row.Name, Text: row.Text, Since: moment(row.Since)}
	}
	return list, nil
}
