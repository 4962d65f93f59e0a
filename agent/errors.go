package agent

import "errors"

// Errors of an [Agent]. Compare with errors.Is: most wrap what was behind them,
// which says nothing secret.
var (
	// ErrAccountUnknown is an account that has no link here, asked anew of the service.
	ErrAccountUnknown = errors.New("no link of that account is known here")
	// ErrAccessKeyWrong is an access key that opens nothing: unknown, replaced, or of
	// a link that is pending, ended or shut.
	ErrAccessKeyWrong = errors.New("the access key opens nothing here")
	// ErrTrustOver is a service that has been away for longer than it is trusted
	// without a word.
	ErrTrustOver = errors.New("the service has been away for too long")
	// ErrMediaServerAway is a media server that does not answer, or not as the one
	// that it was.
	ErrMediaServerAway = errors.New("the media server is away")
	// ErrServiceAway is a service that does not answer, or not as one of ours.
	ErrServiceAway = errors.New("the service is away")
	// ErrServiceRefused is a service that refuses for a reason of its own; the text
	// says which.
	ErrServiceRefused = errors.New("the service refuses")
	// ErrLocalUserRefused is a local user for whom nothing is done: gone, disabled, an
	// administrator, or not allowed to come from outside.
	ErrLocalUserRefused = errors.New("nothing is done for that local user")
	// ErrUsernameUnknown is a username that the service has no usable account for.
	ErrUsernameUnknown = errors.New("the service knows no such username")
	// ErrAlreadyLinked is a local user or an account that has another link here.
	ErrAlreadyLinked = errors.New("there is another link already")
	// ErrLocalUserUnknown is a local user that the media server does not have.
	ErrLocalUserUnknown = errors.New("the media server has no such local user")
	// ErrLibraryUnknown is a library that the media server does not have.
	ErrLibraryUnknown = errors.New("the media server has no such library")
	// ErrGuestsOff is an agent that makes no local users for guests.
	ErrGuestsOff = errors.New("create-users is off: no guests are made here")
	// ErrUnclaimed is a server that nobody has claimed: nobody could be the one who
	// invites.
	ErrUnclaimed = errors.New("nobody has claimed this server at the service")
	// ErrNotLinked is a local user, or a link, that there is none of.
	ErrNotLinked = errors.New("there is no such link")
	// ErrNotRegistered is an agent whose media server is not registered with the
	// service yet, or whose server key the service refuses.
	ErrNotRegistered = errors.New("the media server is not registered with the service")
)
