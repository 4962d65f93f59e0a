package handlers_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// For a server whose agent takes such keys, each session gets an access key of its own, over
// both protocols. A session that sends the tag of another session's list gets its own list,
// because the lists differ.
func TestAPIDeviceKeys(t *testing.T) {
	t.Parallel()
	eachBusySite(t, func(t *testing.T, s *site) {
		p := s.program(t)
		ann, bob := p.signedUp("ann"), p.signedUp("bob")
		den := ann.agent("den")
		den.joins(ann, bob, nil)
		report := facts("den")
		report["device_keys"] = true
		den.is(den.report(report), http.StatusOK, nil)
		phone := bob.as(bob.token("bob"))
		key, other := bob.accessKey(), phone.accessKey()
		if len(key) != 32 || key == other {
			t.Fatalf("access keys %q and %q, want two of 32 digits", key, other)
		}
		tag := bob.api(http.MethodGet, "/api/v1/servers", nil).header.Get("ETag")
		if again := bob.with("If-None-Match", tag).api(http.MethodGet, "/api/v1/servers", nil); again.status != http.StatusNotModified {
			t.Errorf("own tag %s: status %d, want %d", tag, again.status, http.StatusNotModified)
		}
		if again := phone.with("If-None-Match", tag).api(http.MethodGet, "/api/v1/servers", nil); again.status != http.StatusOK || again.header.Get("ETag") == tag {
			t.Errorf("tag %s of another session: status %d and tag %s, want %d and another", tag, again.status, again.header.Get("ETag"), http.StatusOK)
		}
		link := den.links()[0]
		var wire []struct{ AccessKey string }
		bob.is(p.with("X-Connect-UserToken", bob.bearerOf()).with("X-Application", "TV/1").
			do(http.MethodGet, "/service/servers?userId="+link.AccountID, "", ""), http.StatusOK, &wire)
		if len(wire) != 1 || wire[0].AccessKey != key {
			t.Errorf("over the Connect protocol %+v, want the key %s", wire, key)
		}
		check := func(key string, session int64) answer {
			return den.post("/server/exchanges", "access_key_sha256", sha256Of(key), "session_id", strconv.FormatInt(session, 10))
		}
		session := secret.DeviceKeyNumber(key)
		den.is(check(key, session), http.StatusOK, nil)
		den.refused(check(key, secret.DeviceKeyNumber(other)), http.StatusNotFound, "access_key_wrong")
		den.refused(den.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
		den.refused(den.post("/server/exchanges", "access_key_sha256", sha256Of(key), "session_id", "x"), http.StatusNotFound, "access_key_wrong")
		after := den.last()
		bob.done(bob.api(http.MethodDelete, "/api/v1/sessions/current", nil))
		told := den.changes("after=" + strconv.FormatInt(after, 10)).Changes
		if len(told) == 0 || told[len(told)-1].Kind != "session_ended" || told[len(told)-1].SessionID == nil ||
			*told[len(told)-1].SessionID != strconv.FormatInt(session, 10) {
			t.Errorf("changes %+v, want the end of session %d", told, session)
		}
		den.refused(check(key, session), http.StatusNotFound, "access_key_wrong")
		den.is(check(other, secret.DeviceKeyNumber(other)), http.StatusOK, nil)
	})
}
