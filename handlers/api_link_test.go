package handlers_test

import (
	"net/http"
	"strconv"
	"testing"
)

// A link to a server that an operator shut out is still listed, as such, and can
// be declined or left.
func TestLinksToDisabledServer(t *testing.T) {
	t.Parallel()
	eachBusySite(t, linksToDisabledServer)
}

func linksToDisabledServer(t *testing.T, s *site) {
	f := newFixture(t, s)
	own := f.as(f.annToken)
	type link struct {
		ID     string
		EndsAt *string `json:"ends_at"`
		Server struct {
			ID       string
			SystemID string `json:"system_id"`
			Kind     string
			Disabled bool
		}
	}
	var before, after struct{ Links []link }
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &before)
	for _, one := range before.Links {
		if one.Server.Disabled || one.Server.SystemID == "" || one.Server.Kind == "" || one.EndsAt != nil {
			t.Errorf("link %+v", one)
		}
		id, err := strconv.ParseInt(one.Server.ID, 10, 64)
		if err == nil {
			err = f.Store.Operators.DisableServer(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &after)
	if len(after.Links) != len(before.Links) || len(after.Links) < 2 {
		t.Fatalf("%d links, want %d", len(after.Links), len(before.Links))
	}
	for _, one := range after.Links {
		if !one.Server.Disabled {
			t.Errorf("link %+v", one)
		}
	}
	own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNotFound, "not_found")
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/decline", nil), http.StatusNoContent, nil)
	own.is(own.api(http.MethodDelete, "/api/v1/links/"+f.accepted, nil), http.StatusNoContent, nil)
	var none struct{ Links []link }
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &none)
	if len(none.Links) != 0 {
		t.Errorf("links %+v", none.Links)
	}
}
