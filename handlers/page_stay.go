package handlers

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// stayPage is the data of templates/pages/stay.html: how long one person may come to a server, for its owner. Its
// forms lead to POST /servers/ID/people/LINK/stay/ACT.
type stayPage struct {
	Base
	To             string // the address of the page
	ServerID       string
	Server         string // its name
	Name, Username string // of the person; Name is "" if they have no other name
	LocalUser      string // "" while it is not known
	Guest          bool
	End            stayTime // zero for no end
	LastDay        Field    // the field "ends_at"
	EndsWas        string   // the hidden field "ends_was": what ends_at held when the page was made
	CanPause       bool
	Paused         bool
	Until          stayTime // when the pause ends; zero if it lasts until the owner ends it
	Back           Field    // the field "back_on": the first day after a pause
	Choices        []Choice // the libraries
	LibrariesError string
	Hand           []string // what somebody has changed at the media server: enabled, disabled, libraries, administrator
	HandKept       bool     // the owner has said that it stays like that
}

// stayMorePage is the data of templates/pages/stay_more.html, to which the mail about the end of a stay leads. It has
// one button: POST /stay prolongs the stay by two weeks.
type stayMorePage struct {
	Base
	Server, Person string
	End            stayTime // the end until now
	Over           bool     // it is in the past
	Until          stayTime // the end after that
	Done           bool     // it was just done
}

// stayTime is a time for people, with the text that they see until their browser writes it in its own zone.
type stayTime struct {
	At   time.Time
	Text string
}

// stayTimeOf returns a time in a zone, and the zero stayTime for the zero time.
func (b Base) stayTimeOf(at time.Time, zone *time.Location) stayTime {
	if at.IsZero() {
		return stayTime{}
	}
	return stayTime{at, b.Catalogue.DateTimeIn(b.Locale, at, zone)}
}

// stayOf is one person of an owner's server.
type stayOf struct {
	owned
	linkID int64
	page   string // the address of the page
}

// stayAt returns the person in the path, for the owner who is signed in.
func (s *site) stayAt(c *gin.Context) (stayOf, error) {
	own, err := s.ownServer(c, false)
	if err != nil {
		return stayOf{}, err
	}
	linkID, err := idOf(c.Param("link_id"))
	return stayOf{own, linkID, own.to + "/people/" + idText(linkID) + "/stay"}, err
}

// stay answers GET /servers/ID/people/LINK/stay.
func (s *site) stay(c *gin.Context) error {
	at, err := s.stayAt(c)
	if err != nil {
		return err
	}
	return s.showStay(c, at, nil, nil)
}

func (s *site) showStay(c *gin.Context, at stayOf, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	found, err := s.Store.Stays.Get(c.Request.Context(), at.session.AccountID, at.serverID, at.linkID)
	if err != nil {
		return err
	}
	zone := s.zoneOfForm(c, f)
	page := stayPage{
		Base: s.base(c, "stay").telling(wrong), To: at.page, ServerID: idText(at.serverID), Server: found.Server, Username: found.Username, LocalUser: found.LocalUser,
		Guest: found.Guest, CanPause: found.CanPause, Paused: found.Pause.On(), Hand: found.Hand, HandKept: found.HandKept,
	}
	if found.DisplayName != found.Username {
		page.Name = found.DisplayName
	}
	page.End, page.Until = page.stayTimeOf(found.EndsAt, zone), page.stayTimeOf(found.Pause.Until, zone)
	if !found.EndsAt.IsZero() {
		page.EndsWas = lastday.Day(found.EndsAt, zone)
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false
	in.stored = form{"ends_at": page.EndsWas}
	page.LastDay = in.add(Field{Name: "ends_at", Type: "date", Hint: in.hint("stay_end"), Autocomplete: "off"}, "stay_end")
	page.Back = in.add(Field{Name: "back_on", Type: "date", Hint: in.hint("stay_back"), Autocomplete: "off"}, "stay_back")
	page.LibrariesError = wrong.fields["libraries"]
	has := func(l models.Library) bool {
		return slices.ContainsFunc(found.Libraries, func(one models.Library) bool { return one.ExternalID == l.ExternalID })
	}
	gone := slices.DeleteFunc(slices.Clone(found.Libraries), func(l models.Library) bool { return !isGone(l) })
	page.Choices = page.libraryChoices("library", at.serverID, slices.Concat(found.All, gone), has)
	return s.render(c, wrong.status, "stay", page)
}

// onStay calls the function do for a person, and goes back to the page, which shows the notice n.
func (s *site) onStay(c *gin.Context, f form, n notice, do func(ctx context.Context, at stayOf) error) error {
	at, err := s.stayAt(c)
	if err != nil {
		return err
	}
	if err := do(c.Request.Context(), at); err != nil {
		return s.showStay(c, at, f, err)
	}
	return s.leave(c, at.page, n)
}

// dayIn returns the moment at which the day that a text names begins in a zone. It returns the zero time for the text
// "", and an error about the field for a text that is not a day.
func dayIn(text, field, code string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}, oneMistake(field, code)
	}
	return day, nil
}

