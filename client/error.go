package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/printable"
)

// Error is an answer of the service that refuses a request.
type Error struct {
	Status     int           // the HTTP status
	Code       string        // stable; "" if the service itself did not write the answer
	Detail     string        // for people, in the language of the request
	Fields     []FieldError  // the members of the request that are wrong, with [ErrInvalid]
	RetryAfter time.Duration // the time to wait before the next try; 0 when unknown
	RequestID  string        // names the request in the log of the service; "" when unknown
}

// FieldError says why one member of a request is wrong.
type FieldError struct {
	Field  string `json:"field"` // "email", "servers[0].ends_at"
	Code   string `json:"code"`  // stable: "username_taken"
	Detail string `json:"detail"`
}

// These are the errors that the service may return, by code.
var (
	ErrInvalid               = &Error{Code: "invalid"} // see Fields
	ErrNotFound              = &Error{Code: "not_found"}
	ErrThrottled             = &Error{Code: "throttled"}
	ErrUnavailable           = &Error{Code: "unavailable"}
	ErrBusy                  = &Error{Code: "busy"}
	ErrCaptchaUnavailable    = &Error{Code: "captcha_unavailable"}
	ErrInternal              = &Error{Code: "internal"}
	ErrBadRequest            = &Error{Code: "bad_request"}
	ErrJSONInvalid           = &Error{Code: "json_invalid"}
	ErrJSONWanted            = &Error{Code: "json_wanted"}
	ErrPictureWanted         = &Error{Code: "picture_wanted"}
	ErrBodyTooLarge          = &Error{Code: "body_too_large"}
	ErrMethodNotAllowed      = &Error{Code: "method_not_allowed"}
	ErrWrongHost             = &Error{Code: "wrong_host"}
	ErrIdempotencyKeyInvalid = &Error{Code: "idempotency_key_invalid"}
	ErrIdempotencyMismatch   = &Error{Code: "idempotency_mismatch"} // the same key was used for another request
	ErrSignUpClosed          = &Error{Code: "sign_up_closed"}
	ErrSignUpInviteOnly      = &Error{Code: "sign_up_invite_only"}
	ErrEmailTaken            = &Error{Code: "email_taken"}
	ErrTokenExpired          = &Error{Code: "token_expired"} // a mailed token was used, is too old or was replaced
	ErrSignInWrong           = &Error{Code: "sign_in_wrong"}
	ErrConfirmFirst          = &Error{Code: "confirm_first"}
	ErrAccountDisabled       = &Error{Code: "account_disabled"}
	ErrAccountNotActive      = &Error{Code: "account_not_active"} // only a confirmed and enabled account can become an operator
	ErrLastOperator          = &Error{Code: "last_operator"}      // nobody else would be an operator
	ErrOperatorSelf          = &Error{Code: "operator_self"}      // the operator would shut themselves out
	ErrNoAddress             = &Error{Code: "no_address"}         // the account has no email address
	ErrTokenMissing          = &Error{Code: "token_missing"}      // the call needs a token, and none was sent
	ErrSessionEnded          = &Error{Code: "session_ended"}      // or the token was never the token of a session
	ErrConfirmPassword       = &Error{Code: "confirm_password"}   // see [Sessions.ConfirmPassword]
	ErrWrongKindOfToken      = &Error{Code: "wrong_kind_of_token"}
	ErrOperatorsOnly         = &Error{Code: "operators_only"}
	ErrLookedAfter           = &Error{Code: "looked_after"}
	ErrOtherFamily           = &Error{Code: "other_family"}
	ErrFamilyFull            = &Error{Code: "family_full"}
	ErrCircleShut            = &Error{Code: "circle_shut"}
	ErrCircleFull            = &Error{Code: "circle_full"}
	ErrCircleOthers          = &Error{Code: "circle_others"}
	ErrCircleMany            = &Error{Code: "circle_many"}
	ErrSecondGuardian        = &Error{Code: "second_guardian"}
	ErrNotFirstGuardian      = &Error{Code: "not_first_guardian"}
	ErrNotByHand             = &Error{Code: "not_by_hand"}
	ErrPauseAgentOnly        = &Error{Code: "pause_agent_only"}
	ErrStayPaused            = &Error{Code: "stay_paused"}
	ErrStayEndless           = &Error{Code: "stay_endless"}
	ErrMembersFirst          = &Error{Code: "members_first"}
	ErrGuardianOnly          = &Error{Code: "guardian_only"} // a guardian opens what lies behind a PIN for a member
	ErrNothingToUnlock       = &Error{Code: "nothing_to_unlock"}
	ErrUnlockStopped         = &Error{Code: "unlock_stopped"} // see [Protections.LetUnlock]
	ErrUnlockThrottled       = &Error{Code: "unlock_throttled"}
	ErrDeletionWaits         = &Error{Code: "deletion_waits"}
	ErrSwitched              = &Error{Code: "switched_session"} // the session may only list servers and switch, see [Households.Switch]
	ErrSwitchNeedsPIN        = &Error{Code: "switch_needs_pin"}
	ErrHouseholdFull         = &Error{Code: "household_full"}
	ErrHouseholdMember       = &Error{Code: "household_member"}
	ErrPINOff                = &Error{Code: "pin_off"}
	ErrPINNotSet             = &Error{Code: "pin_not_set"}
	ErrPINThrottled          = &Error{Code: "pin_throttled"}
	ErrAuthorizationPending  = &Error{Code: "authorization_pending"}
	ErrSlowDown              = &Error{Code: "slow_down"}
	ErrAccessDenied          = &Error{Code: "access_denied"}
	ErrDeviceCodeExpired     = &Error{Code: "expired_token"} // or the device code was used already
	ErrUserCodeWrong         = &Error{Code: "user_code_wrong"}
	ErrTriesOff              = &Error{Code: "tries_off"}
	ErrWebhookNeedsServer    = &Error{Code: "webhook_needs_server"}
	ErrWebhookUnsigned       = &Error{Code: "webhook_unsigned"}
	ErrWebhooksMany          = &Error{Code: "webhooks_many"}
	ErrServersOff            = &Error{Code: "servers_off"}
	ErrSettingElsewhere      = &Error{Code: "setting_elsewhere"} // a flag, the environment or the file has it
	ErrSettingTooLong        = &Error{Code: "setting_too_long"}
	ErrServerClaimed         = &Error{Code: "server_claimed"}
	ErrServerKeyWrong        = &Error{Code: "server_key_wrong"}
	ErrServerUnclaimed       = &Error{Code: "server_unclaimed"}
	ErrServerDisabled        = &Error{Code: "server_disabled"}
	ErrLocalUserTaken        = &Error{Code: "local_user_taken"}
	ErrTelevisionRefused     = &Error{Code: "television_refused"}
	ErrLocalPasswordRefused  = &Error{Code: "local_password_refused"}
	ErrLocalUserGone         = &Error{Code: "local_user_gone"}
	ErrLibraryBack           = &Error{Code: "library_back"}
	ErrLibraryGone           = &Error{Code: "library_gone"}
	ErrLibraryUnnamed        = &Error{Code: "library_unnamed"}
	ErrAlreadyLinked         = &Error{Code: "already_linked"}
	ErrAccessKeyWrong        = &Error{Code: "access_key_wrong"}
	ErrOpenOver              = &Error{Code: "open_over"}
	ErrInviteUsed            = &Error{Code: "invite_used"}
	ErrInviteWithdrawn       = &Error{Code: "invite_withdrawn"}
	ErrInviteExpired         = &Error{Code: "invite_expired"}
	ErrInviteSignUp          = &Error{Code: "invite_sign_up"} // see [Accounts.SignUp]
	ErrInviteOwn             = &Error{Code: "invite_own"}
	ErrAlreadyMember         = &Error{Code: "already_member"}        // the account may use all servers of the invite already
	ErrConfirmAddressFirst   = &Error{Code: "confirm_address_first"} // the account came by a link, and its address is not confirmed yet
)

