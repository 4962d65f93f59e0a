//go:build e2e

package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/internal/porttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// films is a media server with the stand-in for Jellyfin's web app, an agent beside it, and a proxy
// before both. People reach it at another host name than the service, which is another site to a
// browser.
type films struct {
	t         *testing.T
	site      *service
	jellyfin  *jellyfintest.Server
	origin    string // of the address at which people reach it
	base      string // "/jellyfin", or ""
	server    string // the service's id
	owner     string // the owner's token for the API
	anna      person // with the local user Anna
	annaID    string
	bertID    string // the local user of somebody else
	agentLog  string // the file with the agent's log
	toAgent   http.Handler
	toServer  http.Handler
	handsOver func(path string) bool // the rule of the shipped files

	mu     sync.Mutex
	passed []passed
	stops  map[string]http.HandlerFunc // by path below the base: the handlers that answer instead of the agent and the media server
}

// passed is a request that went through the proxy, as the proxy could write it into its log.
type passed struct {
	method, address, referer, token string
}

// localPassword is the password of each local user of the films.
const localPassword = "the password of a local user"

// openFilms starts films of a version below a base.
func openFilms(t *testing.T, version, base string) *films {
	t.Helper()
	s := serve(t)
	f := &films{t: t, site: s, base: base, stops: map[string]http.HandlerFunc{}, handsOver: shippedRule(t)}
	f.jellyfin = jellyfintest.New(t, version, jellyfintest.Base(base))
	f.annaID = f.jellyfin.AddUser("Anna", localPassword, false)
	f.bertID = f.jellyfin.AddUser("Bert", localPassword, false)
	listen := porttest.Free(t)
	f.toAgent, f.toServer = forward(t, "http://"+listen), forward(t, strings.TrimSuffix(f.jellyfin.URL, base))
	proxy := httptest.NewServer(f)
	t.Cleanup(proxy.Close)
	f.origin = strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1)
	f.owner, f.anna = s.token(t, s.account(t, "olga")), s.account(t, "anna")
	f.startAgent(listen)
	f.server = s.ownServer(t, f.owner)
	s.invite(t, f.owner, f.server, f.anna, map[string]any{"local_user_id": s.localUserID(t, f.owner, f.server, "Anna")})
	eventually(t, "the service knows that the films open", func() (int, bool) {
		n := s.count(t, "SELECT COUNT(*) FROM server_addresses WHERE opens")
		return n, n == 1
	})
	eventually(t, "the agent knows the link", func() (string, bool) {
		said, _ := agentProgram{folder: filepath.Dir(f.agentLog)}.command("status").CombinedOutput()
		return string(said), strings.Contains(string(said), "1 accepted")
	})
	return f
}

// startAgent sets the agent up and runs it until the test ends.
func (f *films) startAgent(listen string) {
	f.t.Helper()
	folder := f.t.TempDir()
	p := agentProgram{folder, []string{
		"LATCHKEY_AGENT_SERVICE=" + f.site.origin, "LATCHKEY_AGENT_CLAIM_CODE=" + f.site.claimCode(f.t, f.owner), "LATCHKEY_AGENT_LISTEN=" + listen,
		"LATCHKEY_AGENT_MEDIA_SERVER=jellyfin", "LATCHKEY_AGENT_MEDIA_SERVER_URL=" + f.jellyfin.URL, "LATCHKEY_AGENT_API_KEY=" + f.jellyfin.APIKey,
		"LATCHKEY_AGENT_ADDRESSES=" + f.origin + f.base, "LATCHKEY_AGENT_REPORT_LAN=false", "LATCHKEY_AGENT_TRUSTED_PROXIES=127.0.0.1",
		"LATCHKEY_AGENT_ALLOW_ALL_USERS=true", // the permission for local users has tests of its own
	}}
	p.do(f.t, "", "setup")
	f.agentLog = filepath.Join(folder, "agent.log")
	log, err := os.Create(f.agentLog)
	if err != nil {
		f.t.Fatal(err)
	}
	running := p.command()
	running.Stderr = log
	if err := running.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = running.Process.Signal(syscall.SIGTERM)
		err := running.Wait()
		_ = log.Close()
		if said, _ := os.ReadFile(f.agentLog); err != nil || f.t.Failed() {
			f.t.Errorf("the agent ended with %v:\n%s", err, said)
		}
	})
}

