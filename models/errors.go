package models

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Kind is the sort of failure of an [Error]. It says nothing about a protocol:
// handlers alone decide which HTTP status a Kind becomes.
type Kind uint8

// The kinds, from the caller's point of view.
const (
	KindInternal        Kind = iota // a fault of the service; never shown
	KindInvalid                     // the input breaks a rule
	KindNotFound                    // it does not exist, or this caller may not know of it
	KindConflict                    // the input clashes with what is stored
	KindUnauthenticated             // credentials are missing or wrong
	KindForbidden                   // the caller is known and not allowed
	KindExpired                     // it was valid before, and is used, replaced or too old
	KindThrottled                   // too many tries; RetryAfter says how long to wait
	KindUnavailable                 // the database or the machine cannot answer now; RetryAfter says how long to wait
)

// Error is a failure that the caller may see. Code is stable; the text for people is
// found by Code in templates/locales. Compare errors with [errors.Is], which compares
// codes.
type Error struct {
	Kind       Kind
	Code       string
	Fields     []FieldError      // inputs at fault, in the order of the form
	Params     map[string]string // placeholders of the text
	RetryAfter time.Duration     // of KindThrottled and KindUnavailable
	Err        error             // the cause: logged, never shown
}

// FieldError describes the mistake in one input.
type FieldError struct {
	Field  string // the input's name on every form and wire: "username"
	Code   string
	Params map[string]string
}

// Error returns the code, the codes of the fields and the cause.
func (e *Error) Error() string {
	words := []string{e.Code}
	for _, f := range e.Fields {
		words = append(words, f.Field+"="+f.Code)
	}
	text := strings.Join(words, " ")
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrUsernameTaken) true for each Error that has the same
// code, or has a field with the same name and code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	if !ok {
		return false
	}
	if e.Code == t.Code && len(t.Fields) == 0 {
		return true
	}
	for _, want := range t.Fields {
		for _, have := range e.Fields {
			if have.Field == want.Field && have.Code == want.Code {
				return true
			}
		}
	}
	return false
}

