package handlers

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorInvitesPage is the data of templates/pages/operator_invites.html: the invites to sign up, and the form that makes
// one.
type operatorInvitesPage struct {
	operatorPage
	State   string // what the list is filtered by; "" for all
	Filters []serverPart
	Invites []operatedInviteView
	Turns   turnsView
	Closed  bool   // nobody can sign up, not even with an invite
	Life    string // how long an invite can be accepted if the form does not say it
	Key     string // the hidden field "key": a form that is sent twice makes one invite

	To, Greeting, Uses, Until, Note Field
	Link                            Choice
}

// operatedInviteView is an invite to sign up as operators see it.
type operatedInviteView struct {
	endedInviteView

	Href    string
	Pending bool // it can be accepted
}

// operatorInvitePage is the data of templates/pages/operator_invite.html.
type operatorInvitePage struct {
	operatorPage
	Of  operatedInviteView
	URL string // of the link; "" for an invite without one, and for one that cannot be accepted any longer
	QR  qrView
}

const operatorInvitesOnPage = 20

func operatedInvitePath(id string) string { return operatorPath + "/invites/" + id }

// operatorInvites answers GET /admin/invites.
func (s *site) operatorInvites(c *gin.Context) error {
	return s.showOperatorInvites(c, form{"key": s.random()}, nil)
}

func (s *site) showOperatorInvites(c *gin.Context, f form, cause error) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ask := models.InvitesAsk{State: queryValue(c, "state")}
	if ask.State != "" && ask.State != models.InvitePending {
		return models.ErrNotFound
	}
	asked, err := s.pageTurned(c, operatorInvitesOnPage, "invites of operators", ask.State)
	if err != nil {
		return err
	}
	ask.Before, ask.Most = asked.afterID(), asked.more()
	found, err := s.Store.OperatedInvites.List(c.Request.Context(), ask)
	if err != nil {
		return err
	}
	page := operatorInvitesPage{
		operatorPage: s.operatorBase(c, "operator_invites", "invites", wrong), State: ask.State, Closed: s.SignUp == models.SignUpClosed, Key: f["key"],
	}
	page.Filters = operatorFilters("invites", ask.State, nil, []string{"", models.InvitePending}, []string{page.T("operator.filter.all"), page.T("operator.filter.open")})
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = operatorTurns(page.Base, "invites", map[string]string{"state": ask.State}, asked, next)
	page.Invites = each(found, page.operatedInvite)
	page.Life = s.life(page.Locale, inviteLife)
	in := newInputs(page.Base, f, wrong.inOrder("to", "greeting", "uses", "expires_at", "note"))
	in.fresh = false // the list is the main content of the page
	page.fill(in)
	return s.render(c, wrong.status, "operator_invites", page)
}

// fill writes the fields of the form into the page.
func (p *operatorInvitesPage) fill(in *inputs) {
	p.To = in.add(Field{Name: "to", Type: "email", Hint: in.hint("sign_up_invite_to"), Autocomplete: "off"}, "sign_up_invite_to")
	p.Link = Choice{ID: "link", Name: "link", Label: p.T("field.invite_with_link"), Chosen: in.typed["link"] != ""}
	p.Greeting = in.add(Field{Name: "greeting", Type: "text", Hint: in.hint("invite_greeting"), Autocomplete: "off"}, "invite_greeting")
	p.Uses = in.add(Field{Name: "uses", Type: "text", Hint: in.hint("invite_uses"), Autocomplete: "off", InputMode: "numeric"}, "invite_uses")
	p.Until = in.add(Field{Name: "expires_at", Type: "date", Hint: in.hint("invite_until", "Life", p.Life), Autocomplete: "off"}, "invite_until")
	p.Note = in.note()
}

// operatedInvite returns an invite to sign up as operators see it.
func (b Base) operatedInvite(one models.Invite) operatedInviteView {
	view := operatedInviteView{endedInviteView: newEndedInviteView(b, one, 0), Href: operatedInvitePath(idText(one.ID))}
	view.Pending = one.State == models.InvitePending
	return view
}

// createOperatorInvite answers POST /admin/invites.
func (s *site) createOperatorInvite(c *gin.Context, f form) error {
	session, err := s.operatorSession(c)
	if err != nil {
		return err
	}
	in := models.NewInvite{To: strings.TrimSpace(f["to"]), Link: f["link"] != "", Greeting: f["greeting"], Note: f["note"], IdempotencyKey: inviteKey(f)}
	err = readReach(f, s.zoneOfForm(c, f), &in)
	if in.To == "" && !in.Link {
		err = joinMistakes(err, oneMistake("to", "to_missing"))
	}
	var made models.Invite
	if err == nil {
		made, err = s.Store.OperatedInvites.Create(c.Request.Context(), session.AccountID, in)
	}
	if err != nil {
		return s.showOperatorInvites(c, f, err)
	}
	return s.leave(c, operatedInvitePath(idText(made.ID)), noticeOperatorDone)
}

// operatorInvite answers GET /admin/invites/ID.
func (s *site) operatorInvite(c *gin.Context) error { return s.showOperatorInvite(c, nil) }

func (s *site) showOperatorInvite(c *gin.Context, cause error) error {
	_, id, wrong, err := s.operatorRecord(c, cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := s.Store.OperatedInvites.Get(ctx, id)
	if err != nil {
		return err
	}
	secret, err := s.Store.OperatedInvites.Secret(ctx, id)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	page := operatorInvitePage{operatorPage: s.operatorBase(c, "operator_invite", "invites", wrong)}
	page.Of = page.operatedInvite(found)
	if err == nil {
		page.URL = s.inviteURL(secret)
		page.QR = page.qr(page.URL, page.T("page.invite_link.qr"))
	}
	return s.render(c, wrong.status, "operator_invite", page)
}

// operatorInviteActs returns the acts on invites to sign up, by the end of their addresses.
func operatorInviteActs() map[string]operatorAct {
	return map[string]operatorAct{
		"withdraw": {pick: func(store *models.Store) operation { return store.OperatedInvites.Withdraw }, leads: operatorPath + "/invites"},
	}
}
