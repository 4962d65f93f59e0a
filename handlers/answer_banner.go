package handlers

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

const (
	bannersKept = 20                   // how many messages a browser remembers that were closed in it
	bannersLife = 366 * 24 * time.Hour // no message is shown for longer
)

// banners returns the messages that the reader of a page has not closed in this browser. They are in memory, and there is
// nearly always none.
func (s *site) banners(c *gin.Context, b Base) []bannerView {
	shown := s.Store.OperatedMessages.Shown(b.Account != nil || b.Switched)
	if len(shown) == 0 {
		return nil
	}
	closed := s.closedBanners(c)
	var views []bannerView
	for i := range shown {
		if id := idText(shown[i].ID); !slices.Contains(closed, id) {
			text, language := shown[i].In(b.Locale, b.Languages()[0].Code)
			view := bannerView{ID: id, Title: text.Title, Text: text.Text, Warning: shown[i].Kind == models.MessageWarning}
			if language != b.Locale {
				view.Lang = language
			}
			views = append(views, view)
		}
	}
	return views
}

// closedBanners returns the ids of the messages that were closed in this browser.
func (s *site) closedBanners(c *gin.Context) []string {
	return strings.FieldsFunc(s.cookie(c, cookieBanners), func(r rune) bool { return r == '.' })
}

// withBanners puts the banners of a page below its header. The layout does not do that: it would cost each page something to ask
// whether there are any.
func withBanners(layout *template.Template, drawn []byte, page spoken) ([]byte, error) {
	var banners bytes.Buffer
	if err := layout.ExecuteTemplate(&banners, "banners", page); err != nil {
		return nil, fmt.Errorf("render the banners: %w", err)
	}
	const end = "</header>"
	before, after, found := bytes.Cut(drawn, []byte(end))
	if !found {
		return drawn, nil
	}
	return slices.Concat(before, []byte(end), banners.Bytes(), after), nil
}

// messageState returns how a message stands.
func messageState(one models.Message, now time.Time) string {
	switch {
	case !one.Withdrawn.IsZero():
		return "withdrawn"
	case !one.Until.After(now):
		return "over"
	case one.From.After(now):
		return "coming"
	default:
		return "shown"
	}
}