// ErrBadAnswer means that the answer does not come from the service, or comes from a
// version that this package does not know. The answer was, for example, a page of a
// proxy, half a document or a redirect.
var ErrBadAnswer = errors.New("the answer does not come from Latchkey")

// Error returns a text with the status, the code and the members that are wrong.
func (e *Error) Error() string {
	var text strings.Builder
	if e.Status != 0 { // the errors that this package defines have no status
		fmt.Fprintf(&text, "%d ", e.Status)
	}
	text.WriteString(cmp.Or(e.Code, "from something that is not the service"))
	if e.Detail != "" {
		fmt.Fprintf(&text, ": %s", e.Detail)
	}
	for _, wrong := range e.Fields {
		fmt.Fprintf(&text, " [%s: %s]", wrong.Field, wrong.Code)
	}
	return text.String()
}

// Is reports whether target has the same code.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && e.Code != "" && e.Code == other.Code
}

// Field returns what is wrong with a member of the request. It returns false if nothing is wrong
// with that member.
func (e *Error) Field(name string) (FieldError, bool) {
	for _, wrong := range e.Fields {
		if wrong.Field == name {
			return wrong, true
		}
	}
	return FieldError{}, false
}

// CodeOf returns the code of err, or "" if err is nil or is not an answer of the
// service.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// errorOf returns the error for an answer with a status that means failure. An
// answer that the service did not write becomes an error with only a status.
func errorOf(a answer) *Error {
	out := &Error{Status: a.status, RetryAfter: retryAfter(a.header)}
	const idMost, codeMost, detailMost, fieldsMost = 64, 64, 1000, 50
	out.RequestID = shown(a.header.Get("X-Request-Id"), idMost)
	if !isMedia(a.header, "application/problem+json") {
		return out
	}
	var problem struct {
		Status int          `json:"status"`
		Code   string       `json:"code"`
		Detail string       `json:"detail"`
		Errors []FieldError `json:"errors"`
	}
	if json.Unmarshal(a.body, &problem) == nil && problem.Status == a.status {
		out.Code, out.Detail = shown(problem.Code, codeMost), shown(problem.Detail, detailMost)
		for _, wrong := range problem.Errors[:min(len(problem.Errors), fieldsMost)] {
			out.Fields = append(out.Fields, FieldError{
				shown(wrong.Field, codeMost), shown(wrong.Code, codeMost), shown(wrong.Detail, detailMost),
			})
		}
	}
	return out
}

// shown makes a text of the answer safe for a log or a terminal, because it may not
// come from the service.
func shown(text string, most int) string { return printable.Text(printable.Cut(text, most)) }

// retryAfter returns the time in a Retry-After header. Some proxies send a date instead of seconds.
// It is compared with the Date header of the answer, because the clock of this machine may be
// wrong.
func retryAfter(header http.Header) time.Duration {
	const longest = 24 * time.Hour
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longest)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), longest)
}
