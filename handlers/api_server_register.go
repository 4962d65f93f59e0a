package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiClaimCode answers POST /api/v1/servers/claim-codes.
func (s *site) apiClaimCode(c *gin.Context, session models.Session) error {
	code, until, err := s.Store.Registrations.NewClaimCode(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		Code      string    `json:"code"`
		ExpiresAt time.Time `json:"expires_at"`
	}{code, until.UTC()})
}

// apiRegisterServer answers POST /api/v1/servers: a media server registers. With a claim
// code, the server belongs to the account that made the code. No other answer shows the
// server key.
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
	done, err := s.Store.Registrations.Register(c.Request.Context(), registration, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}{idText(done.Server.ID), done.Key})
}

// addAddresses sorts addresses by kind. Unlike the Emby Connect protocol, it
// returns an error for an address that it cannot use.
func addAddresses(r *models.Registration, addresses []addressObject) error {
	const most = 20
	if len(addresses) > most {
		return oneMistake("addresses", "address_too_many")
	}
	for i, a := range addresses {
		field := fmt.Sprintf("addresses[%d]", i)
		if mistake := models.AddressMistake(a.URL); mistake != "" {
			return oneMistake(field+".url", mistake)
		}
		switch a.Kind {
		case models.AddressLAN:
			r.LAN = append(r.LAN, a.URL)
		case models.AddressVPN:
			r.VPN = append(r.VPN, a.URL)
		case models.AddressWAN:
			r.WAN = append(r.WAN, a.URL)
		default: // custom addresses are added by the owner
			return oneMistake(field+".kind", "address_kind_invalid")
		}
	}
	return nil
}

// apiClaimServer answers POST /api/v1/servers/claim. Somebody who can read the id and the
// key of a server is the person who runs the server. A repeated request succeeds as well.
func (s *site) apiClaimServer(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		ServerID  string `json:"server_id"`
		ServerKey string `json:"server_key"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("server_id", in.ServerID, "server_key", in.ServerKey); err != nil {
		return err
	}
	id, err := typedID(in.ServerID)
	if err == nil {
		err = s.Store.Registrations.Claim(c.Request.Context(), session.AccountID, id, in.ServerKey, caller(c))
	}
	if errors.Is(err, models.ErrServerClaimed) && s.ownsServer(c, session, id) {
		err = nil
	}
	if errors.Is(err, models.ErrNotFound) {
		err = oneMistake("server_key", "server_pair_wrong")
	}
	return done(c, err)
}
