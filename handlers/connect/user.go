package connect

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/models"
)

// userObject is a person in the Emby Connect protocol (§2.1). Ids are decimal
// texts, and IsActive is a text as well. ImageUrl is "" without a picture.
type userObject struct {
	ID          string `json:"Id"`
	Name        string
	DisplayName string
	Email       *string `json:",omitempty"` // nil hides it; somebody without an address has ""
	IsActive    string
	ImageURL    string `json:"ImageUrl"`
}

func userOf(a models.Account, picture string) userObject {
	active := "false"
	if !a.ConfirmedAt.IsZero() && a.DisabledAt.IsZero() {
		active = "true"
	}
	return userObject{ID: models.FormatID(a.ID), Name: a.Username, DisplayName: a.DisplayName, Email: &a.Email, IsActive: active, ImageURL: picture}
}

// authenticate signs an app in (§2.1). If the request has the plain password, only the
// plain password is checked; an MD5 is accepted only with legacy-md5-login. If the app
// sends the id of its device, the session keeps it. The agents know the device by the
// same id, so that signing the app out also ends its local access tokens. An error has
// no body (§1.3).
func authenticate(c *call) (any, error) {
	ctx := c.request.Context()
	in := models.SignIn{
		Kind: models.SessionDevice, Client: c.client(), DeviceID: embywire.ReadIdentity(c.request.Header, c.params).DeviceID,
		NameOrEmail: c.params.Get("nameoremail", "username"), Password: c.params.Get("rawpw"),
	}
	if in.Password == "" {
		in.MD5 = c.params.Get("password")
		in.Unproved = true // a person who found the MD5 may not know the password
	}
	signed, err := c.Store.Sessions.SignIn(ctx, in, c.caller())
	if errors.Is(err, models.ErrConfirmFirst) || errors.Is(err, models.ErrAccountDisabled) {
		return nil, refuse(http.StatusUnauthorized)
	}
	if err != nil {
		return nil, err
	}
	account, err := c.Store.Accounts.Get(ctx, signed.Session.AccountID)
	if err != nil {
		return nil, err
	}
	return struct {
		AccessToken string
		User        userObject
	}{signed.Token, userOf(account, c.Picture(account.Picture))}, nil
}

// logout ends a session (§2.2).
func logout(c *call) (any, error) {
	if _, err := c.watcher(); err != nil {
		return nil, err
	}
	err := c.Store.Sessions.SignOut(c.open(), c.one("X-Connect-UserToken"), c.caller())
	return struct{}{}, err
}

// user looks a person up (§2.3): for an app the signed-in person, and for a server the
// person whom it wants to link. Servers send usernames and email addresses as names.
func user(c *call) (any, error) {
	if c.one("X-Connect-Token") != "" {
		return userForServer(c)
	}
	account, err := c.Store.Sessions.LookUser(c.open(), c.one("X-Connect-UserToken"))
	if err != nil {
		return nil, err
	}
	asked := c.params.Get("id", "userid", "nameoremail", "name", "email")
	for _, own := range []string{"", models.FormatID(account.ID), account.Username, account.Email} {
		if strings.EqualFold(asked, own) {
			return userOf(account, c.Picture(account.Picture)), nil
		}
	}
	return nil, models.ErrNotFound
}

func userForServer(c *call) (any, error) {
	server, err := c.server()
	if err != nil {
		return nil, err
	}
	account, byEmail, err := c.Store.EmbyServers.FindAccount(c.request.Context(), server, c.params.Get("nameoremail", "name", "email"), c.caller())
	if err != nil {
		return nil, err
	}
	found := userOf(account, "") // a person who has no link here shows no picture
	if !byEmail {
		found.Email = nil
	}
	return found, nil
}
