package handlers

import (
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiAgentRoutes are for media servers, which bring their server key.
func (s *site) apiAgentRoutes(r *gin.Engine, v1 string) {
	server := v1 + "/server"
	s.get(r, server, nil, s.withServer(s.apiThisServer))
	r.PUT(server+"/report", s.withServer(s.apiReport))
	s.get(r, server+"/changes", nil, s.withServer(s.apiChanges))
	r.POST(server+"/changes/acknowledge", s.withServer(s.apiAcknowledge))
	s.get(r, server+"/links", nil, s.withServer(s.apiAgentLinks))
	r.POST(server+"/links", s.withServer(s.apiAskForLink))
	r.DELETE(server+"/links/:id", s.withServerAlone(s.apiEndLink))
	r.POST(server+"/invites", s.withServer(s.apiServerInvite))
	r.POST(server+"/exchanges", s.withServer(s.apiExchange))
	r.POST(server+"/key", s.withServerAlone(s.apiRotateOwnKey))
	s.get(r, server+"/proofs", nil, s.withServer(s.apiOpenProofs))
	r.POST(server+"/proofs/:id/propose", s.withServer(s.apiProposeProof))
	r.POST(server+"/proofs/:id/complete", s.withServer(s.apiCompleteProof))
	r.POST(server+"/proofs/:id/fail", s.withServer(s.apiFailProof))
}

// thisServer is a server as its agent sees it.
type thisServer struct {
	ID              string          `json:"id"`
	SystemID        string          `json:"system_id"`
	Name            string          `json:"name"`
	OwnName         string          `json:"own_name"` // "" for the server's own
	Owner           *string         `json:"owner"`    // username; null while nobody has claimed it
	Version         string          `json:"version"`
	SelfService     bool            `json:"self_service"`
	ChangeSeq       int64           `json:"change_seq"`
	AcknowledgedSeq int64           `json:"acknowledged_seq"`
	KeyExpiresAt    *time.Time      `json:"key_expires_at"` // of the key that asked, once it was replaced
	Addresses       []addressObject `json:"addresses"`
	SeenAs          string          `json:"seen_as"`
}

// seenAs is the address that the caller comes from, "" when unknown.
func seenAs(c *gin.Context) string { return addressText(visitOf(c).address) }

// apiThisServer answers GET /api/v1/server.
func (s *site) apiThisServer(c *gin.Context, this models.Server) error {
	state, err := s.Store.Agents.State(c.Request.Context(), this)
	if err != nil {
		return err
	}
	out := thisServer{
		ID: idText(this.ID), SystemID: this.SystemID, Name: this.Name, OwnName: this.OwnName, Version: this.Version,
		SelfService: this.SelfService, ChangeSeq: this.ChangeSeq, AcknowledgedSeq: this.AckedSeq, KeyExpiresAt: moment(this.KeyExpiresAt),
		Addresses: []addressObject{}, SeenAs: seenAs(c),
	}
	if state.Owner != "" {
		out.Owner = &state.Owner
	}
	for _, a := range state.Addresses {
		if !a.Hidden {
			out.Addresses = append(out.Addresses, addressObject{a.Kind, a.URL()})
		}
	}
	return answerJSON(c, http.StatusOK, out)
}

// maxReport is how large a report may be: thousands of local users do not fit
// into maxBody.
const maxReport = 4 << 20

// apiReport answers PUT /api/v1/server/report. What is not new writes nothing.
func (s *site) apiReport(c *gin.Context, this models.Server) error {
	in, err := readJSONUpTo[struct {
		Name       string              `json:"name"`
		Version    string              `json:"version"`
		SystemID   string              `json:"system_id"`
		Addresses  []addressObject     `json:"addresses"`
		LocalUsers []reportedLocalUser `json:"local_users"`
		Libraries  []libraryObject     `json:"libraries"`

		QuickConnect bool `json:"quick_connect"`
	}](c, maxReport)
	if err != nil {
		return err
	}
	report := models.Report{
		Registration: models.Registration{Name: in.Name, Version: in.Version, SystemID: in.SystemID, Kind: models.ServerAgent},
		LocalUsers:   each(in.LocalUsers, reportedLocalUser.read),
		Libraries:    each(in.Libraries, func(l libraryObject) models.Library { return models.Library{ExternalID: l.ID, Name: l.Name} }),

		QuickConnect: in.QuickConnect,
	}
	if err := addAddresses(&report.Registration, in.Addresses); err != nil {
		return err
	}
	changed, err := s.Store.Agents.Report(c.Request.Context(), this, report)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Changed bool   `json:"changed"`
		SeenAs  string `json:"seen_as"`
	}{changed, seenAs(c)})
}

