package builtin

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// passwordGuess reads the password that a client sent, in each form that clients use
// (docs/emby-connect.md §4.4). If a client sent both the password and its SHA-1, the password
// is used. The MD5 that some clients send as well is ignored.
func passwordGuess(params embywire.Params) guess {
	if pw := params.Get("pw"); pw != "" {
		return guessOf(pw)
	}
	if sum := params.Get("password"); sum != "" {
		return guessOfSHA1(sum)
	}
	return guessOf("")
}

func (f *handlers) authenticateByName(w http.ResponseWriter, r *wire.Request) error {
	name := r.Params.Get("username")
	row, err := f.row(r.Context(), "WHERE name_key = ?", nameKey(name))
	if err != nil {
		return err
	}
	return f.answerSignIn(w, r, &row, name)
}

func (f *handlers) authenticate(w http.ResponseWriter, r *wire.Request) error {
	id := embywire.ID(r.PathValue("id"))
	row, err := f.row(r.Context(), "WHERE id = ?", id)
	if err != nil {
		return err
	}
	name := row.Name
	if row.ID == "" {
		name = "\x00" + id // no local user has this name
	}
	return f.answerSignIn(w, r, &row, name)
}

func (f *handlers) answerSignIn(w http.ResponseWriter, r *wire.Request, row *userRow, name string) error {
	token, err := f.signIn(r.Context(), row, name, passwordGuess(r.Params), deviceOf(r), r.Local)
	if errors.Is(err, mediaserver.ErrOutsideHours) {
		return refuseHours(w)
	}
	if err != nil {
		return refused(err)
	}
	who, ok, err := f.findSession(r.Context(), token.Value)
	if err == nil && !ok {
		err = errWrong // the token was ended in the meantime
	}
	if err != nil {
		return refused(err)
	}
	user, err := f.User(r.Context(), row.ID)
	if err != nil {
		return refused(err)
	}
	current := sessionRow{
		ID: who.id, LocalUserID: user.ID, Name: user.Name, PictureTag: user.PictureTag, DeviceID: who.deviceID, DeviceName: who.deviceName,
		Client: who.client, Version: who.version, UsedAt: who.usedAt,
	}
	if r.Address.IsValid() {
		current.Address = r.Address.String()
	}
	return wire.AnswerJSON(w, http.StatusOK, signedInDto{
		User: f.dto(&user, f.connected(r)[user.ID]), SessionInfo: f.sessionDto(&current), AccessToken: token.Value, ServerID: f.id,
	})
}

// forgotPassword gives the same answer for every name: that people should ask their
// administrator.
func (f *handlers) forgotPassword(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, forgotDto{Action: "ContactAdmin"})
}

// forgotPasswordPin refuses every PIN, because this server never sends a PIN.
func (f *handlers) forgotPasswordPin(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, forgotPinDto{UsersReset: []string{}})
}

// listSessions answers with the sessions of the last 24 hours. Administrators see all
// sessions, other local users only their own.
func (f *handlers) listSessions(w http.ResponseWriter, r *wire.Request, who *session) error {
	user := who.user
	if who.administrator {
		user = ""
	}
	rows, err := f.sessions(r.Context(), user, f.now().Add(-24*time.Hour), who.id)
	if err != nil {
		return err
	}
	device, id := r.Params.Get("deviceid"), r.Params.Get("id")
	controller := embywire.ID(r.Params.Get("controllablebyuserid"))
	list := []sessionDto{}
	for i := range rows {
		dto := f.sessionDto(&rows[i])
		if device != "" && dto.DeviceID != device || id != "" && dto.ID != id || controller != "" && dto.UserID != controller {
			continue
		}
		list = append(list, dto)
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

func (f *handlers) logout(w http.ResponseWriter, r *wire.Request, _ *session) error {
	if err := f.Revoke(r.Context(), r.Identity.Token); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
