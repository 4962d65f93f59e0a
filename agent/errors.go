package agent

import (
	"errors"
	"fmt"
)

// Errors of an [Agent]. Compare them with errors.Is: most of them wrap their
// cause, whose text holds no secret.
var (
	// ErrAccountUnknown means that the account has no link here, neither in the
	// agent's copy nor at the service.
	ErrAccountUnknown = errors.New("the account has no link to this server")
	// ErrAccessKeyWrong means that the access key lets nobody in: it is unknown or was
	// replaced, or its link is pending, has ended or is not active.
	ErrAccessKeyWrong = errors.New("the access key is not valid here")
	// ErrTrustOver means that the service has been away for longer than
	// Policy.OfflineTrust.
	ErrTrustOver = errors.New("the service has been away for too long")
	// ErrMediaServerAway means that the media server does not answer, or is not the
	// media server that was registered.
	ErrMediaServerAway = errors.New("the media server is away")
	// ErrServiceAway means that the service does not answer, or that something else
	// answers in its place.
	ErrServiceAway = errors.New("the service is away")
	// ErrServiceRefused means that the service refuses the request. The text says
	// why.
	ErrServiceRefused = errors.New("the service refuses")
	// ErrLocalUserRefused means that the local user may not be used: they are gone
	// or disabled, an administrator, or not allowed to connect from outside.
	ErrLocalUserRefused = errors.New("that local user may not be used")
	// ErrLocalUserDisabled is ErrLocalUserRefused for a local user who is disabled.
	ErrLocalUserDisabled = fmt.Errorf("%w: disabled", ErrLocalUserRefused)
	// ErrNotYet means that the local user of a link is still being created or restricted:
	// the same request will succeed some seconds later.
	ErrNotYet = errors.New("the local user is not ready yet")
	// ErrGuestWaits means that no local user is created for a guest until somebody changes
	// something, for example raises the limit. The text has the reason.
	ErrGuestWaits = errors.New("no local user is created for the guest yet")
	// ErrLocalUserNotAllowed means that nobody at this machine has allowed the service to
	// let people in as that local user.
	ErrLocalUserNotAllowed = errors.New("nobody at this machine has allowed that local user yet")
	// ErrOutsideHours means that the media server does not let the local user in at this
	// hour.
	ErrOutsideHours = errors.New("the local user is not let in at this hour")
	// ErrPINRequired means that nobody gets in with this link until the person has given the PIN to
	// the service. The text names the page for that.
	ErrPINRequired = errors.New("the PIN is needed first")
	// ErrStayPaused means that the owner has paused the link. The text says until when.
	ErrStayPaused = errors.New("your access to this server is paused")
	// ErrUsernameUnknown means that the service has no usable account with the
	// username.
	ErrUsernameUnknown = errors.New("the service has no usable account with that username")
	// ErrAlreadyLinked means that the local user or the account has another link
	// here.
	ErrAlreadyLinked = errors.New("the account or the local user has another link already")
	// ErrLocalUserUnknown means that the media server has no such local user.
	ErrLocalUserUnknown = errors.New("the media server has no such local user")
	// ErrLibraryUnknown means that the media server has no such library.
	ErrLibraryUnknown = errors.New("the media server has no such library")
	// ErrProfileUnknown means that the owner has not saved a profile of that name at the
	// service.
	ErrProfileUnknown = errors.New("the owner has saved no profile of that name for the invites to this server")
	// ErrGuestsOff means that the agent may not create local users for guests.
	ErrGuestsOff = errors.New("create-users is off: no local users are created for guests")
	// ErrUnclaimed means that the server has no owner yet: a guest can only be
	// invited in the name of an owner.
	ErrUnclaimed = errors.New("this server has no owner at the service yet")
	// ErrNotLinked means that no link has that local user or that id.
	ErrNotLinked = errors.New("that link does not exist")
	// ErrNotInvited means that no invite with that id waits for an answer.
	ErrNotInvited = errors.New("that invite does not exist, or was answered already")
	// ErrNotRegistered means that the media server is not registered with the
	// service yet, or that the service refuses its server key.
	ErrNotRegistered = errors.New("the media server is not registered with the service")
)
