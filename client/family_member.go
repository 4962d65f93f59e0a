package client

import (
	"context"
	"net/http"
	"time"
)

// Member is an account that guardians look after.
type Member struct {
	ID          ID        `json:"id"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Picture     string    `json:"picture"`      // as in [Account]
	HasPassword bool      `json:"has_password"` // and can sign in
	HasPIN      bool      `json:"has_pin"`
	PINOff      bool      `json:"pin_off"` // after too many wrong tries
	Disabled    bool      `json:"disabled"`
	CreatedAt   time.Time `json:"created_at"`
}

func (m *Member) whole() bool { return m.ID != "" }

// MemberDetail has everything that guardians see of a member.
type MemberDetail struct {
	Member

	Leaving  string    `json:"leaving"` // the address that waits for its confirmation; "" for none
	Ceiling  *Ceiling  `json:"ceiling"` // nil for every age
	Sessions []Session `json:"sessions"`
	Links    []Link    `json:"links"`
	Invites  []Invite  `json:"invites"` // that wait for an answer
}

// NewMember is an account to look after.
type NewMember struct {
	Username    string `json:"username"`
	DisplayName string `json:"display_name,omitempty"`
	Password    string `json:"password,omitempty"` // only for a member with a device of its own
}

// AddMember adds a member to the family. It may return an error about a field, [ErrFamilyFull],
// [ErrOtherFamily], [ErrLookedAfter] or [ErrThrottled].
func (f *Families) AddMember(ctx context.Context, in NewMember) (Member, error) {
	var out Member
	err := f.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/family/members", body: in, want: http.StatusCreated}, &out)
	return out, err
}

// Member reads a member. It returns [ErrNotFound] for an account that is not looked after by this one, as
// do all methods about a member.
func (f *Families) Member(ctx context.Context, id ID) (MemberDetail, error) {
	var out MemberDetail
	err := f.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/family/members/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// DeleteMember erases a member. It may return [ErrConfirmPassword].
func (f *Families) DeleteMember(ctx context.Context, id ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/members/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// EndSession ends a session of a member.
func (f *Families) EndSession(ctx context.Context, id, sessionID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/members/{id}/sessions/{session_id}", values: []string{string(id), string(sessionID)},
		want: http.StatusNoContent, again: untilGone,
	})
}

// EndSessions signs a member out everywhere.
func (f *Families) EndSessions(ctx context.Context, id ID) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/members/{id}/sessions/end-all", values: []string{string(id)}, want: http.StatusNoContent,
	})
}

// SetPassword sets the password of a member, or removes it with "". All sessions of the member end. It may
// return [ErrConfirmPassword].
func (f *Families) SetPassword(ctx context.Context, id ID, memberPassword string) error {
	return f.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/family/members/{id}/password", values: []string{string(id)}, body: password{memberPassword},
		want: http.StatusNoContent,
	})
}

// SetPIN sets the PIN of a member, or removes it with "". It may return [ErrConfirmPassword].
func (f *Families) SetPIN(ctx context.Context, id ID, pin string) error {
	return f.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/family/members/{id}/pin", values: []string{string(id)}, body: verifyPIN{pin}, want: http.StatusNoContent,
	})
}

type letGo struct {
	Email string `json:"email"`
}

// LetGo mails a link to the address of a member. The person who opens it chooses a password, and from then on
// nobody looks after the account. It may return [ErrConfirmPassword] or [ErrThrottled].
func (f *Families) LetGo(ctx context.Context, id ID, email string) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/members/{id}/let-go", values: []string{string(id)}, body: letGo{email}, want: http.StatusNoContent,
	})
}

// TakeBackLetGo takes back that a member is let go, as long as nobody has opened the link. It also returns
// [ErrNotFound] when no address waits for its confirmation.
func (f *Families) TakeBackLetGo(ctx context.Context, id ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/members/{id}/let-go", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// SetPicture does for a member what [Accounts.SetPicture] does for the account.
func (f *Families) SetPicture(ctx context.Context, id ID, file []byte) error {
	return f.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/family/members/{id}/picture", values: []string{string(id)}, file: orEmpty(file),
		want: http.StatusNoContent, longer: uploadTime,
	})
}

// RemovePicture removes the picture of a member. Without a picture nothing changes.
func (f *Families) RemovePicture(ctx context.Context, id ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/members/{id}/picture", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// AcceptLink accepts a pending link for a member.
func (f *Families) AcceptLink(ctx context.Context, id, linkID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/members/{id}/links/{link_id}/accept", values: []string{string(id), string(linkID)},
		want: http.StatusNoContent,
	})
}

// RemoveLink declines or removes a link of a member.
func (f *Families) RemoveLink(ctx context.Context, id, linkID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/members/{id}/links/{link_id}", values: []string{string(id), string(linkID)},
		want: http.StatusNoContent, again: untilGone,
	})
}

// AcceptInvite accepts an invite for a member.
func (f *Families) AcceptInvite(ctx context.Context, id, inviteID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/members/{id}/invites/{invite_id}/accept", values: []string{string(id), string(inviteID)},
		want: http.StatusNoContent,
	})
}

// DeclineInvite declines an invite for a member.
func (f *Families) DeclineInvite(ctx context.Context, id, inviteID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/members/{id}/invites/{invite_id}/decline", values: []string{string(id), string(inviteID)},
		want: http.StatusNoContent,
	})
}
