package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// A request that is repeated has its effect only once.
func TestAPIRepeatedRequestsActOnce(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	once := ann.with("Idempotency-Key", "0123456789abcdef")
	in := offer("bob", "guest", den.id, nil)
	first, second := once.put("POST", "/invites", in), once.put("POST", "/invites", in)
	ann.is(first, http.StatusCreated, nil)
	if first.body != second.body || strings.Count(ann.get("/invites").body, `"to"`) != 1 {
		t.Errorf("answers %s\nand %s\nwant the same twice, and one invite", first.body, second.body)
	}
	once.refused(once.put("POST", "/invites", offer("bob@example.org", "guest", den.id, nil)), 422, "idempotency_mismatch")
	for _, key := range []string{"", "short", strings.Repeat("a", 129), "with a space in it", "äääääääääääääääää"} {
		bad := ann.with("Idempotency-Key", "x")
		bad.header.Set("Idempotency-Key", key)
		bad.refused(bad.put("POST", "/invites", in), http.StatusBadRequest, "idempotency_key_invalid")
		bad.refused(bad.put("POST", "/servers", map[string]any{"name": "x", "system_id": "x"}), http.StatusBadRequest, "idempotency_key_invalid")
	}
	nobody := ann.with("Authorization", "").with("Idempotency-Key", "0123456789abcdef")
	server := map[string]any{"name": "Shed", "system_id": "5ed", "version": "1"}
	first, second = nobody.put("POST", "/servers", server), nobody.put("POST", "/servers", server)
	var made struct{ ID, Key string }
	ann.is(first, http.StatusCreated, &made)
	ann.plant(made.Key)
	if first.body != second.body {
		t.Errorf("%s, want %v\n%s", first.body, second.body, second.body)
	}
	ann.is(ann.as(made.Key).get("/server"), http.StatusOK, nil)
	server["name"] = "Other"
	nobody.refused(nobody.put("POST", "/servers", server), 422, "idempotency_mismatch")
}