// shippedRule returns the rule by which the shipped Caddyfile hands paths to the agent.
func shippedRule(t *testing.T) func(string) bool {
	t.Helper()
	text, err := os.ReadFile("../packaging/agent.Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`@open path (.+)`).FindSubmatch(text)
	if found == nil {
		t.Fatal("agent.Caddyfile has no path for Open, want one")
	}
	patterns := strings.Fields(string(found[1]))
	return func(path string) bool {
		for _, pattern := range patterns {
			if before, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(path, before) {
				return true
			}
		}
		return false
	}
}

// forward returns a proxy to an address. It keeps the Host that the browser has sent, as the
// shipped files do.
func forward(t *testing.T, to string) http.Handler {
	t.Helper()
	behind, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// ServeHTTP notes a request, and passes it to the agent or to the media server.
func (f *films) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := regexp.MustCompile(`Token="(\w+)"`).FindStringSubmatch(r.Header.Get("Authorization"))
	one := passed{method: r.Method, address: r.URL.String(), referer: r.Referer()}
	if token != nil {
		one.token = token[1]
	}
	f.mu.Lock()
	f.passed = append(f.passed, one)
	stop := f.stops[strings.TrimPrefix(r.URL.Path, f.base)]
	f.mu.Unlock()
	switch {
	case stop != nil:
		stop(w, r)
	case f.handsOver(r.URL.Path):
		f.toAgent.ServeHTTP(w, r)
	default:
		f.toServer.ServeHTTP(w, r)
	}
}

// stop lets the proxy answer requests for a path below the base by itself, until the next case.
func (f *films) stop(path string, answer http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stops[path] = answer
}

// log returns the requests since the last call of fresh, in the order in which they came.
func (f *films) log() []passed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]passed(nil), f.passed...)
}

// fresh makes the films as they were at the beginning: nobody is signed in, and everything works.
func (f *films) fresh(t *testing.T) {
	t.Helper()
	f.t = t
	f.mu.Lock()
	f.passed, f.stops = nil, map[string]http.HandlerFunc{}
	f.mu.Unlock()
	f.jellyfin.Mend()
	f.jellyfin.SetQuickConnect(true)
	f.jellyfin.SetWebServers()
	f.jellyfin.EndSessions()
	for member, value := range map[string]string{
		"IsDisabled": "false", "AccessSchedules": "[]", "MaxActiveSessions": "0", "EnableAllDevices": "true", "EnabledDevices": "[]",
	} {
		f.jellyfin.SetPolicy(f.annaID, member, value)
	}
}

// minted returns how many tokens were asked for since the last call of fresh.
func (f *films) minted() (n int) {
	for _, one := range f.log() {
		if strings.HasSuffix(one.address, "/latchkey/mint") {
			n++
		}
	}
	return n
}

// visit returns Anna with a new browser, signed in at the service.
func (f *films) visit(t *testing.T, l look, locale string) *visitor {
	t.Helper()
	v := f.site.visit(t, l, locale)
	v.allow(f.origin)
	signIn(v, f.anna)
	return v
}

// address returns the address of a page of the films.
func (f *films) address(below string) string { return f.origin + f.base + below }

// prepare evaluates a script at the origin of the films, where no page is open.
func (f *films) prepare(v *visitor, script string) {
	v.t.Helper()
	v.do(chromedp.Navigate(f.address("/web/config.json")), chromedp.Evaluate(script+"; 0", nil))
}

// stored returns what the browser keeps under a key for the origin of the page that is open; "" for nothing.
func stored(v *visitor, key string) string {
	v.t.Helper()
	return ask[string](v, `localStorage.getItem(`+quote(key)+`) ?? ""`)
}

// offers shows the page of servers once it offers Open.
func (*films) offers(v *visitor) {
	v.t.Helper()
	eventually(v.t, "the page of servers offers Open", func() (bool, bool) {
		v.open("/servers")
		found := ask[bool](v, `document.querySelector("#open-0") !== null`)
		return found, found
	})
}

// press presses Open on the page of servers, with the keyboard.
func (f *films) press(v *visitor) {
	v.t.Helper()
	f.offers(v)
	v.tabTo("#open-0")
	v.press(" ")
}

// app waits until the web app shows a state.
func (f *films) app(v *visitor, state string) {
	v.t.Helper()
	v.until(`location.pathname === ` + quote(f.base+"/web/") + ` && document.body.dataset.state === ` + quote(state))
}

