package handlers

import (
	"strings"

	"github.com/latchkey-media/latchkey/internal/typed"
	"github.com/latchkey-media/latchkey/models"
)

// idText returns an id as pages and the API write it: as a decimal number.
func idText(id int64) string { return models.FormatID(id) }

// idOf reads an id. It returns models.ErrNotFound for a text that is not an id,
// as for an id that does not exist.
func idOf(text string) (int64, error) {
	id := models.ParseID(text)
	if id == 0 {
		return 0, models.ErrNotFound
	}
	return id, nil
}

// typedID reads an id that a person typed or pasted, with spaces and invisible
// characters around it. It returns [models.ErrNotFound] if the text is not an id.
func typedID(text string) (int64, error) {
	const longest = 128
	if len(text) > longest {
		return 0, models.ErrNotFound
	}
	return idOf(strings.TrimSpace(typed.Plain(text)))
}
