package agent

import (
	"slices"
	"sync"
	"time"
)

// renameTold is how long a renamed local user stays among the troubles. For most of these
// troubles nothing has to be done, so nothing that a person does could end them.
const renameTold = 24 * time.Hour

// renames hold the local users that were renamed at the media server not long ago. The zero
// value holds no local user.
type renames struct {
	mu     sync.Mutex
	byLink map[string]rename
}

// rename is a text for people about one local user, and when the agent saw the new name.
type rename struct {
	text string
	seen time.Time
}

// add notes a new name of the local user of a link.
func (r *renames) add(linkID, text string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byLink == nil {
		r.byLink = map[string]rename{}
	}
	r.byLink[linkID] = rename{text, now}
}

// recent returns a text for each of the links whose local user was renamed within
// [renameTold], in the order of links, and forgets all others.
func (r *renames) recent(now time.Time, links []linkRow) (texts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, one := range r.byLink {
		linked := slices.ContainsFunc(links, func(l linkRow) bool { return l.ID == id })
		if !linked || now.Sub(one.seen) >= renameTold {
			delete(r.byLink, id)
		}
	}
	if len(r.byLink) == 0 {
		return nil
	}
	for i := range links {
		if one, ok := r.byLink[links[i].ID]; ok {
			texts = append(texts, one.text)
		}
	}
	return texts
}
