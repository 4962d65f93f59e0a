package handlers

import (
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// householdPage is the data of templates/pages/household.html: the people of a device. A tile of
// somebody with a PIN leads to their PIN pad; any other is a button that switches at once.
type householdPage struct {
	Base
	People                []tileView
	LeftOut               bool  // the person who is signed in is not among the people
	NameOrEmail, Password Field // of POST /who/join
}

// tileView is one person to choose.
type tileView struct {
	ID       string
	Name     string
	Face     face
	HasPIN   bool
	NeedsPIN bool // a grown person without a PIN, who cannot be chosen
	Current  bool
}

// householdPINPage is the data of templates/pages/household_pin.html, the PIN pad of one person.
type householdPINPage struct {
	Base
	Person tileView
	PIN    Field
}

func viewTile(p models.HouseholdPerson) tileView {
	return tileView{
		ID: idText(p.AccountID), Name: p.DisplayName, Face: faceOf(p.DisplayName, p.AccountID, pictureAddress(p.Picture)),
		HasPIN: p.HasPIN, NeedsPIN: !p.HasPIN && !p.Member, Current: p.Current,
	}
}

// peopleHere returns the people of the device of a session. If the session has ended since the request began, it
// leads to the page that signs in, as if the session had ended before the request.
func (s *site) peopleHere(c *gin.Context, session models.Session) (models.Household, error) {
	found, err := s.Store.Households.List(c.Request.Context(), session)
	if errors.Is(err, models.ErrNoSession) {
		return found, &detour{to: withReturn("/signin", pageHere(c))}
	}
	return found, err
}

// household answers GET /who.
func (s *site) household(c *gin.Context) error { return s.showHousehold(c, nil, nil) }

func (s *site) showHousehold(c *gin.Context, f form, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	found, err := s.peopleHere(c, session)
	if err != nil {
		return err
	}
	page := householdPage{Base: s.base(c, "household").telling(wrong), People: each(found.People, viewTile), LeftOut: found.LeftOut}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // a tile takes the focus
	page.NameOrEmail, page.Password = in.nameOrEmail(), in.password()
	return s.render(c, wrong.status, "household", page)
}

// householdPIN answers GET /who/ID with the PIN pad of a person.
func (s *site) householdPIN(c *gin.Context) error { return s.showHouseholdPIN(c, nil) }

func (s *site) showHouseholdPIN(c *gin.Context, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.peopleHere(c, session)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(found.People, func(p models.HouseholdPerson) bool { return p.AccountID == id })
	if at < 0 {
		return models.ErrNotFound
	}
	page := householdPINPage{Base: s.base(c, "household_pin").telling(wrong), Person: viewTile(found.People[at])}
	if !page.Person.HasPIN && cause != nil {
		return cause
	}
	if !page.Person.HasPIN {
		return seeOther(c, householdPath)
	}
	page.PIN = newInputs(page.Base, nil, wrong).householdPIN()
	return s.render(c, wrong.status, "household_pin", page)
}

// householdPIN returns the field of the PIN of the person who is chosen.
func (in *inputs) householdPIN() Field {
	return in.add(Field{Name: "pin", Type: "password", Autocomplete: "off", Required: true}, "household_pin")
}

// switchPerson answers POST /who/ID. The browser gets the new session in place of its own.
func (s *site) switchPerson(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	signed, err := s.Store.Households.Switch(c.Request.Context(), session, id, f["pin"], caller(c))
	if err != nil {
		return s.showHouseholdPIN(c, err)
	}
	s.renewSession(c, signed.Session, signed.Token)
	forgetCopies(c)
	return seeOther(c, home)
}

// joinHousehold answers POST /who/join: somebody else signs in in this browser, and belongs to
// its people from then on.
func (s *site) joinHousehold(c *gin.Context, f form) error {
	token := s.cookie(c, cookieSession)
	if token == "" {
		return &detour{to: withReturn("/signin", householdPath)}
	}
	if err := missing(f, "name_or_email", "password"); err != nil {
		return s.showHousehold(c, f, err)
	}
	ctx := c.Request.Context()
	in, err := s.Store.Sessions.SignIn(ctx, models.SignIn{
		NameOrEmail: f["name_or_email"], Password: f["password"], DeviceMarks: s.deviceMarks(c), TimeZone: f["time_zone"],
	}, caller(c))
	if err != nil {
		return s.showHousehold(c, f, err)
	}
	if err := s.Store.Households.Join(ctx, in.Session, token); err != nil {
		_ = s.Store.Sessions.End(ctx, in.Session.AccountID, in.Session.ID, caller(c)) // nobody holds it; it runs out if this fails
		return s.showHousehold(c, f, err)
	}
	s.renewSession(c, in.Session, in.Token)
	s.keepDeviceMark(c, in.DeviceMark)
	forgetCopies(c)
	return s.leave(c, householdPath, noticeHouseholdJoined)
}

// setTiles answers POST /who/tiles: whether the person who is signed in is among the people.
func (s *site) setTiles(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := s.Store.Households.LeaveOut(c.Request.Context(), session, f["left_out"] == "on"); err != nil {
		return err
	}
	return s.leave(c, householdPath, noticeHouseholdSaved)
}
