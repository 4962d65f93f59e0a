package jellyfin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

const (
	creating    = "making a guest"
	nameTries   = 5                // names that may be taken by others in the same moment
	cleanUpTime = 20 * time.Second // for deleting a guest that is half made
)

// CreateGuest makes a restricted local user with the given name, or with the first similar name
// that is free. The local user is hidden, not an administrator, and has the secret as the
// password. If a step fails, the local user is deleted, or disabled if that fails; the error
// says so if neither was possible. It returns ErrNameTaken if the server refuses every name that
// it tries.
func (s *Server) CreateGuest(ctx context.Context, name, secret string, to mediaserver.Restriction) (mediaserver.LocalUser, error) {
	folders, err := s.folders(ctx, to)
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	for range nameTries {
		var id string
		id, err = s.create(ctx, name, secret)
		if mediacall.StatusOf(err) == http.StatusBadRequest {
			continue // the name was taken meanwhile
		}
		if err != nil {
			return mediaserver.LocalUser{}, err
		}
		user, err := s.makeGuest(ctx, id, to.AllLibraries, folders)
		if err != nil {
			return mediaserver.LocalUser{}, s.takeBack(ctx, id, err)
		}
		return user, nil
	}
	return mediaserver.LocalUser{}, &failure{
		Product: product,
		Doing:   creating, Status: http.StatusBadRequest, Why: mediaserver.ErrNameTaken.Error() + ": " + reason(err),
		Err: errors.Join(mediaserver.ErrNameTaken, err),
	}
}

// create makes a local user with the first free name and returns its id. If the answer does
// not say whether the local user was made, create looks for the local user and deletes or
// disables them.
func (s *Server) create(ctx context.Context, name, password string) (string, error) {
	before, err := s.listUsers(ctx)
	if err != nil {
		return "", err
	}
	free := freeName(name, before)
	body, err := json.Marshal(map[string]string{"Name": free, "Password": password})
	if err != nil {
		return "", fmt.Errorf(prefix+"%s: %w", creating, err)
	}
	var made userDto
	err = s.admin(ctx, call{Doing: creating, Method: http.MethodPost, Path: "/Users/New", Body: body, Into: &made})
	id, ok := mediacall.ID(made.ID)
	if err == nil && ok && made.Name == free {
		return id, nil
	}
	if err == nil {
		err = implausible(creating, "it answers without the guest")
	}
	if status := mediacall.StatusOf(err); status >= 300 && status <= 499 {
		return "", err // refused: nothing was made
	}
	return "", s.takeBackUnknown(ctx, free, password, err)
}

// makeGuest gives a new local user the policy of a guest, and checks that the server keeps
// it.
func (s *Server) makeGuest(ctx context.Context, id string, all bool, folders []string) (mediaserver.LocalUser, error) {
	if err := s.changePolicy(ctx, creating, id, func(p *policy) error { return p.guest(all, folders) }); err != nil {
		return mediaserver.LocalUser{}, err
	}
	user, p, err := s.readUserPolicy(ctx, id)
	if err == nil && !p.isGuest(all) {
		err = implausible(creating, "it does not keep the policy of a guest")
	}
	return user, err
}

// takeBack deletes a guest that is only partly made, or disables the guest if that fails. It
// returns why, the error that made it necessary. If neither was possible, the returned error also
// asks the admin to do it. takeBack goes on even if the caller has given up.
func (s *Server) takeBack(ctx context.Context, id string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	deleting := s.Delete(ctx, id)
	if deleting == nil || errors.Is(deleting, mediaserver.ErrNotFound) || s.SetDisabled(ctx, id, true) == nil {
		return why
	}
	return &failure{Product: product, Doing: creating, Err: why, Why: fmt.Sprintf(
		"%v; and the new local user could be neither deleted nor disabled: delete the local user %s in Jellyfin", reason(why), id)}
}

