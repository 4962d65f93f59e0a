package emby

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
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
	nameMax     = 40               // characters of the wanted name
	cleanUpTime = 20 * time.Second // for deleting a guest that is half made
)

// CreateGuest makes a restricted local user with the given name, or with the first similar name that is
// free. The local user is hidden, not an administrator, and has the secret as the password. It returns
// ErrNameTaken if the server refuses every name that it tries.
//
// Emby makes a local user without a password, who may see everything. So the local user first has a name
// that nobody can guess, and gets the wanted one as the last step. The name also shows that the agent has
// made the local user: see [Server.IsGuest]. If a step fails, the local user is deleted, or disabled if
// that fails; the error says so if neither was possible.
func (s *Server) CreateGuest(ctx context.Context, name, secret string, to mediaserver.Restriction) (mediaserver.LocalUser, error) {
	folders, err := s.folders(ctx, to)
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	id, err := s.create(ctx, unfinishedName(name, secret))
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	user, err := s.makeGuest(ctx, id, name, secret, to.AllLibraries, folders)
	if err != nil {
		return mediaserver.LocalUser{}, s.takeBack(ctx, id, err)
	}
	return user, nil
}

// create makes a local user with a name and returns its id. If the answer does not say whether the local
// user was made, create looks for the local user and deletes or disables them.
func (s *Server) create(ctx context.Context, name string) (string, error) {
	body, err := json.Marshal(map[string]string{"Name": name})
	if err != nil {
		return "", fmt.Errorf(prefix+"%s: %w", creating, err)
	}
	var made userDto
	err = s.admin(ctx, call{Doing: creating, Method: http.MethodPost, Path: "/Users/New", Body: body, Into: &made})
	id, ok := mediacall.ID(made.ID)
	switch status := mediacall.StatusOf(err); {
	case err == nil && ok && made.Name == name:
		return id, nil
	case err == nil:
		err = implausible(creating, "it answers without the guest")
	case status == http.StatusBadRequest:
		return "", refused(creating, mediaserver.ErrNameTaken, "")
	case status >= 300 && status <= 499:
		return "", err // refused: nothing was made
	}
	return "", s.takeBackNamed(ctx, name, err)
}

// takeBackNamed deletes or disables the local user with a name that only this call can have made.
func (s *Server) takeBackNamed(ctx context.Context, name string, why error) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	users, err := s.listUsers(within)
	if err != nil {
		return &failure{Product: product, Doing: creating, Err: why, Why: fmt.Sprintf(
			"%v; it is not known whether it was made: look in Emby for a new local user %q, and delete it", reason(why), name)}
	}
	for _, u := range users {
		if id, ok := mediacall.ID(u.ID); ok && u.Name == name {
			return s.takeBack(ctx, id, why)
		}
	}
	return why
}

// makeGuest gives a new local user the password, the policy and the name of a guest, and checks that the
// server keeps them.
func (s *Server) makeGuest(ctx context.Context, id, name, secret string, all bool, folders []string) (mediaserver.LocalUser, error) {
	if err := s.setPassword(ctx, creating, id, secret); err != nil {
		return mediaserver.LocalUser{}, err
	}
	if err := s.changePolicy(ctx, creating, id, func(p policy) error { return p.guest(all, folders) }); err != nil {
		return mediaserver.LocalUser{}, err
	}
	_, p, err := s.readUser(ctx, id)
	if err == nil && !p.isGuest(all) {
		err = implausible(creating, "it does not keep the policy of a guest")
	}
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	if err := s.rename(ctx, id, name); err != nil {
		return mediaserver.LocalUser{}, err
	}
	user, p, err := s.readUser(ctx, id)
	if err == nil && (!p.isGuest(all) || isUnfinished(user.Name, secret)) {
		err = implausible(creating, "it does not keep the name or the policy of a guest")
	}
	return user, err
}