// The errors of this package.
var (
	ErrUsernameTaken     = fieldError(KindConflict, "username", "username_taken")
	ErrEmailTaken        = &Error{Kind: KindConflict, Code: "email_taken"}
	ErrSameEmail         = fieldError(KindInvalid, "email", "same_email")
	ErrWrongPassword     = fieldError(KindInvalid, "current_password", "current_password_wrong")
	ErrSamePassword      = fieldError(KindInvalid, "password", "password_same")
	ErrWrongPIN          = fieldError(KindInvalid, "current_pin", "current_pin_wrong")
	ErrPINImpossible     = fieldError(KindInvalid, "current_pin", "current_pin_invalid") // no try was counted
	ErrPINOff            = &Error{Kind: KindForbidden, Code: "pin_off"}
	ErrPINNotSet         = &Error{Kind: KindNotFound, Code: "pin_not_set"}
	ErrPINThrottled      = &Error{Kind: KindThrottled, Code: "pin_throttled"}
	ErrSignInWrong       = &Error{Kind: KindUnauthenticated, Code: "sign_in_wrong"}
	ErrConfirmFirst      = &Error{Kind: KindForbidden, Code: "confirm_first"}
	ErrAccountDisabled   = &Error{Kind: KindForbidden, Code: "account_disabled"}
	ErrNoSession         = &Error{Kind: KindUnauthenticated, Code: "session_ended"}
	ErrSwitched          = &Error{Kind: KindForbidden, Code: "switched_session"}
	ErrSwitchNeedsPIN    = &Error{Kind: KindForbidden, Code: "switch_needs_pin"}
	ErrHouseholdFull     = &Error{Kind: KindConflict, Code: "household_full"}
	ErrHouseholdMember   = &Error{Kind: KindConflict, Code: "household_member"}
	errHouseholdToken    = fieldError(KindInvalid, "session_token", "session_token_wrong")
	ErrTokenSpent        = &Error{Kind: KindExpired, Code: "token_expired"}
	ErrInviteUsed        = (&Error{Kind: KindExpired, Code: "invite_used"}).because(ErrTokenSpent)
	ErrInviteWithdrawn   = (&Error{Kind: KindExpired, Code: "invite_withdrawn"}).because(ErrTokenSpent)
	ErrInviteExpired     = (&Error{Kind: KindExpired, Code: "invite_expired"}).because(ErrTokenSpent)
	ErrInviteSignUp      = &Error{Kind: KindConflict, Code: "invite_sign_up"}
	ErrInviteOwn         = &Error{Kind: KindConflict, Code: "invite_own"}
	ErrAlreadyMember     = &Error{Kind: KindConflict, Code: "already_member"}
	ErrAddressFirst      = &Error{Kind: KindForbidden, Code: "confirm_address_first"}
	ErrLookedAfter       = &Error{Kind: KindForbidden, Code: "looked_after"}
	ErrOtherFamily       = &Error{Kind: KindConflict, Code: "other_family"}
	ErrFamilyFull        = &Error{Kind: KindConflict, Code: "family_full"}
	ErrSecondGuardian    = &Error{Kind: KindConflict, Code: "second_guardian"}
	ErrNotFirst          = &Error{Kind: KindForbidden, Code: "not_first_guardian"}
	ErrInFamily          = fieldError(KindConflict, "username", "username_in_family")
	ErrGuardianOnly      = &Error{Kind: KindForbidden, Code: "guardian_only"}
	ErrCircleShut        = &Error{Kind: KindConflict, Code: "circle_shut"}
	ErrCircleFull        = &Error{Kind: KindConflict, Code: "circle_full"}
	ErrCircleOthers      = &Error{Kind: KindConflict, Code: "circle_others"}
	ErrCircleMany        = &Error{Kind: KindConflict, Code: "circle_many"}
	ErrStayPaused        = &Error{Kind: KindForbidden, Code: "stay_paused"}
	ErrStayEndless       = &Error{Kind: KindConflict, Code: "stay_endless"}
	ErrPauseAgentOnly    = &Error{Kind: KindConflict, Code: "pause_agent_only"}
	ErrNotByHand         = &Error{Kind: KindConflict, Code: "not_by_hand"}
	ErrNothingToUnlock   = &Error{Kind: KindConflict, Code: "nothing_to_unlock"}
	ErrUnlockStopped     = &Error{Kind: KindForbidden, Code: "unlock_stopped"}
	ErrUnlockThrottled   = &Error{Kind: KindThrottled, Code: "unlock_throttled"}
	ErrMembersFirst      = &Error{Kind: KindConflict, Code: "members_first"}
	ErrThrottled         = &Error{Kind: KindThrottled, Code: "throttled"}
	ErrDeletionWaits     = &Error{Kind: KindConflict, Code: "deletion_waits"}
	ErrSignUpClosed      = &Error{Kind: KindForbidden, Code: "sign_up_closed"}
	ErrSignUpInviteOnly  = &Error{Kind: KindForbidden, Code: "sign_up_invite_only"}
	ErrLanguageInvalid   = fieldError(KindInvalid, "language", "language_invalid")
	errPicture           = fieldError(KindInvalid, "picture", "picture_invalid")
	ErrNameOrEmailAbsent = fieldError(KindInvalid, "name_or_email", "name_or_email_missing")
	ErrOperatorsOnly     = &Error{Kind: KindForbidden, Code: "operators_only"}
	ErrOperatorSelf      = &Error{Kind: KindConflict, Code: "operator_self"}
	ErrLastOperator      = &Error{Kind: KindConflict, Code: "last_operator"}
	ErrNoAddress         = &Error{Kind: KindConflict, Code: "no_address"}
	ErrAccountNotActive  = &Error{Kind: KindConflict, Code: "account_not_active"}
	ErrSetupCodeWrong    = fieldError(KindInvalid, "code", "setup_code_wrong")
	ErrSetupHasOperator  = &Error{Kind: KindConflict, Code: "setup_has_operator"}
	ErrSetupNoOperator   = &Error{Kind: KindConflict, Code: "setup_no_operator"}
	errSettingTooLong    = &Error{Kind: KindInvalid, Code: "setting_too_long"}
	ErrTriesOff          = &Error{Kind: KindForbidden, Code: "tries_off"}
	ErrServersOff        = &Error{Kind: KindForbidden, Code: "servers_off"}
	ErrClaimCodeWrong    = fieldError(KindInvalid, "claim_code", "claim_code_wrong")
	ErrServerClaimed     = &Error{Kind: KindConflict, Code: "server_claimed"}
	ErrNoServer          = &Error{Kind: KindUnauthenticated, Code: "server_key_wrong"}
	ErrServerUnclaimed   = &Error{Kind: KindConflict, Code: "server_unclaimed"}
	ErrServerDisabled    = &Error{Kind: KindUnauthenticated, Code: "server_disabled"}
	ErrDeviceIDInvalid   = fieldError(KindInvalid, "device_id", "device_id_invalid")
	ErrCodeWrong         = fieldError(KindNotFound, "user_code", "user_code_wrong")
	ErrLocalUserTaken    = &Error{Kind: KindConflict, Code: "local_user_taken"}
	ErrLocalUserGone     = &Error{Kind: KindConflict, Code: "local_user_gone"}
	ErrLibraryBack       = &Error{Kind: KindConflict, Code: "library_back"}
	ErrLibraryGone       = &Error{Kind: KindConflict, Code: "library_gone"}
	ErrLibraryUnnamed    = &Error{Kind: KindConflict, Code: "library_unnamed"}
	ErrAlreadyLinked     = &Error{Kind: KindConflict, Code: "already_linked"}
	ErrAccessKeyWrong    = &Error{Kind: KindNotFound, Code: "access_key_wrong"}
	ErrOpenNotNoted      = &Error{Kind: KindForbidden, Code: "open_not_noted"}
	ErrOpenOver          = &Error{Kind: KindExpired, Code: "open_over"}
	ErrChallengeInvalid  = fieldError(KindInvalid, "code_challenge", "code_challenge_invalid")
	ErrOtherRequest      = &Error{Kind: KindInvalid, Code: "idempotency_mismatch"}
	// The error codes of RFC 8628 §3.5.
	ErrAuthorizationPending = &Error{Kind: KindInvalid, Code: "authorization_pending"}
	ErrSlowDown             = &Error{Kind: KindInvalid, Code: "slow_down"}
	ErrAccessDenied         = &Error{Kind: KindInvalid, Code: "access_denied"}
	ErrDeviceCodeExpired    = &Error{Kind: KindExpired, Code: "expired_token"}
	ErrWebhookMany          = &Error{Kind: KindConflict, Code: "webhooks_many"}
	ErrWebhookServer        = &Error{Kind: KindForbidden, Code: "webhook_needs_server"}
	ErrWebhookUnsigned      = &Error{Kind: KindConflict, Code: "webhook_unsigned"}
	ErrNotFound             = &Error{Kind: KindNotFound, Code: "not_found"}
	// ErrTelevisionRefused has the parameter Reason: see [TelevisionPlace].
	ErrTelevisionRefused = &Error{Kind: KindForbidden, Code: "television_refused"}

	ErrLocalPasswordRefused = &Error{Kind: KindForbidden, Code: "local_password_refused"} // to this local user, or at this server
	ErrUnavailable          = &Error{Kind: KindUnavailable, Code: "unavailable", RetryAfter: 10 * time.Second}
	ErrBusy                 = &Error{Kind: KindUnavailable, Code: "busy", RetryAfter: 5 * time.Second}
)

