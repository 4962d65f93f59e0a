// Package mediaserver defines what the agent needs from a media server of any
// kind. Its implementations are jellyfin, emby and builtin.
package mediaserver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Errors of a [Server]. Any other error means that the media server could not be asked, or
// that the outcome of the request is unknown. The agent must not conclude anything about
// local users or tokens from such an error.
var (
	ErrNotFound     = errors.New("the media server has no such local user")
	ErrCodeWrong    = errors.New("no device shows that Quick Connect code now")
	ErrUnsupported  = errors.New("the media server cannot do that")
	ErrNotAllowed   = errors.New("the media server does not allow it")
	ErrKeyRefused   = errors.New("the media server refuses the key of the agent")
	ErrTooOld       = errors.New("the media server is too old")
	ErrProofOver    = errors.New("the proof has failed")
	ErrProofPending = errors.New("the proof is not decided yet")
	ErrTokenEnded   = errors.New("the media server does not know that local token, or it has ended")
	ErrNameTaken    = errors.New("the media server refuses every name like the one of the new local user")
	ErrOutsideHours = errors.New("the media server lets that local user in at other hours only")

	// ErrHeldElsewhere means that the limits of a local user belong to another service that uses
	// the same media server. No media server returns it: the agent puts it between.
	ErrHeldElsewhere = errors.New("another Latchkey that uses this media server holds the limits of that local user")

	// ErrTooManySessions and ErrDeviceNotAllowed are ErrNotAllowed with its reason.
	ErrTooManySessions  = fmt.Errorf("%w: the local user has too many sessions", ErrNotAllowed)
	ErrDeviceNotAllowed = fmt.Errorf("%w: the local user may not use this device", ErrNotAllowed)

	// ErrQuickConnectOff means that the media server makes no tokens until its admin
	// switches Quick Connect on: nothing is wrong with the local user or the device.
	ErrQuickConnectOff = errors.New("the media server has Quick Connect switched off")
)

// Identity is the description that a media server gives of itself.
type Identity struct {
	ID           string // clients compare it with the system id
	Name         string
	Version      string
	Product      string // for people, such as "Jellyfin Server"
	QuickConnect bool   // Quick Connect codes can be approved now

	NeedsQuickConnect bool // it makes tokens by Quick Connect alone
}

// LocalUser is a user on the media server. IDs are 32 hex digits in lower case.
type LocalUser struct {
	ID            string
	Name          string
	Administrator bool
	Disabled      bool
	Hidden        bool
	RemoteAccess  bool // may connect from outside the home network

	// Sees says which libraries the local user may see. Only [Users.LocalUsers] sets it, and
	// only if somebody other than the agent can change it on the media server; otherwise it
	// is nil.
	Sees *Restriction

	// Door says more about when and how the local user is let in. Only [Users.LocalUsers] sets it, and it is nil
	// if the media server does not tell.
	Door *Door
}

// Door says when and how a local user is let in.
type Door struct {
	SeenAt    time.Time // the last use, by the clock of the media server; zero if it does not tell
	Hours     []Hours   // empty: always
	AnyDevice bool      // may use every device, and not only chosen ones
	Full      bool      // has as many sessions as they may have
}

// Library is a library of the media server.
type Library struct {
	ID   string
	Name string
	Kind string // what is in it, in the media server's own word, such as movies; "" if it does not say
}

// Restriction says which libraries a guest may see.
type Restriction struct {
	AllLibraries bool     `json:"all_libraries"` // if true, Libraries is ignored
	Libraries    []string `json:"libraries"`     // ids; unknown ids are ignored
}

// Device describes the device that will use a local token, as its client describes it.
type Device struct {
	Client  string // the app
	Name    string
	ID      string // never empty
	Version string
	Address netip.Addr // where it connects from; the zero Addr when unknown
}

// Token is a local access token, which must stay secret.
type Token struct {
	Value       string
	LocalUserID string
}

// Proof is a way for a person to show which local user they are. Either Code or
// URL is set.
type Proof struct {
	Code      string // the person approves it in their own app
	URL       string // a page of the media server or of the agent
	Secret    string // names the proof in CheckProof; never shown
	ExpiresAt time.Time
}

// Users has the operations of a media server on local users.
type Users interface {
	// LocalUsers returns all local users. If a local user cannot be read it returns an
	// error, never an incomplete list.
	LocalUsers(ctx context.Context) ([]LocalUser, error)
	// LocalUser returns one local user, or ErrNotFound.
	LocalUser(ctx context.Context, id string) (LocalUser, error)
	// CreateGuest creates a hidden local user with the given name, or with the first
	// similar name that is free. The local user is restricted, is not an administrator, and
	// has the secret as password, which is long and random. After an error the local user
	// does not exist, or is disabled. The error is ErrNameTaken if all these names are
	// refused.
	CreateGuest(ctx context.Context, name, secret string, to Restriction) (LocalUser, error)
	// IsGuest reports whether CreateGuest has made a local user with this secret, even if
	// CreateGuest did not finish. It reports false for a local user who is unknown,
	// disabled or an administrator. If a media server cannot make a local user with a
	// password in one step, IsGuest may delete one who was begun with this secret and not
	// finished, and reports false.
	IsGuest(ctx context.Context, id, secret string) (bool, error)
	// Restrict changes what a guest may see, and nothing else. It never makes the guest an
	// administrator. It returns ErrNotFound, or ErrNotAllowed for an administrator.
	Restrict(ctx context.Context, id string, to Restriction) error
	// GivePassword gives a local user another password, which is not empty, and ends all
	// their tokens. It may be called again with the same password: then it only ends the
	// tokens again. It returns ErrNotFound, ErrNotAllowed for an administrator, or
	// ErrUnsupported for a local user whom the media server lets in only without a password.
	GivePassword(ctx context.Context, id, password string) error
	// SetDisabled shuts out a local user and ends all their tokens, or lets them in
	// again. It returns ErrNotFound, or ErrNotAllowed for an administrator.
	SetDisabled(ctx context.Context, id string, disabled bool) error
	// Delete deletes a local user and the list of what they have watched. It returns
	// ErrNotFound, or ErrNotAllowed for an administrator.
	Delete(ctx context.Context, id string) error
}

