package handlers

import (
	"strconv"

	"github.com/latchkey-media/latchkey/models"
)

// idText is an id as it stands on pages.
func idText(id int64) string { return strconv.FormatInt(id, 10) }

// idOf reads an id that a page of ours was given. What is none is like one that
// does not exist.
func idOf(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, models.ErrNotFound
	}
	return id, nil
}
