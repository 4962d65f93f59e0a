package handlers_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestAPIRegistersServers(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.browser(t).join("ann")
	p := s.program(t)
	try := func(change func(map[string]any)) answer {
		in := map[string]any{"name": "Den", "system_id": "5ed", "version": "1"}
		change(in)
		return p.api(http.MethodPost, "/api/v1/servers", in)
	}
	addresses := func(kind, text string) func(map[string]any) {
		return func(in map[string]any) { in["addresses"] = []map[string]string{{"kind": kind, "url": text}} }
	}
	p.isProblem(try(addresses("wan", "javascript:alert(1)")), http.StatusUnprocessableEntity, "invalid")
	for many, want := range map[int]int{20: http.StatusCreated, 21: http.StatusUnprocessableEntity} {
		a := try(func(in map[string]any) {
			list := []map[string]string{}
			for i := range many {
				list = append(list, map[string]string{"kind": "wan", "url": fmt.Sprintf("https://den%d.example.org", i)})
			}
			in["addresses"] = list
		})
		p.is(a, want, nil)
	}
	p.isProblem(try(addresses("custom", "https://den.example.org")), http.StatusUnprocessableEntity, "invalid")
	p.isProblem(try(func(in map[string]any) { in["claim_code"] = "BCDF-GHJK" }), http.StatusUnprocessableEntity, "invalid")
	p.is(try(addresses("vpn", "http://10.8.0.2:8096")), http.StatusCreated, nil)
	var made struct {
		Code      string
		ExpiresAt time.Time `json:"expires_at"`
	}
	ann := p.as(p.token("ann"))
	ann.is(ann.api(http.MethodPost, "/api/v1/servers/claim-codes", nil), http.StatusCreated, &made)
	if !made.ExpiresAt.Equal(s.Clock.Now().Add(10 * time.Minute)) {
		t.Errorf("the code expires at %s, want 10 minutes from now", made.ExpiresAt)
	}
	claim := func(in map[string]any) { in["claim_code"] = made.Code }
	p.is(try(claim), http.StatusCreated, nil)
	p.isProblem(try(claim), http.StatusUnprocessableEntity, "invalid") // the code works once
}