// Tokens has the operations of a media server on local access tokens.
type Tokens interface {
	// Mint makes a token for a local user on a device, without a password. It ends an
	// earlier token of this local user on this device. It returns ErrUnsupported for a local
	// user who signs in only with a password of their own, ErrNotFound,
	// ErrTooManySessions, ErrDeviceNotAllowed, ErrNotAllowed, ErrOutsideHours, or
	// ErrQuickConnectOff if the media server cannot make tokens for anybody now.
	Mint(ctx context.Context, localUserID string, device Device) (Token, error)
	// EndTrial ends what Mint has left behind for a local user, if the program was killed
	// while Mint tried the hours of the local user. Mint tries them on a device of its
	// own. EndTrial also succeeds if nothing was left.
	EndTrial(ctx context.Context, localUserID string) error
	// Revoke ends a token. It also succeeds for a token that has already ended.
	Revoke(ctx context.Context, token string) error
	// Administrator reports whether a token belongs to an administrator, or is an
	// API key. It returns ErrTokenEnded for a token that is unknown or has ended.
	Administrator(ctx context.Context, token string) (bool, error)
}

// SignedIn is a local user who is signed in on a device.
type SignedIn struct {
	LocalUserID string
	DeviceID    string // as the device names itself
	Name        string // of the device
	Client      string
	SeenAt      time.Time // by the clock of the media server
}

// Devices is the part of a media server that is about the devices that are signed in.
type Devices interface {
	// SignedIn returns which local users are signed in on which devices. If several local
	// users share a device, it returns one entry for each of them. It returns
	// ErrUnsupported if the media server does not tell this.
	SignedIn(ctx context.Context) ([]SignedIn, error)
	// EndDevice ends everything that a local user has on a device, and nothing that other
	// local users have there. It also succeeds if nothing was left. It returns
	// ErrNotFound, ErrNotAllowed, ErrOutsideHours or ErrQuickConnectOff.
	EndDevice(ctx context.Context, localUserID, deviceID string) error
}

// Proofs let people show which local user they are.
type Proofs interface {
	// StartProof begins a proof. It returns ErrUnsupported.
	StartProof(ctx context.Context, accountName string) (Proof, error)
	// CheckProof returns the local user who was proved, ErrProofPending or ErrProofOver.
	CheckProof(ctx context.Context, secret string) (LocalUser, error)
}

// CheckedStep is the result of one step of [Checker.Check], for people.
type CheckedStep struct {
	Name    string // "reachable", "Jellyfin" or "Emby", "version", "key", "older apps" (from Jellyfin 12 on), "Quick Connect", "sign-in" (Emby)
	OK      bool
	Warning bool   // it works, but there is advice
	Reason  string // what is wrong, in one word for programs; "" if the step is OK without a warning, or if the cause is not known
	Text    string // the result, as a sentence
	Advice  string // a remedy, if it is not OK or a warning
}

// The values of [CheckedStep].Reason.
const (
	ReasonStarting   = "starting"   // the media server does not answer everything yet
	ReasonUnfinished = "unfinished" // its own first setup is not done
	ReasonTooOld     = "too_old"
	ReasonNewer      = "newer"      // than the agent knows
	ReasonRefused    = "refused"    // the key
	ReasonOff        = "off"        // Quick Connect
	ReasonLegacyOff  = "legacy_off" // old apps cannot show their tokens
	ReasonPrefixes   = "prefixes"   // the paths of old apps are not known
)

// Checker is a media server that checks, step by step, what the agent needs from it.
type Checker interface {
	// Check stops after a failed step if the next steps cannot succeed without it. An error
	// means that ctx ended.
	Check(ctx context.Context) ([]CheckedStep, error)
}

// Server is everything that the agent needs from a media server. It is safe for
// use by many goroutines.
type Server interface {
	Users
	Tokens
	Devices
	Levels
	Proofs
	// Identity asks the media server to describe itself. It returns ErrTooOld or
	// ErrKeyRefused.
	Identity(ctx context.Context) (Identity, error)
	// Libraries returns all libraries.
	Libraries(ctx context.Context) ([]Library, error)
	// ApproveCode signs in the device that shows a Quick Connect code, as a local user. It
	// returns ErrCodeWrong (also for a code that was approved before), ErrNotFound,
	// ErrNotAllowed or ErrUnsupported.
	ApproveCode(ctx context.Context, code, localUserID string) error
}
