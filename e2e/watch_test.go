//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// watch collects what no page may cause: messages on the console, errors of scripts, breaches of
// the content security policy, requests to other hosts, missing files.
type watch struct {
	mu      sync.Mutex
	allowed []string // origins to which pages may send requests
	trouble []string
}

// allow lets the next pages send requests to another origin.
func (w *watch) allow(origin string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, origin)
}

func (w *watch) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = append(w.trouble, fmt.Sprintf(format, args...))
}

func (w *watch) report(t *testing.T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, trouble := range w.trouble {
		t.Error(trouble)
	}
}

// notice checks one event of the browser.
func (w *watch) notice(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		w.complain("console: %s %s", e.Type, consoleText(e.Args))
	case *runtime.EventExceptionThrown:
		w.complain("script: %s", e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		// An error page has the status of the error, which the browser logs here, too. The status
		// of other answers is checked below.
		if e.Entry.Level != log.LevelVerbose && e.Entry.Level != log.LevelInfo && !strings.HasPrefix(e.Entry.Text, "Failed to load resource: the server responded with a status of") {
			w.complain("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if details := e.Issue.Details.ContentSecurityPolicyIssueDetails; details != nil {
			w.complain("content security policy: %s %s", details.ViolatedDirective, details.BlockedURL)
		}
	case *network.EventRequestWillBeSent:
		w.checkOrigin(e.Request.URL)
	case *network.EventResponseReceived:
		if e.Type != network.ResourceTypeDocument && e.Response.Status >= http.StatusBadRequest {
			w.complain("request: %d for %s", e.Response.Status, withoutQuery(e.Response.URL))
		}
	}
}

func (w *watch) checkOrigin(address string) {
	w.mu.Lock()
	ours := slices.ContainsFunc(w.allowed, func(origin string) bool { return strings.HasPrefix(address, origin+"/") })
	w.mu.Unlock()
	if !ours && !strings.HasPrefix(address, "data:") && !strings.HasPrefix(address, "blob:") && address != "about:blank" {
		w.complain("request to another host: %s", address)
	}
}

func consoleText(args []*runtime.RemoteObject) string {
	var text []string
	for _, arg := range args {
		text = append(text, string(arg.Value)+arg.Description)
	}
	return strings.Join(text, " ")
}