// rename gives a local user the wanted name, or the first similar name that is free. It sends the whole
// local user as it was read, as Emby's own dashboard does.
func (s *Server) rename(ctx context.Context, id, wanted string) error {
	var whole map[string]json.RawMessage
	if err := s.admin(ctx, call{Doing: creating, Method: http.MethodGet, Path: "/Users/" + id, Into: &whole}); err != nil {
		return err
	}
	var err error
	for range nameTries {
		users, failed := s.listUsers(ctx)
		if failed != nil {
			return failed
		}
		if whole["Name"], err = json.Marshal(freeName(wanted, users)); err != nil {
			return fmt.Errorf(prefix+"%s: %w", creating, err)
		}
		body, failed := json.Marshal(whole)
		if failed != nil {
			return fmt.Errorf(prefix+"%s: %w", creating, failed)
		}
		err = s.admin(ctx, call{Doing: creating, Method: http.MethodPost, Path: "/Users/" + id, Body: body})
		if mediacall.StatusOf(err) != http.StatusBadRequest { // otherwise the name was taken meanwhile
			return err
		}
	}
	return &failure{Product: product, Doing: creating, Status: mediacall.StatusOf(err), Why: mediaserver.ErrNameTaken.Error(), Err: errors.Join(mediaserver.ErrNameTaken, err)}
}

// takeBack deletes a guest that is only partly made, or disables the guest if that fails. It returns why,
// the error that made it necessary. If neither was possible, the returned error also asks the admin to do
// it. takeBack goes on even if the caller has given up.
func (s *Server) takeBack(ctx context.Context, id string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	deleting := s.Delete(ctx, id)
	if deleting == nil || errors.Is(deleting, mediaserver.ErrNotFound) || s.SetDisabled(ctx, id, true) == nil {
		return why
	}
	return &failure{Product: product, Doing: creating, Err: why, Why: fmt.Sprintf(
		"%v; and the new local user could be neither deleted nor disabled: delete the local user %s in Emby", reason(why), id)}
}

// reason returns the text of an error without its first words, because the failure that quotes the text
// begins with the same words.
func reason(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), prefix), creating+": ")
}

// IsGuest reports whether CreateGuest has made a local user with this secret. It tries to sign in with
// the secret, because nothing else in Emby is known only to the agent. A local user who is unknown,
// disabled or an administrator is not a guest; for them it does not try to sign in.
//
// If CreateGuest was cut off before its last step, the local user still has the name that only that call
// can have given. IsGuest deletes such a local user and reports false, because they may have no password
// and see everything.
func (s *Server) IsGuest(ctx context.Context, id, secret string) (bool, error) {
	if secret == "" {
		return false, nil
	}
	user, _, err := s.readUser(ctx, id)
	if errors.Is(err, mediaserver.ErrNotFound) || err == nil && (user.Administrator || user.Disabled) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if isUnfinished(user.Name, secret) {
		err := s.Delete(ctx, user.ID)
		if errors.Is(err, mediaserver.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	token, err := s.signIn(ctx, creating, user, secret, s.ownDevice())
	if refusedSignIn(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = s.Revoke(ctx, token.Value) // otherwise it ends with the local user
	return true, nil
}

// ownDevice is the device as which the agent tries a password.
func (s *Server) ownDevice() mediaserver.Device {
	return mediaserver.Device{Client: "Latchkey", Name: "Latchkey", ID: "latchkey-agent", Version: s.version}
}

// unfinishedName returns the name of a guest who is not made yet: the wanted name and twenty digits that
// follow from the secret.
func unfinishedName(wanted, secret string) string { return nameFor(wanted) + unfinishedMark(secret) }

func isUnfinished(name, secret string) bool { return strings.HasSuffix(name, unfinishedMark(secret)) }

func unfinishedMark(secret string) string {
	sum := sha256.Sum256([]byte("latchkey unfinished guest " + secret))
	return fmt.Sprintf(" %020d", binary.BigEndian.Uint64(sum[:8]))
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

// nameFor returns the part of a wanted name that every version of Emby takes: letters, digits, blanks and
// -'._@+, without a blank at its beginning or end.
func nameFor(wanted string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.Is(unicode.Nd, r) || unicode.Is(unicode.Mn, r) || strings.ContainsRune(" -'._@+", r) {
			return r
		}
		return -1
	}, wanted)
	kept = strings.TrimSpace(printable.Cut(strings.TrimSpace(kept), nameMax))
	if strings.Trim(kept, ".") == "" {
		return "Guest"
	}
	return kept
}
