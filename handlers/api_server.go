package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// locatedObject is a server that somebody may use. It holds nothing that changes
// while the server only lives, so that the tag of the list stays.
type locatedObject struct {
	ID        string          `json:"id"`
	LinkID    string          `json:"link_id"`
	Name      string          `json:"name"`
	SystemID  string          `json:"system_id"`
	Kind      string          `json:"kind"`
	Version   string          `json:"version"`
	Type      string          `json:"type"` // of the link: linked or guest
	AccessKey string          `json:"access_key"`
	Addresses []addressObject `json:"addresses"` // in the order in which to try them
}

type addressObject struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
}

func locatedOf(l models.Located) locatedObject {
	addresses := make([]addressObject, 0, len(l.Addresses))
	for _, a := range l.Addresses {
		addresses = append(addresses, addressObject{a.Kind, a.URL()})
	}
	return locatedObject{
		ID: idText(l.ServerID), LinkID: idText(l.ID), Name: l.ServerName, SystemID: l.SystemID, Kind: l.Kind, Version: l.Version,
		Type: l.Type, AccessKey: l.AccessKey, Addresses: addresses,
	}
}

// apiServers answers GET /api/v1/servers: where are my servers? An unchanged
// list costs no body.
func (s *site) apiServers(c *gin.Context, session models.Session) error {
	found, err := s.Store.Links.Locate(c.Request.Context(), session.AccountID, models.LinkAccepted)
	if err != nil {
		return err
	}
	servers := make([]locatedObject, 0, len(found))
	for _, one := range found {
		servers = append(servers, locatedOf(one))
	}
	body, err := json.Marshal(struct {
		Servers []locatedObject `json:"servers"`
	}{servers})
	if err != nil {
		return fmt.Errorf("write the servers: %w", err)
	}
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Header("ETag", tag)
	if holds(c.Request.Header.Values("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

// holds reports whether one of the tags that a client has is tag (RFC 9110
// §13.1.2); weak ones count.
func holds(given []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(given, ","), ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// apiClaimCode answers POST /api/v1/servers/claim-codes.
func (s *site) apiClaimCode(c *gin.Context, session models.Session) error {
	code, until, err := s.Store.Servers.NewClaimCode(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		Code      string    `json:"code"`
		ExpiresAt time.Time `json:"expires_at"`
	}{code, until.UTC()})
}

// apiRegisterServer answers POST /api/v1/servers: a media server registers. With
// a claim code it belongs to the code's account. The key is told this once.
func (s *site) apiRegisterServer(c *gin.Context) error {
	in, err := readJSON[struct {
		ClaimCode string          `json:"claim_code"`
		Name      string          `json:"name"`
		SystemID  string          `json:"system_id"`
		Version   string          `json:"version"`
		Addresses []addressObject `json:"addresses"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	registration := models.Registration{
		Name: in.Name, SystemID: in.SystemID, Version: in.Version, Kind: models.ServerAgent, ClaimCode: in.ClaimCode, IdempotencyKey: key,
	}
	if err := addAddresses(&registration, in.Addresses); err != nil {
		return err
	}
	done, err := s.Store.Agents.Register(c.Request.Context(), registration, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}{idText(done.Server.ID), done.Key})
}

// addAddresses sorts addresses by kind. Unlike the Emby wire it leaves nothing
// out in silence.
func addAddresses(r *models.Registration, addresses []addressObject) error {
	const most = 20
	if len(addresses) > most {
		return oneMistake("addresses", "address_too_many")
	}
	for i, a := range addresses {
		field := fmt.Sprintf("addresses[%d]", i)
		if !models.IsAddress(a.URL) {
			return oneMistake(field+".url", "address_invalid")
		}
		switch a.Kind {
		case models.AddressLAN:
			r.LAN = append(r.LAN, a.URL)
		case models.AddressVPN:
			r.VPN = append(r.VPN, a.URL)
		case models.AddressWAN:
			r.WAN = append(r.WAN, a.URL)
		default: // custom ones are the owner's to add
			return oneMistake(field+".kind", "address_kind_invalid")
		}
	}
	return nil
}