// reason returns the text of an error without its first words, which are the same in every
// failure of this package or in every failure to create a guest. The caller puts the text
// into another failure of this kind, which already begins with these words.
func reason(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), prefix), creating+": ")
}

// takeBackUnknown looks for a local user that may have been made with a name that was free.
// If this agent made that local user, it deletes or disables them. Such a local user has
// the password that only the agent knows, or has no password yet and was never used.
func (s *Server) takeBackUnknown(ctx context.Context, name, password string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	unknown := &failure{Product: product, Doing: creating, Err: why, Why: fmt.Sprintf(
		"%v; it is not known whether it was made: look in Jellyfin for a new local user %q, and delete it", reason(why), name)}
	users, err := s.listUsers(ctx)
	if err != nil {
		return unknown
	}
	at := slices.IndexFunc(users, func(u userDto) bool { return strings.EqualFold(u.Name, name) })
	if at < 0 {
		return why
	}
	mine, err := s.hasPassword(ctx, users[at].Name, password)
	if err == nil && !mine && !users[at].used() {
		// Jellyfin 12 reports a password for every local user, even for one without a password.
		// Only a sign-in with the empty password shows whether the local user has no password.
		mine, err = s.hasPassword(ctx, users[at].Name, "")
	}
	if err != nil {
		return unknown
	}
	if !mine {
		return unknown // somebody else may have made it in the same moment
	}
	return s.takeBack(ctx, users[at].ID, why)
}

// IsGuest reports whether CreateGuest has made a local user with this secret. It tries to sign
// in with the secret, because nothing else in Jellyfin is known only to the agent. A local
// user who is unknown, disabled or an administrator is not a guest; for them it does not try
// to sign in.
func (s *Server) IsGuest(ctx context.Context, id, secret string) (bool, error) {
	if secret == "" {
		return false, nil
	}
	user, err := s.readUser(ctx, id)
	if errors.Is(err, mediaserver.ErrNotFound) || errors.Is(err, mediaserver.ErrNotAllowed) || err == nil && user.Administrator {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.hasPassword(ctx, user.Name, secret)
}

// hasPassword reports whether password is the password of a local user.
func (s *Server) hasPassword(ctx context.Context, name, password string) (bool, error) {
	body, err := json.Marshal(map[string]string{"Username": name, "Pw": password})
	if err != nil {
		return false, fmt.Errorf(prefix+"%s: %w", creating, err)
	}
	var result signedIn
	err = s.calls.Do(ctx, call{
		Doing: creating, Method: http.MethodPost, Path: "/Users/AuthenticateByName", Body: body, Into: &result,
		Header: byHeader(identity(mediaserver.Device{Client: "Latchkey", Name: "Latchkey", ID: "latchkey-agent", Version: s.version})),
	})
	if mediacall.StatusOf(err) == http.StatusUnauthorized {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = s.Revoke(ctx, result.AccessToken) // otherwise it ends with the local user
	return true, nil
}

// freeName returns the wanted name, or the first similar name that no local user has.
func freeName(wanted string, users []userDto) string {
	base := nameFor(wanted)
	for name, n := base, 2; ; name, n = fmt.Sprintf("%s %d", base, n), n+1 {
		if !slices.ContainsFunc(users, func(u userDto) bool { return strings.EqualFold(u.Name, name) }) {
			return name
		}
	}
}

// nameFor returns a name that Jellyfin accepts: up to 64 letters, digits, blanks and
// -'._@+, without a blank at its beginning or end. Jellyfin 12 refuses a name that
// consists of dots only.
func nameFor(wanted string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.Is(unicode.Nd, r), unicode.Is(unicode.Mn, r), strings.ContainsRune(" -'._@+", r):
			return r
		default:
			return -1
		}
	}, wanted)
	kept = strings.TrimSpace(printable.Cut(strings.TrimSpace(kept), 64))
	if strings.Trim(kept, ".") == "" {
		return "Guest"
	}
	return kept
}
