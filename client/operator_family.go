package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// OperatedFamily is a family as operators see it in the list.
type OperatedFamily struct {
	ID       ID     `json:"id"`       // the account of the first guardian
	Username string `json:"username"` // of the first guardian
	Members  int    `json:"members"`  // accounts that are looked after
	People   int    `json:"people"`   // the second guardian and grown people who have joined
}

// OperatedFamilyDetail is a family with everybody in it.
type OperatedFamilyDetail struct {
	ID     ID                   `json:"id"`
	People []OperatedFamilyPart `json:"people"` // guardians, grown people and members
}

func (f *OperatedFamilyDetail) whole() bool { return f.ID != "" && f.People != nil }

// OperatedFamilyPart is somebody in a family.
type OperatedFamilyPart struct {
	AccountID ID     `json:"account_id"`
	Username  string `json:"username"`
	Role      string `json:"role"`  // first, guardian, adult or member
	State     string `json:"state"` // asked or joined
}

// Families iterates over the families whose first guardian has a username that begins with prefix, or over all families if prefix is "".
func (o *Operators) Families(ctx context.Context, prefix string) iter.Seq2[OperatedFamily, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[OperatedFamily], error) {
		return o.FamiliesPage(ctx, prefix, ask)
	})
}

// FamiliesPage returns one page of the families.
func (o *Operators) FamiliesPage(ctx context.Context, prefix string, ask PageAsk) (Page[OperatedFamily], error) {
	query := url.Values{}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	return fetchPage[OperatedFamily](ctx, o.core, ask, "/api/v1/operator/families", query)
}

// Family returns the family of an account, whatever its place there.
func (o *Operators) Family(ctx context.Context, accountID ID) (OperatedFamilyDetail, error) {
	var out OperatedFamilyDetail
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/families/{id}", values: []string{string(accountID)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}
