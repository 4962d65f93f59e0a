//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestAuditFindsFaults breaks a page, and checks that the audit finds the faults: an audit that
// never finds anything would prove nothing.
func TestAuditFindsFaults(t *testing.T) {
	t.Parallel()
	v := serve(t).visit(t, phone, "en")
	v.open("/help/pin")
	v.do(chromedp.Evaluate(axe, nil))
	if found := v.violations(); len(found) != 0 {
		t.Fatalf("got faults before the page was broken, want none: %s", found)
	}
	v.do(chromedp.Evaluate(`document.querySelector("h1").innerHTML += "<img src='data:,'><a href='/' class='lead'></a>"; document.documentElement.lang = "";
		document.querySelector("h1").style.width = "360px"`, nil))
	found := strings.Join(v.violations(), "\n")
	for _, rule := range []string{"image-alt", "link-name", "html-has-lang"} {
		if !strings.Contains(found, rule) {
			t.Errorf("the audit does not find %s, want it among\n%s", rule, found)
		}
	}
	if over := v.overhang(); over < 40 {
		t.Errorf("the page is found to be %d pixels wider than the window, want 40 or more", over)
	}
}

// TestWatchSees lets a page do what no page may do, and checks that the watch notices it.
func TestWatchSees(t *testing.T) {
	t.Parallel()
	v := serve(t).visit(t, phone, "en")
	v.open("/")
	v.do(chromedp.Evaluate(`
		console.warn("a word on the console");
		setTimeout(() => { throw new Error("an error of a script") });
		fetch("http://127.0.0.2:1/elsewhere").catch(() => {});
		fetch("/static/missing.js");
		0`, nil))
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	v.wantSeen("a word on the console", "an error of a script", "content security policy", "request: 404")
	v.do(chromedp.Navigate(elsewhere.URL))
	v.wantSeen("request to another host: " + elsewhere.URL)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.trouble = nil // these faults were intended
}

// wantSeen waits until the watch has recorded faults that contain all texts.
func (v *visitor) wantSeen(texts ...string) {
	v.t.Helper()
	var unseen []string
	if !waittest.Becomes(func() bool { unseen = v.unseen(texts); return len(unseen) == 0 }) {
		v.t.Errorf("the watch did not see %q, want it seen", unseen)
	}
}

// unseen returns the texts that no recorded fault contains.
func (w *watch) unseen(texts []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := strings.Join(w.trouble, "\n")
	var unseen []string
	for _, text := range texts {
		if !strings.Contains(all, text) {
			unseen = append(unseen, text)
		}
	}
	return unseen
}
