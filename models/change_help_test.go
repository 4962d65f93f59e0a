package models_test

import "github.com/latchkey-media/latchkey/models"

func (k *kit) changes(m media, after int64) []models.Change {
	k.t.Helper()
	list, err := k.Changes.List(k.t.Context(), m.Server, after, 1000)
	k.must(err)
	return list
}

// changeKinds returns the kinds of a server's changes after a number.
func (k *kit) changeKinds(m media, after int64) []models.ChangeKind {
	k.t.Helper()
	var kinds []models.ChangeKind
	for _, c := range k.changes(m, after) {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

func (k *kit) last(m media) int64 {
	k.t.Helper()
	last, err := k.Changes.Last(k.t.Context(), m.Server)
	k.must(err)
	return last
}
