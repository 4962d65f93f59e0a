package builtin

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// password changes a password, in every form that clients send (docs/emby-connect.md §4.4).
// To change their own password, local users must prove that they know the current one. An
// administrator may set or remove the password of another local user.
func (f *handlers) password(w http.ResponseWriter, r *wire.Request, who *session) error {
	id := embywire.ID(r.PathValue("id"))
	next := newGuess(r.Params, "newpw", "newpassword")
	reset := strings.EqualFold(r.Params.Get("resetpassword"), "true")
	var err error
	switch {
	case id != who.user:
		err = f.givePassword(r, id, next, reset)
	case reset && next == (guess{}):
		return wire.Refuse(http.StatusForbidden, "Only an administrator may reset a password, and only for another local user.")
	case next == (guess{}):
		return wire.Refuse(http.StatusBadRequest, "A new password is needed.")
	default:
		err = f.changePassword(r.Context(), who, currentGuess(r.Params), next, callerOf(r))
	}
	if errors.Is(err, errWrong) {
		return wire.Refuse(http.StatusBadRequest, "The current password is wrong.")
	}
	if err != nil {
		return err
	}
	f.opt.Log.InfoContext(r.Context(), "a local password was changed", slog.String("local_user", id), slog.String("by", who.user))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// givePassword sets or removes the password of another local user, for an administrator.
func (f *handlers) givePassword(r *wire.Request, id string, next guess, reset bool) error {
	hash := ""
	switch {
	case next != (guess{}):
		var err error
		if hash, err = f.hashGuess(r.Context(), passwordPurpose, id, next); err != nil {
			return err
		}
	case !reset:
		return wire.Refuse(http.StatusBadRequest, "A new password is needed.")
	}
	return f.replacePassword(r.Context(), id, hash, nil, 0)
}

// easyPassword sets or removes an easy PIN.
func (f *handlers) easyPassword(w http.ResponseWriter, r *wire.Request, who *session) error {
	id := embywire.ID(r.PathValue("id"))
	pin := newGuess(r.Params, "newpw", "newpassword")
	if strings.EqualFold(r.Params.Get("resetpassword"), "true") {
		pin = guess{}
	} else if pin == (guess{}) {
		return wire.Refuse(http.StatusBadRequest, "A new PIN is needed.")
	}
	if err := f.setEasyPIN(r.Context(), id, pin); err != nil {
		return err
	}
	f.opt.Log.InfoContext(r.Context(), "a local easy PIN was changed", slog.String("local_user", id), slog.String("by", who.user))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// newGuess reads a newly chosen password or PIN, sent as it was typed or as its SHA-1. It
// returns the zero guess if the request has neither.
func newGuess(params embywire.Params, plain, sum string) guess {
	if text := params.Get(plain); text != "" {
		return guessOf(text)
	}
	if g := guessOfSHA1(params.Get(sum)); g != guessOf("") {
		return g
	}
	return guess{}
}

// currentGuess reads the current password, sent as it was typed or as its SHA-1.
func currentGuess(params embywire.Params) guess {
	if text := params.Get("currentpw"); text != "" {
		return guessOf(text)
	}
	return guessOfSHA1(params.Get("currentpassword"))
}
