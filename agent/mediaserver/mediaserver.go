// Package mediaserver says what the agent needs of a media server, whichever it
// is. Its implementations are jellyfin and builtin.
package mediaserver

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Errors of a [Server]. Whatever else it returns means that the media server could
// not be asked, or that nobody knows what became of the request: nothing may be
// concluded from it about local users or tokens.
var (
	ErrNotFound     = errors.New("the media server has no such local user")
	ErrCodeWrong    = errors.New("no device shows that Quick Connect code")
	ErrUnsupported  = errors.New("the media server cannot do that")
	ErrNotAllowed   = errors.New("the media server does not allow it")
	ErrKeyRefused   = errors.New("the media server refuses the key of the agent")
	ErrTooOld       = errors.New("the media server is too old")
	ErrProofOver    = errors.New("the proof came to nothing")
	ErrProofPending = errors.New("the proof is not decided yet")

	// ErrQuickConnectOff is a media server that makes no tokens at all until its admin
	// switches Quick Connect on: nothing is wrong with the local user or the device.
	ErrQuickConnectOff = errors.New("the media server signs nobody in by code")
)

// Identity is what a media server says of itself.
type Identity struct {
	ID           string // that clients compare with the system id
	Name         string
	Version      string
	Product      string // "Jellyfin Server"; for people
	QuickConnect bool   // whether codes of devices can be approved now
}

// LocalUser is a user on the media server. IDs are 32 hex digits in lower case.
type LocalUser struct {
	ID            string
	Name          string
	Administrator bool
	Disabled      bool
	Hidden        bool
	RemoteAccess  bool // may come from outside of the home network
}

// Library is a library of the media server.
type Library struct {
	ID   string
	Name string
}

// Restriction is what a guest may see.
type Restriction struct {
	AllLibraries bool     // then Libraries does not count
	Libraries    []string // ids; those that the media server does not know are left out
}

// Device is who will use a local token: what a client says of itself.
type Device struct {
	Client  string // the app
	Name    string
	ID      string // never empty
	Version string
	Address netip.Addr // where it asked from; the zero Addr when unknown
}

// Token is a local access token, a secret.
type Token struct {
	Value       string
	LocalUserID string
}

// Proof is a question to a person: which local user are they? One of Code and
// URL is set.
type Proof struct {
	Code      string // to be approved in the person's own app
	URL       string // a page of the media server's or the agent's
	Secret    string // by which the proof is asked for; never shown
	ExpiresAt time.Time
}

// Users are the local users of a media server.
type Users interface {
	// LocalUsers returns all of them. An error is never a short list.
	LocalUsers(ctx context.Context) ([]LocalUser, error)
	// LocalUser returns one. It returns ErrNotFound.
	LocalUser(ctx context.Context, id string) (LocalUser, error)
	// CreateGuest makes a local user with a name like the given one, the first that is
	// free: hidden, no administrator, with a long random password that nobody knows,
	// and restricted. When anything of that fails there is no such local user, or a
	// disabled one.
	CreateGuest(ctx context.Context, name string, to Restriction) (LocalUser, error)
	// Restrict changes what a guest may see, and nothing else. It never makes an
	// administrator. It returns ErrNotFound, or ErrNotAllowed for an administrator.
	Restrict(ctx context.Context, id string, to Restriction) error
	// SetDisabled shuts a local user out, with all tokens, or lets them in again. It
	// returns ErrNotFound, or ErrNotAllowed for an administrator.
	SetDisabled(ctx context.Context, id string, disabled bool) error
	// Delete deletes a local user and what they watched. It returns ErrNotFound, or
	// ErrNotAllowed for an administrator.
	Delete(ctx context.Context, id string) error
}

// Tokens are the local access tokens of a media server.
type Tokens interface {
	// Mint makes a token for a local user on a device, without a password. An earlier
	// one of the same two ends. It returns ErrNotFound, ErrNotAllowed (too many
	// sessions, device not allowed), or ErrQuickConnectOff for as long as it makes
	// none for anybody.
	Mint(ctx context.Context, localUserID string, device Device) (Token, error)
	// Revoke ends a token. One that has ended is no error.
	Revoke(ctx context.Context, token string) error
	// Administrator reports whether a token is one of an administrator, or a key.
	Administrator(ctx context.Context, token string) (bool, error)
}

// Proofs let people show which local user they are.
type Proofs interface {
	// StartProof begins a proof. It returns ErrUnsupported.
	StartProof(ctx context.Context, accountName string) (Proof, error)
	// CheckProof returns the local user that was proved, ErrProofPending or
	// ErrProofOver.
	CheckProof(ctx context.Context, secret string) (LocalUser, error)
}

// Server is a media server as the agent needs it. It is safe for use by many
// goroutines.
type Server interface {
	Users
	Tokens
	Proofs
	// Identity asks who the media server is. It returns ErrTooOld or ErrKeyRefused.
	Identity(ctx context.Context) (Identity, error)
	// Libraries returns all libraries.
	Libraries(ctx context.Context) ([]Library, error)
	// ApproveCode signs the device that shows a Quick Connect code in as a local user.
	// It returns ErrCodeWrong (also for one that was approved already),
	// ErrNotFound, ErrNotAllowed or ErrUnsupported.
	ApproveCode(ctx context.Context, code, localUserID string) error
}
