package builtin

import (
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// guessed reads the password of a request, in whichever of the ways clients have
// (§4.4). The password itself stands before its SHA-1; of the MD5 that some send
// beside it we keep nothing.
func guessed(params embywire.Params) guess {
	if pw := params.Get("pw"); pw != "" {
		return typed(pw)
	}
	if sum := params.Get("password"); sum != "" {
		return sent(sum)
	}
	return typed("")
}

func (f *face) authenticateByName(w http.ResponseWriter, r *wire.Request) error {
	name := r.Params.Get("username")
	row, err := f.row(r.Context(), "WHERE name_key = ?", nameKey(name))
	if err != nil {
		return err
	}
	return f.answerSignIn(w, r, &row, name)
}

func (f *face) authenticate(w http.ResponseWriter, r *wire.Request) error {
	id := embywire.ID(r.PathValue("id"))
	row, err := f.row(r.Context(), "WHERE id = ?", id)
	if err != nil {
		return err
	}
	name := row.Name
	if row.ID == "" {
		name = "\x00" + id // of nobody
	}
	return f.answerSignIn(w, r, &row, name)
}

func (f *face) answerSignIn(w http.ResponseWriter, r *wire.Request, row *userRow, name string) error {
	token, err := f.signIn(r.Context(), row, name, guessed(r.Params), deviceOf(r), r.Local)
	if err != nil {
		return refused(err)
	}
	who, ok, err := f.look(r.Context(), token.Value)
	if err == nil && !ok {
		err = errWrong // ended just now
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

// forgotPassword says the same for every name: nothing is reset from here.
func (f *face) forgotPassword(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, forgotDto{Action: "ContactAdmin"})
}

// forgotPasswordPin knows no PIN that would be right.
func (f *face) forgotPasswordPin(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, forgotPinDto{UsersReset: []string{}})
}

// listSessions are those of a day: the caller's own local user's, or for
// administrators all.
func (f *face) listSessions(w http.ResponseWriter, r *wire.Request, who *session) error {
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

func (f *face) logout(w http.ResponseWriter, r *wire.Request, _ *session) error {
	if err := f.Revoke(r.Context(), r.Identity.Token); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// capabilities are of no use here: nothing is played.
func (f *face) capabilities(w http.ResponseWriter, _ *wire.Request, _ *session) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