// home waits until the web app shows the films to a local user.
func (f *films) home(v *visitor, name string) {
	v.t.Helper()
	f.app(v, "home")
	v.until(`document.querySelector("#user").textContent === ` + quote(name) + ` && document.querySelector("#cards").textContent.includes("Films")`)
}

// opens presses Open and waits for the films.
func (f *films) opens(v *visitor) {
	v.t.Helper()
	f.press(v)
	f.home(v, "Anna")
}

// says waits until the agent's page shows a text.
func (f *films) says(v *visitor, name string) {
	v.t.Helper()
	v.until(`location.pathname === ` + quote(f.base+"/latchkey/open") + ` && document.querySelector("#status")?.textContent === ` + quote(v.says("open.say."+name)))
}

// signInByForm signs a local user in with the form of the web app.
func (f *films) signInByForm(v *visitor, name string, remember bool) {
	v.t.Helper()
	v.do(chromedp.Navigate(f.address("/web/")))
	f.app(v, "login")
	v.act(fmt.Sprintf(`const form = document.querySelector("form");
		form.user.value = %s; form.password.value = %s; form.remember.checked = %t; form.requestSubmit();`, quote(name), quote(localPassword), remember))
	f.home(v, name)
}

// tab opens a second tab in the visitor's browser.
func (v *visitor) tab() *visitor {
	v.t.Helper()
	var beside target.ID
	v.do(chromedp.ActionFunc(func(ctx context.Context) error {
		this, err := target.GetTargetInfo().Do(ctx)
		if err != nil {
			return err
		}
		ctx = cdp.WithExecutor(ctx, chromedp.FromContext(v.ctx).Browser)
		beside, err = target.CreateTarget("about:blank").WithBrowserContextID(this.BrowserContextID).WithNewWindow(true).Do(ctx)
		return err
	}))
	ctx, leave := chromedp.NewContext(browser, chromedp.WithTargetID(beside))
	v.t.Cleanup(leave)
	tab := &visitor{watch: &watch{allowed: v.allowed}, t: v.t, ctx: ctx, site: v.site, locale: v.locale, from: v.from}
	if err := chromedp.Run(ctx); err != nil {
		v.t.Fatalf("open a second tab: %v", err)
	}
	chromedp.ListenTarget(ctx, tab.notice)
	v.t.Cleanup(func() { tab.report(v.t) })
	tab.arrange(v.look)
	return tab
}

// tokens returns the tokens of a local user.
func (f *films) tokens(userID string) (values []string) {
	for _, token := range f.jellyfin.Tokens(userID) {
		values = append(values, token.Value)
	}
	return values
}

// early evaluates a script in each page before the scripts of the page.
func early(v *visitor, script string) {
	v.t.Helper()
	v.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
}

// fragments collects the fragments of the documents that a visitor's browser loads.
func fragments(v *visitor) func() string {
	var mu sync.Mutex
	var all strings.Builder
	chromedp.ListenTarget(v.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && e.Type == network.ResourceTypeDocument {
			mu.Lock()
			defer mu.Unlock()
			all.WriteString(e.Request.URLFragment + "\n")
		}
	})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

// codeIn returns the last code in the fragments of documents.
func codeIn(t *testing.T, fragments string) string {
	t.Helper()
	found := regexp.MustCompile(`#code=([^&\n]+)`).FindAllStringSubmatch(fragments, -1)
	if len(found) == 0 {
		t.Fatalf("got no code in the fragments %q, want one", fragments)
	}
	return found[len(found)-1][1]
}

// count returns the number that a query finds in the database of the service.
func (s *service) count(t *testing.T, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.folder, "latchkey.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// forgive lets the watch pass the faults that have one of these texts. Each of them must have come.
func (v *visitor) forgive(texts ...string) {
	v.t.Helper()
	v.wantSeen(texts...)
	v.mu.Lock()
	defer v.mu.Unlock()
	kept := v.trouble[:0]
	for _, trouble := range v.trouble {
		forgiven := false
		for _, text := range texts {
			forgiven = forgiven || strings.Contains(trouble, text)
		}
		if !forgiven {
			kept = append(kept, trouble)
		}
	}
	v.trouble = kept
}

// answering returns an answer with a status and a text of a kind.
func answering(status int, kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// gone waits until a local user has no token.
func (f *films) gone(t *testing.T, userID string) {
	t.Helper()
	waittest.Eventually(t, "no token is left", func() bool { return len(f.tokens(userID)) == 0 })
}
