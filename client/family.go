package client

import (
	"context"
	"net/http"
	"time"
)

// Families is about the family of the account. Guardians look after members by the methods of
// family_member.go.
type Families struct{ core *core }

// The roles in a family.
const (
	RoleFirst    = "first"    // the first guardian
	RoleGuardian = "guardian" // the second guardian
	RoleAdult    = "adult"    // a grown person
	RoleMember   = "member"   // an account that is looked after
)

// Family is the family of the account, as the account may see it.
type Family struct {
	ID          ID                 `json:"id"`          // the account of the first guardian
	Role        string             `json:"role"`        // of the account: RoleFirst or another
	Guardians   []FamilyPerson     `json:"guardians"`   // the first one first
	People      []FamilyPerson     `json:"people"`      // a second guardian who was asked, and grown people; guardians alone see them
	Members     []Member           `json:"members"`     // guardians alone see them
	Invitations []FamilyInvitation `json:"invitations"` // to other families
	Limit       int                `json:"limit"`       // so many members, and so many grown people, a family may have
}

func (f *Family) whole() bool { return f.ID != "" }

// FamilyPerson is a guardian or a grown person.
type FamilyPerson struct {
	AccountID   ID        `json:"account_id"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Picture     string    `json:"picture"` // as in [Account]; "" until the person has joined
	Role        string    `json:"role"`
	Status      string    `json:"status"` // "asked" or "joined"
	JoinedAt    time.Time `json:"joined_at,omitzero"`
}

// FamilyInvitation is a family that has asked the account to join it.
type FamilyInvitation struct {
	FamilyID    ID        `json:"family_id"`
	Username    string    `json:"username"` // of the first guardian, as DisplayName
	DisplayName string    `json:"display_name"`
	Role        string    `json:"role"` // RoleGuardian or RoleAdult
	AskedAt     time.Time `json:"asked_at"`
}

// Get returns the family of the account.
func (f *Families) Get(ctx context.Context) (Family, error) {
	var out Family
	err := f.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/family", want: http.StatusOK, again: always}, &out)
	return out, err
}

type askIntoFamily struct {
	Username string `json:"username"`
	Role     string `json:"role"`
}

// Ask asks a grown person into the family as [RoleGuardian] or [RoleAdult]. It may return
// [ErrSecondGuardian], [ErrNotFirstGuardian], [ErrFamilyFull], [ErrOtherFamily] or [ErrLookedAfter].
func (f *Families) Ask(ctx context.Context, username, role string) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/people", body: askIntoFamily{username, role}, want: http.StatusNoContent,
	})
}

// Remove removes a person from the family, or takes back that the person was asked.
func (f *Families) Remove(ctx context.Context, accountID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/people/{id}", values: []string{string(accountID)}, want: http.StatusNoContent, again: untilGone,
	})
}

// Accept joins a family. It may return [ErrOtherFamily].
func (f *Families) Accept(ctx context.Context, familyID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/invitations/{id}/accept", values: []string{string(familyID)}, want: http.StatusNoContent,
	})
}

// Decline declines to join a family.
func (f *Families) Decline(ctx context.Context, familyID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/family/invitations/{id}/decline", values: []string{string(familyID)}, want: http.StatusNoContent,
	})
}

// Leave leaves the family that the account has joined.
func (f *Families) Leave(ctx context.Context) error {
	return f.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/family/leave", want: http.StatusNoContent})
}
