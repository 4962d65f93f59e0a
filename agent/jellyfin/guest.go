package jellyfin

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

const (
	creating    = "making a guest"
	nameTries   = 5                // names that somebody else takes in the same moment
	cleanUpTime = 20 * time.Second // for taking back what was half made
)

// CreateGuest makes a local user with a name like the given one, the first that is
// free: hidden, no administrator, with a long random password that nobody knows, and
// restricted. When anything of that fails, what was made is deleted, or disabled;
// the error says when neither could be done.
func (s *Server) CreateGuest(ctx context.Context, name string, to mediaserver.Restriction) (mediaserver.LocalUser, error) {
	var secret [32]byte
	if _, err := io.ReadFull(s.random, secret[:]); err != nil {
		return mediaserver.LocalUser{}, fmt.Errorf("jellyfin: %s: no randomness: %w", creating, err)
	}
	password := base64.RawURLEncoding.EncodeToString(secret[:])
	folders, err := s.folders(ctx, to)
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	for range nameTries {
		var id string
		id, err = s.create(ctx, name, password)
		if statusOf(err) == http.StatusBadRequest {
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
	return mediaserver.LocalUser{}, err
}

// create makes a local user under the first free name and returns its id. When
// nobody can know whether it was made, it is looked for and taken back.
func (s *Server) create(ctx context.Context, name, password string) (string, error) {
	before, err := s.listUsers(ctx)
	if err != nil {
		return "", err
	}
	free := freeName(name, before)
	body, err := json.Marshal(map[string]string{"Name": free, "Password": password})
	if err != nil {
		return "", fmt.Errorf("jellyfin: %s: %w", creating, err)
	}
	var made userDto
	err = s.admin(ctx, call{doing: creating, method: http.MethodPost, path: "/Users/New", body: body, into: &made})
	id, ok := normalID(made.ID)
	if err == nil && ok && made.Name == free {
		return id, nil
	}
	if err == nil {
		err = strange(creating, "it answers without the guest")
	}
	if status := statusOf(err); status >= 300 && status <= 499 {
		return "", err // it was refused
	}
	return "", s.takeBackUnknown(ctx, free, password, err)
}

// makeGuest gives a local user that was just made the policy of a guest, and reads
// it again.
func (s *Server) makeGuest(ctx context.Context, id string, all bool, folders []string) (mediaserver.LocalUser, error) {
	if err := s.changePolicy(ctx, creating, id, func(p *policy) error { return p.guest(all, folders) }); err != nil {
		return mediaserver.LocalUser{}, err
	}
	user, p, err := s.readUserPolicy(ctx, id)
	if err == nil && !p.isGuest(all) {
		err = strange(creating, "it does not keep the policy of a guest")
	}
	return user, err
}

// takeBack deletes, or else disables, a local user of ours that is half made. It
// returns why, and what is left when neither went well. It goes on when the caller
// has given up.
func (s *Server) takeBack(ctx context.Context, id string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	deleting := s.Delete(ctx, id)
	if deleting == nil || errors.Is(deleting, mediaserver.ErrNotFound) || s.SetDisabled(ctx, id, true) == nil {
		return why
	}
	return &failure{doing: creating, err: why, why: fmt.Sprintf(
		"%v; and what was made could be neither deleted nor disabled: delete the local user %s in Jellyfin", why, id)}
}

// takeBackUnknown looks for a local user that may have been made under a name that
// was free, and takes it back when it is ours: it lets the password in that only we
// know, or has none yet and was never signed in.
func (s *Server) takeBackUnknown(ctx context.Context, name, password string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	unknown := &failure{doing: creating, err: why, why: fmt.Sprintf(
		"%v; whether it was made nobody knows: see in Jellyfin whether there is a new local user %q, and delete it", why, name)}
	users, err := s.listUsers(ctx)
	if err != nil {
		return unknown
	}
	at := slices.IndexFunc(users, func(u userDto) bool { return strings.EqualFold(u.Name, name) })
	if at < 0 {
		return why
	}
	mine, err := s.takes(ctx, users[at].Name, password)
	if err != nil {
		return unknown
	}
	if has := users[at].HasPassword; !mine && has != nil && !*has && !present(users[at].LastLoginDate) {
		mine = true
	}
	if !mine {
		return unknown // or somebody else made it in the same moment
	}
	return s.takeBack(ctx, users[at].ID, why)
}

// takes reports whether a local user has the password that was made up for it.
func (s *Server) takes(ctx context.Context, name, password string) (bool, error) {
	body, err := json.Marshal(map[string]string{"Username": name, "Pw": password})
	if err != nil {
		return false, fmt.Errorf("jellyfin: %s: %w", creating, err)
	}
	var result signedIn
	err = s.do(ctx, call{
		doing: creating, method: http.MethodPost, path: "/Users/AuthenticateByName", body: body, into: &result,
		header: identity(mediaserver.Device{Client: "Latchkey", Name: "Latchkey", ID: "latchkey-agent", Version: s.version}),
	})
	if statusOf(err) == http.StatusUnauthorized {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = s.Revoke(ctx, result.AccessToken) // it ends with the local user, too
	return true, nil
}

// freeName is the first name like the wanted one that no local user has.
func freeName(wanted string, users []userDto) string {
	base := nameFor(wanted)
	for name, n := base, 2; ; name, n = fmt.Sprintf("%s %d", base, n), n+1 {
		if !slices.ContainsFunc(users, func(u userDto) bool { return strings.EqualFold(u.Name, name) }) {
			return name
		}
	}
}

// nameFor is what Jellyfin takes of a name: letters, digits, blanks and -'._@+,
// with neither a blank at an end nor more than 64 characters.
func nameFor(wanted string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.Is(unicode.Nd, r), unicode.Is(unicode.Mn, r), strings.ContainsRune(" -'._@+", r):
			return r
		default:
			return -1
		}
	}, wanted)
	return cmp.Or(strings.TrimSpace(printable.Cut(strings.TrimSpace(kept), 64)), "Guest")
}
