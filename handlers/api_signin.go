package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/models"
)

// signedInObject is a new session. No other answer shows its token.
type signedInObject struct {
	Token   string        `json:"token"`
	Account accountObject `json:"account"`
}

func (s *site) answerSignedIn(c *gin.Context, status int, signed models.SignedIn) error {
	account, err := s.Store.Sessions.LookOwnAccount(c.Request.Context(), signed.Token)
	if err != nil {
		return err
	}
	return answerJSON(c, status, signedInObject{Token: signed.Token, Account: accountOf(&account)})
}

// apiSignIn answers POST /api/v1/sessions. If a device gives its id, the
// session that it had before ends.
func (s *site) apiSignIn(c *gin.Context) error {
	in, err := readJSON[struct {
		NameOrEmail string `json:"name_or_email"`
		Password    string `json:"password"`
		DeviceName  string `json:"device_name"`
		Client      string `json:"client"`
		DeviceID    string `json:"device_id"`
	}](c)
	if err != nil {
		return err
	}
	err = missing(form{"name_or_email": in.NameOrEmail, "password": in.Password}, "name_or_email", "password")
	if err != nil {
		return err
	}
	signed, err := s.Store.Sessions.SignIn(c.Request.Context(), models.SignIn{
		NameOrEmail: in.NameOrEmail, Password: in.Password, Kind: models.SessionDevice, Client: in.Client, DeviceID: in.DeviceID,
	}, callerNamed(c, in.DeviceName))
	if err != nil {
		return err
	}
	return s.answerSignedIn(c, http.StatusCreated, signed)
}

// callerNamed returns the caller of the request, with the name that the device
// gives itself.
func callerNamed(c *gin.Context, name string) models.Caller {
	who := caller(c)
	if name = strings.TrimSpace(printable.Text(name)); name != "" {
		who.Device = strings.TrimSpace(printable.Cut(name, maxDeviceName))
	}
	return who
}

// apiSignOut answers DELETE /api/v1/sessions/current.
func (s *site) apiSignOut(c *gin.Context, _ models.Session) error {
	return done(c, s.Store.Sessions.SignOut(c.Request.Context(), bearer(c), caller(c)))
}
