package agent_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// TestEndedLinkDoesNotComeBack ends a link at the machine while an answer of the service is on its way. That answer
// still has the link as it was before. The link must not come into use again, not even for a moment.
func TestEndedLinkDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	link := d.guestOf("bob")
	held, released := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		if strings.HasSuffix(r.URL.Path, "/server/changes") && strings.Contains(answer.Body.String(), `"ends_at":"2`) {
			once.Do(func() { close(held); <-released })
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
	ends := s.Clock.Now().AddDate(0, 1, 0)
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{EndsAt: &ends}))
	eventually(t, "an answer that is held", func() bool {
		select {
		case <-held:
			return true
		default:
			return false
		}
	})
	noError(t, d.Links.End(t.Context(), link.ID))
	close(released)
	d.acknowledged()
	if got := d.log.Count("a link is in use now"); got != 1 {
		t.Errorf("the link came into use %d times, want once", got)
	}
	if left := must(d.Links.List(t.Context()))(t); len(left) != 0 {
		t.Errorf("the links %+v are left, want none", left)
	}
}
