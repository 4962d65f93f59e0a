package handlers

import (
	"context"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// protectionPage is the data of templates/pages/protection.html: what the people of a server may do with and without
// their PIN, for its owner.
type protectionPage struct {
	Base
	ID, Name  string
	Active    bool
	Agent     string // for whom the agent holds levels: off, guests or linked; "" if it knows none
	Folders   bool   // the media server can hide single folders
	People    []protectedPersonView
	Protected protectionView
}

// protectionPersonPage is the data of templates/pages/protection_person.html: the levels of one person.
type protectionPersonPage struct {
	Base
	ID, Name  string // of the server
	Person    protectedPersonView
	Folders   bool
	Protected protectionView
}

// protectionView has the fields of both levels.
type protectionView struct {
	PINRequired Choice
	Everyday    levelView
	HasUnlocked Choice // there is something to unlock
	Unlocked    levelView
	Means       string // what the everyday level leaves to see
	MeansOpen   string // what the unlocked level leaves to see; "" without one
}

// protectedPersonView is a person of the server.
type protectedPersonView struct {
	LinkID, Name, Username string
	Own                    bool
	HasPIN, LookedAfter    bool
	Holds, Stopped         bool
	OpenUntil              time.Time
	NotHeld                bool
	ByHand                 []string // what somebody has changed at the media server, in the reader's language
	Problem                string   // library_gone, refused or administrator; "" for none
}

func (b Base) viewProtected(p models.ProtectedPerson) protectedPersonView {
	return protectedPersonView{
		LinkID: idText(p.LinkID), Name: p.DisplayName, Username: p.Username, Own: p.Own != nil, HasPIN: p.HasPIN, LookedAfter: p.Looked, Holds: p.Holds,
		Stopped: p.Stopped, OpenUntil: p.OpenUntil, NotHeld: p.State == models.LevelNotHeld, Problem: p.Problem,
		ByHand: each(p.ByHand, func(field string) string { return b.T("level.field." + field) }),
	}
}

// protection answers GET /servers/ID/protection.
func (s *site) protection(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showProtection(c, own, nil, nil)
}

func (s *site) showProtection(c *gin.Context, own owned, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	found, name, err := s.readProtection(c, own)
	if err != nil {
		return err
	}
	page := protectionPage{
		Base: s.base(c, "protection").telling(wrong), ID: idText(own.serverID), Name: name, Active: found.Active, Agent: found.AgentLevels,
		Folders: found.Choices.HidesFolders,
	}
	page.People = each(found.People, page.viewProtected)
	chosen := models.LinkProtection{PINRequired: found.PINRequired, Everyday: found.Everyday, Unlocked: found.Unlocked}
	if !found.Active && f == nil {
		chosen.Unlocked = &models.Level{}
	}
	page.Protected = viewProtection(page.Base, f, wrong, &found, chosen)
	return s.render(c, wrong.status, "protection", page)
}

// readProtection reads the protection of a server, and the name of the server.
func (s *site) readProtection(c *gin.Context, own owned) (models.Protection, string, error) {
	found, err := s.Store.Protections.Get(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return found, "", err
	}
	server, err := s.Store.Servers.Get(c.Request.Context(), own.session.AccountID, own.serverID)
	return found, server.Name, err
}

// viewProtection returns the fields of both levels, with what was typed or else what is stored.
func viewProtection(b Base, f form, wrong mistakes, found *models.Protection, chosen models.LinkProtection) protectionView {
	if f != nil {
		chosen = readProtectionForm(f)
	}
	in := newInputs(b, f, wrong)
	in.fresh = false
	unlocked := models.Level{}
	if chosen.Unlocked != nil {
		unlocked = *chosen.Unlocked
	}
	level := func(id string, l models.Level) levelView {
		return levelInputs{in: in, id: id, level: l, libraries: found.Libraries, choices: found.Choices}.view()
	}
	out := protectionView{
		PINRequired: Choice{ID: "pin_required", Name: "pin_required", Label: b.T("level.pin_required"), Chosen: chosen.PINRequired},
		HasUnlocked: Choice{ID: "has_unlocked", Name: "has_unlocked", Label: b.T("level.has_unlocked"), Chosen: chosen.Unlocked != nil},
		Everyday:    level("everyday", chosen.Everyday), Unlocked: level("unlocked", unlocked),
		Means: b.levelMeans(chosen.Everyday, found.Libraries),
	}
	if chosen.Unlocked != nil {
		out.MeansOpen = b.levelMeans(unlocked, found.Libraries)
	}
	return out
}

// readProtectionForm reads the fields of both levels.
func readProtectionForm(f form) models.LinkProtection {
	out := models.LinkProtection{PINRequired: f["pin_required"] != "", Everyday: readLevel(f, "everyday")}
	if f["has_unlocked"] != "" {
		out.Unlocked = new(readLevel(f, "unlocked"))
	}
	return out
}

// setProtection answers POST /servers/ID/protection with "do", which is "on" or "off".
func (s *site) setProtection(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	chosen := readProtectionForm(f)
	in := models.Protection{Active: f["do"] != "off", PINRequired: chosen.PINRequired, Everyday: chosen.Everyday, Unlocked: chosen.Unlocked}
	if err := s.Store.Protections.Set(c.Request.Context(), own.session.AccountID, own.serverID, in, caller(c)); err != nil {
		return s.showProtection(c, own, f, err)
	}
	return s.leave(c, own.to+"/protection", noticeProtectionSaved)
}

// letUnlock answers POST /servers/ID/protection/let-unlock.
func (s *site) letUnlock(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	id, err := idOf(f["id"])
	if err == nil {
		err = s.Store.Protections.LetUnlock(c.Request.Context(), own.session.AccountID, own.serverID, id, caller(c))
	}
	if err != nil {
		return s.showProtection(c, own, nil, orGone(err))
	}
	return s.leave(c, own.to+"/protection", noticeProtectionSaved)
}

// protectionPerson answers GET /servers/ID/people/LINK/protection.
func (s *site) protectionPerson(c *gin.Context) error { return s.showProtectionPerson(c, nil, nil) }

func (s *site) showProtectionPerson(c *gin.Context, f form, cause error) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	linkID, err := idOf(c.Param("link_id"))
	if err != nil {
		return err
	}
	found, name, err := s.readProtection(c, own)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(found.People, func(p models.ProtectedPerson) bool { return p.LinkID == linkID })
	if at < 0 {
		return models.ErrNotFound
	}
	page := protectionPersonPage{Base: s.base(c, "protection_person").telling(wrong), ID: idText(own.serverID), Name: name, Folders: found.Choices.HidesFolders}
	page.Person = page.viewProtected(found.People[at])
	chosen := models.LinkProtection{PINRequired: found.PINRequired, Everyday: found.Everyday, Unlocked: found.Unlocked}
	if found.People[at].Own != nil {
		chosen = *found.People[at].Own
	}
	page.Protected = viewProtection(page.Base, f, wrong, &found, chosen)
	return s.render(c, wrong.status, "protection_person", page)
}

// setProtectionPerson answers POST /servers/ID/people/LINK/protection with "do", which is "own" or "defaults".
func (s *site) setProtectionPerson(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	linkID, err := idOf(c.Param("link_id"))
	if err != nil {
		return err
	}
	var chosen *models.LinkProtection
	if f["do"] != "defaults" {
		chosen = new(readProtectionForm(f))
	}
	set := func(ctx context.Context) error {
		return s.Store.Protections.SetLink(ctx, own.session.AccountID, own.serverID, linkID, chosen, caller(c))
	}
	if err := set(c.Request.Context()); err != nil {
		return s.showProtectionPerson(c, f, err)
	}
	return s.leave(c, own.to+"/people/"+idText(linkID)+"/protection", noticeProtectionSaved)
}
