package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// ErrPolicy means that a [Policy] cannot be stored. The error that wraps it names the field.
var ErrPolicy = errors.New("the policy is not valid")

// policyListMax is the greatest number of entries in each list of a [Policy].
const policyListMax = 500

// Policy says what a local user may see and do. It is read and written as a whole. It does not
// hold for administrators, who see everything. The zero Policy shows no library.
//
// The value of a rating is the age that Jellyfin gives it; see [Rating].
type Policy struct {
	mediaserver.Restriction `json:"-"` // in the table library_access

	MaxRating    *int     `json:"max_rating,omitempty"`     // nil: every rating
	MaxSubRating *int     `json:"max_sub_rating,omitempty"` // compared if the rating equals MaxRating; nil: every sub-rating
	BlockUnrated []string `json:"block_unrated,omitempty"`  // kinds whose items without a rating are hidden; see UnratedKinds
	BlockedTags  []string `json:"blocked_tags,omitempty"`   // items with one of these tags are hidden
	AllowedTags  []string `json:"allowed_tags,omitempty"`   // if there are any, items without one of these tags are hidden

	// BlockedFolders are the ids of folders that are hidden with all that is in them. An id of a
	// library or of a single item works, too.
	BlockedFolders []string `json:"blocked_folders,omitempty"`
	// ContentTypes are the types of the libraries that are shown, such as movies. If the list is
	// empty, libraries of every type are shown.
	ContentTypes []string `json:"content_types,omitempty"`
	// Hours are the times of the week at which the local user is let in. If the list is empty, the
	// local user is always let in.
	Hours []Hours `json:"hours,omitempty"`

	MayDelete   bool `json:"may_delete"`
	MayDownload bool `json:"may_download"`
	MayControl  bool `json:"may_control"` // may control what others play

	// DeleteFrom are the ids of libraries from which the local user may delete without MayDelete.
	DeleteFrom       []string          `json:"delete_from,omitempty"`
	MayControlShared bool              `json:"may_control_shared,omitempty"` // may control devices that nobody is signed in on
	MayEdit          mediaserver.Edits `json:"may_edit,omitzero"`            // what an administrator may edit anyway

	// The media server has no live television. It only keeps these limits, so that they are read in
	// the form in which they were written. A row from before this version has none of these
	// members.
	NoLiveTV     bool     `json:"no_live_tv,omitempty"`
	SomeChannels bool     `json:"some_channels,omitempty"` // only Channels
	Channels     []string `json:"channels,omitempty"`
}

// UnratedKinds returns all kinds that [Policy.BlockUnrated] may name, in the words of Jellyfin and
// Emby.
func UnratedKinds() []string {
	return []string{"Movie", "Trailer", "Series", "Music", "Book", "LiveTvChannel", "LiveTvProgram", "ChannelContent", "Other"}
}

// newPolicy returns the policy of a new local user.
func newPolicy(row *userRow, to mediaserver.Restriction) Policy {
	return Policy{Restriction: to, MayDelete: row.Administrator, MayDownload: !row.Guest, MayControl: row.Administrator}
}

// encode returns the policy as it is stored, without its libraries.
func (p *Policy) encode() (string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write a policy: %w", err)
	}
	return string(text), nil
}

// decodePolicy reads a stored policy. A policy that it does not understand in full is an error,
// because a limit that is left out would show what must be hidden.
func decodePolicy(text string) (Policy, error) {
	var p Policy
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("read the policy of a local user: %w", err)
	}
	return p, nil
}

// SetPolicy replaces what a local user may see and do. The new policy holds from the next request
// on. It returns [ErrPolicy], mediaserver.ErrNotFound, or mediaserver.ErrNotAllowed for an
// administrator.
func (s *Server) SetPolicy(ctx context.Context, id string, p Policy) error {
	p, err := p.checked()
	if err != nil {
		return err
	}
	text, err := p.encode()
	if err != nil {
		return err
	}
	return s.changeUser(ctx, changingPolicy, id, noAdministrator, func(tx *gorm.DB, row *userRow) error {
		return writePolicy(tx, row, text, p.Restriction)
	})
}

const changingPolicy = "change a policy"

// writePolicy replaces a policy. The parameter text is what encode returns for it.
func writePolicy(tx *gorm.DB, row *userRow, text string, to mediaserver.Restriction) error {
	if err := tx.Exec("UPDATE local_users SET policy = ? WHERE id = ?", text, row.ID).Error; err != nil {
		return fmt.Errorf("write the row: %w", err)
	}
	return restrict(tx, row.ID, to)
}

// checked returns the policy in the form in which it is stored. It returns [ErrPolicy].
func (p *Policy) checked() (Policy, error) {
	stored := *p
	for name, list := range map[string]*[]string{"blocked folders": &stored.BlockedFolders, "libraries to delete from": &stored.DeleteFrom, "channels": &stored.Channels} {
		ids := make([]string, 0, len(*list))
		for _, given := range *list {
			id := embywire.ID(given)
			if id == "" {
				return Policy{}, fmt.Errorf("%w: %s: %q is not an id of 32 hex digits", ErrPolicy, name, given)
			}
			ids = append(ids, id)
		}
		*list = ids
	}
	if p.MaxRating == nil && p.MaxSubRating != nil {
		return Policy{}, fmt.Errorf("%w: a greatest sub-rating needs a greatest rating", ErrPolicy)
	}
	for name, list := range map[string][]string{
		"blocked tags": p.BlockedTags, "allowed tags": p.AllowedTags, "blocked folders": p.BlockedFolders, "libraries": p.Libraries,
		"unrated items": p.BlockUnrated, "content types": p.ContentTypes, "libraries to delete from": p.DeleteFrom, "channels": p.Channels,
	} {
		if err := checkList(list); err != nil {
			return Policy{}, fmt.Errorf("%w: %s: %w", ErrPolicy, name, err)
		}
	}
	return stored, errors.Join(
		checkWords("unrated items", p.BlockUnrated, UnratedKinds()), checkWords("content types", p.ContentTypes, collectionTypes()), checkHours(p.Hours))
}

// checkList returns an error for a list that is too long, or that has an empty entry: an empty
// tag would fit nothing, so a limit would be lost.
func checkList(list []string) error {
	if len(list) > policyListMax {
		return fmt.Errorf("there are %d entries, and %d are possible", len(list), policyListMax)
	}
	if slices.ContainsFunc(list, func(entry string) bool { return strings.TrimSpace(entry) == "" }) {
		return errors.New("an entry is empty")
	}
	return nil
}

// checkWords returns [ErrPolicy] for a word that is not among the known words.
func checkWords(name string, words, known []string) error {
	for _, word := range words {
		if !slices.Contains(known, word) {
			return fmt.Errorf("%w: %s: %q is not one of %s", ErrPolicy, name, word, strings.Join(known, ", "))
		}
	}
	return nil
}