// fieldError returns an error about one input.
func fieldError(kind Kind, field, code string) *Error {
	return &Error{Kind: kind, Code: "invalid", Fields: []FieldError{{Field: field, Code: code}}}
}

// invalid returns one error about all mistakes in the input, nil if fields is empty.
func invalid(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Code: "invalid", Fields: fields}
}

// because returns a copy of e with its cause.
func (e *Error) because(cause error) *Error {
	with := *e
	with.Err = cause
	return &with
}

// after returns a copy of e with the time that the caller has to wait.
func (e *Error) after(wait time.Duration) *Error {
	with := *e
	with.RetryAfter = wait
	return &with
}

// with returns a copy of e in which a placeholder of its text has a value. The placeholder
// also has this value in the texts of the fields.
func (e *Error) with(name, value string) *Error {
	filled := *e
	filled.Params = map[string]string{name: value}
	filled.Fields = make([]FieldError, len(e.Fields))
	for i, f := range e.Fields {
		f.Params = filled.Params
		filled.Fields[i] = f
	}
	return &filled
}

// KindOf returns the Kind of err, KindInternal for an error that is not an [Error].
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// explained returns err as an [Error] whose cause also says what was being done. It
// recognises the errors of the database and of the hasher; an [Error] is returned
// unchanged, nil stays nil.
func explained(doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[*Error](err); ours {
		return err
	}
	cause := fmt.Errorf("%s: %w", doing, err)
	switch {
	case errors.Is(err, secret.ErrBusy):
		return ErrBusy.because(cause)
	case errors.Is(err, gorm.ErrRecordNotFound):
		return ErrNotFound.because(cause)
	case database.Unavailable(err):
		return ErrUnavailable.because(cause)
	default:
		return &Error{Kind: KindInternal, Code: "internal", Err: cause}
	}
}