// reportedLocalUser is a local user as an agent reports it.
type reportedLocalUser struct {
	ID            string `json:"id"` // the server's own
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled"`
	Administrator bool   `json:"administrator"`
}

func (u reportedLocalUser) read() models.LocalUser {
	return models.LocalUser{ExternalID: u.ID, Name: u.Name, Disabled: u.Disabled, Administrator: u.Administrator}
}

// agentLink is a link as the agent of its server sees it.
type agentLink struct {
	ID              string          `json:"id"`
	AccountID       string          `json:"account_id"`
	Username        string          `json:"username"`
	DisplayName     string          `json:"display_name"`
	LocalUser       *localUserRef   `json:"local_user"` // by the server's own id
	Type            string          `json:"type"`
	Status          string          `json:"status"`
	Active          bool            `json:"active"`
	Libraries       []libraryObject `json:"libraries"` // null: as the server decides
	EndsAt          *time.Time      `json:"ends_at"`
	AccessKeySHA256 string          `json:"access_key_sha256"` // "" while the link is pending
}

func agentLinkOf(l models.AgentLink) agentLink {
	out := agentLink{
		ID: idText(l.ID), AccountID: idText(l.AccountID), Username: l.Username, DisplayName: l.DisplayName, Type: l.Type, Status: l.State,
		Active: l.Active, Libraries: choiceOf(l.Libraries), EndsAt: moment(l.EndsAt),
	}
	if l.LocalUserID != "" {
		out.LocalUser = &localUserRef{l.LocalUserID, l.LocalUserName}
	}
	if l.State == models.LinkAccepted {
		out.AccessKeySHA256 = hex.EncodeToString(l.AccessKeyHash[:])
	}
	return out
}

// apiAgentLinks answers GET /api/v1/server/links.
func (s *site) apiAgentLinks(c *gin.Context, this models.Server) error {
	found, err := s.Store.Agents.LinksOf(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Links []agentLink `json:"links"`
	}{each(found, agentLinkOf)})
}

// apiAskForLink answers POST /api/v1/server/links.
func (s *site) apiAskForLink(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		To          string `json:"to"`
		LocalUser   string `json:"local_user"`
		Type        string `json:"type"`
		RequestedBy string `json:"requested_by"`
	}](c)
	if err != nil {
		return err
	}
	err = needed("to", in.To)
	if in.Type != models.LinkLinked && in.Type != models.LinkGuest {
		err = joinMistakes(err, oneMistake("type", "type_invalid"))
	}
	if err != nil {
		return err
	}
	link, err := s.Store.Agents.AskFor(c.Request.Context(), this, models.AskLink{
		Username: in.To, LocalUserID: in.LocalUser, Type: in.Type, RequestedBy: in.RequestedBy,
	})
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, agentLinkOf(link))
}

// apiEndLink answers DELETE /api/v1/server/links/{id}.
func (s *site) apiEndLink(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Agents.RemoveLink(c.Request.Context(), this, id))
}

// apiExchange answers POST /api/v1/server/exchanges: does the access key that a
// client showed open anything here? Whatever it does not open is the same.
func (s *site) apiExchange(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		AccessKey string  `json:"access_key"`
		AccountID *string `json:"account_id"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("access_key", in.AccessKey); err != nil {
		return err
	}
	var accountID int64
	if in.AccountID != nil {
		if accountID, err = idOf(*in.AccountID); err != nil {
			return models.ErrAccessKeyWrong
		}
	}
	link, err := s.Store.Agents.Check(c.Request.Context(), this, in.AccessKey, accountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Link agentLink `json:"link"`
	}{agentLinkOf(link)})
}

// apiRotateOwnKey answers POST /api/v1/server/key.
func (s *site) apiRotateOwnKey(c *gin.Context, this models.Server) error {
	key, until, err := s.Store.Agents.RotateKey(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, keyObject{key, until.UTC()})
}
