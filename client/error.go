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

// Error is what the service answered instead of what was asked for.
type Error struct {
	Status     int           // of HTTP
	Code       string        // stable; "" when the answer is none of the service's own
	Detail     string        // for people, in the language asked for
	Fields     []FieldError  // what is wrong with the request, with [ErrInvalid]
	RetryAfter time.Duration // to wait before the next try; 0 when not told
}

// FieldError is what is wrong with one member of a request.
type FieldError struct {
	Field  string `json:"field"` // "email", "servers[0].ends_at"
	Code   string `json:"code"`  // stable: "username_taken"
	Detail string `json:"detail"`
}

// What the service may answer, by code.
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
	ErrBodyTooLarge          = &Error{Code: "body_too_large"}
	ErrMethodNotAllowed      = &Error{Code: "method_not_allowed"}
	ErrWrongHost             = &Error{Code: "wrong_host"}
	ErrIdempotencyKeyInvalid = &Error{Code: "idempotency_key_invalid"}
	ErrIdempotencyMismatch   = &Error{Code: "idempotency_mismatch"} // the key was used for another request
	ErrSignUpClosed          = &Error{Code: "sign_up_closed"}
	ErrSignUpInviteOnly      = &Error{Code: "sign_up_invite_only"}
	ErrEmailTaken            = &Error{Code: "email_taken"}
	ErrTokenExpired          = &Error{Code: "token_expired"} // a mailed one: used, too old or replaced
	ErrSignInWrong           = &Error{Code: "sign_in_wrong"}
	ErrConfirmFirst          = &Error{Code: "confirm_first"}
	ErrAccountDisabled       = &Error{Code: "account_disabled"}
	ErrSessionEnded          = &Error{Code: "session_ended"}    // or there never was one
	ErrConfirmPassword       = &Error{Code: "confirm_password"} // see [Sessions.ConfirmPassword]
	ErrWrongKindOfToken      = &Error{Code: "wrong_kind_of_token"}
	ErrOperatorsOnly         = &Error{Code: "operators_only"}
	ErrDeletionWaits         = &Error{Code: "deletion_waits"}
	ErrPINOff                = &Error{Code: "pin_off"}
	ErrPINNotSet             = &Error{Code: "pin_not_set"}
	ErrPINThrottled          = &Error{Code: "pin_throttled"}
	ErrAuthorizationPending  = &Error{Code: "authorization_pending"}
	ErrSlowDown              = &Error{Code: "slow_down"}
	ErrAccessDenied          = &Error{Code: "access_denied"}
	ErrDeviceCodeExpired     = &Error{Code: "expired_token"} // or it was used
	ErrUserCodeWrong         = &Error{Code: "user_code_wrong"}
	ErrServersOff            = &Error{Code: "servers_off"}
	ErrServerClaimed         = &Error{Code: "server_claimed"}
	ErrServerKeyWrong        = &Error{Code: "server_key_wrong"}
	ErrServerUnclaimed       = &Error{Code: "server_unclaimed"}
	ErrServerDisabled        = &Error{Code: "server_disabled"}
	ErrLocalUserTaken        = &Error{Code: "local_user_taken"}
	ErrLocalUserGone         = &Error{Code: "local_user_gone"}
	ErrAlreadyLinked         = &Error{Code: "already_linked"}
	ErrAccessKeyWrong        = &Error{Code: "access_key_wrong"}
)

// ErrBadAnswer is something that answered and is not the service, or not a
// version of it that this package knows: a page of a proxy, half a document, a
// redirect.
var ErrBadAnswer = errors.New("the answer is none of Latchkey's")

// Error tells the status, the code and what is wrong where.
func (e *Error) Error() string {
	var text strings.Builder
	if e.Status != 0 { // a sentinel has none
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

// Field is what is wrong with one member of the request; false when that is not
// at fault.
func (e *Error) Field(name string) (FieldError, bool) {
	for _, wrong := range e.Fields {
		if wrong.Field == name {
			return wrong, true
		}
	}
	return FieldError{}, false
}

// CodeOf is the code of err; "" for nil and for an error that the service did
// not answer.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// errorOf reads an answer that is no success. What is not a problem of ours has
// a status and nothing more.
func errorOf(a answer) *Error {
	out := &Error{Status: a.status, RetryAfter: retryAfter(a.header)}
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
		const codeMost, detailMost, fieldsMost = 64, 1000, 50
		out.Code, out.Detail = shown(problem.Code, codeMost), shown(problem.Detail, detailMost)
		for _, wrong := range problem.Errors[:min(len(problem.Errors), fieldsMost)] {
			out.Fields = append(out.Fields, FieldError{
				shown(wrong.Field, codeMost), shown(wrong.Code, codeMost), shown(wrong.Detail, detailMost),
			})
		}
	}
	return out
}

// shown makes a text of the answer safe for a log or a terminal, whoever has answered.
func shown(text string, most int) string { return printable.Text(printable.Cut(text, most)) }

// retryAfter is the time of a Retry-After: seconds, or, from proxies, a date. A
// date is compared with the answer's own, not with this machine's clock.
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