// setStayEnd answers POST …/stay/end with the last day, which ends in the zone of the owner. If "do" is "endless", the
// stay gets no end. A day that was not changed keeps its time.
func (s *site) setStayEnd(c *gin.Context, f form) error {
	return s.onStay(c, f, noticeStaySaved, func(ctx context.Context, at stayOf) error {
		end := time.Time{}
		if f["do"] != "endless" {
			if f["ends_at"] == f["ends_was"] {
				return nil
			}
			var err error
			if end, err = endOfDay(f["ends_at"], s.zoneOfForm(c, f)); err != nil {
				return err
			}
		}
		return s.Store.People.SetTerms(ctx, at.session.AccountID, at.serverID, at.linkID, models.Terms{EndsAt: &end})
	})
}

// extendStay answers POST …/stay/more: two more weeks.
func (s *site) extendStay(c *gin.Context, f form) error {
	return s.onStay(c, f, noticeStaySaved, func(ctx context.Context, at stayOf) error {
		_, err := s.Store.Stays.Extend(ctx, at.session.AccountID, at.serverID, at.linkID)
		return err
	})
}

// setStayLibraries answers POST …/stay/libraries.
func (s *site) setStayLibraries(c *gin.Context, f form) error {
	return s.onStay(c, f, noticeStaySaved, func(ctx context.Context, at stayOf) error {
		libraries := librariesIn(f, at.serverID)
		return s.Store.People.SetTerms(ctx, at.session.AccountID, at.serverID, at.linkID, models.Terms{Libraries: &libraries})
	})
}

// pauseStay answers POST …/stay/pause.
func (s *site) pauseStay(c *gin.Context, f form) error {
	return s.onStay(c, f, noticeStayPaused, func(ctx context.Context, at stayOf) error {
		until, err := dayIn(f["back_on"], "back_on", "pause_until_invalid", s.zoneOfForm(c, f))
		if err != nil {
			return err
		}
		err = s.Store.Stays.Pause(ctx, at.session.AccountID, at.serverID, at.linkID, until)
		return underNames(err, map[string]string{"until": "back_on"})
	})
}

// resumeStay answers POST …/stay/resume.
func (s *site) resumeStay(c *gin.Context, f form) error {
	return s.onStay(c, f, noticeStayResumed, func(ctx context.Context, at stayOf) error {
		return s.Store.Stays.Resume(ctx, at.session.AccountID, at.serverID, at.linkID)
	})
}

// answerStayHand answers POST …/stay/hand with "do", which is "keep" or "reset".
func (s *site) answerStayHand(c *gin.Context, f form) error {
	return s.onStay(c, f, noticeStaySaved, func(ctx context.Context, at stayOf) error {
		return s.Store.Stays.AnswerHand(ctx, at.session.AccountID, at.serverID, at.linkID, f["do"] == "keep")
	})
}

// stayMoreForm answers GET /stay. It changes nothing, because mail scanners open links.
func (s *site) stayMoreForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkStay)
	if err != nil {
		return err
	}
	offer, err := s.Store.Stays.Look(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkStay, err)
	}
	return s.showStayMore(c, offer, false)
}

// stayMore answers POST /stay: it spends the token of the mail.
func (s *site) stayMore(c *gin.Context, _ form) error {
	token, err := s.linkToken(c, linkStay)
	if err != nil {
		return err
	}
	offer, err := s.Store.Stays.ExtendByMail(c.Request.Context(), token, caller(c))
	if err != nil {
		return s.spent(c, linkStay, err)
	}
	s.clearCookie(c, linkStay)
	return s.showStayMore(c, offer, true)
}

func (s *site) showStayMore(c *gin.Context, offer models.StayOffer, done bool) error {
	zone := s.zones.named(offer.TimeZone)
	page := stayMorePage{Base: s.base(c, "stay_more"), Server: offer.Server, Person: offer.Username, Over: !offer.EndsAt.After(s.Store.Now()), Done: done}
	if offer.DisplayName != "" {
		page.Person = offer.DisplayName
	}
	page.End, page.Until = page.stayTimeOf(offer.EndsAt, zone), page.stayTimeOf(offer.Until, zone)
	return s.render(c, http.StatusOK, "stay_more", page)
}
