//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/internal/waittest"
)

// look says how a visitor sees pages: size, colours, motion.
type look struct {
	width, height int64
	dark          bool
}

var (
	phone   = look{width: 320, height: 640}
	desktop = look{width: 1280, height: 900}

	magnified = look{width: 180, height: 360} // a phone with 360 pixels whose pages are shown at twice their size
)

// schemeFeature is the name of the colour scheme in style sheets.
const schemeFeature = "prefers-color-scheme"

// inDark returns the same look in the dark colour scheme.
func (l look) inDark() look { l.dark = true; return l }

func (l look) scheme() string {
	if l.dark {
		return "dark"
	}
	return "light"
}

func (l look) String() string { return fmt.Sprintf("%d-%s", l.width, l.scheme()) }

// visitor is a person with a browser that shares nothing with the browsers of others. A page that
// logs an error, sends a request to another host or breaks the content security policy fails the
// test.
type visitor struct {
	*watch
	t      *testing.T
	ctx    context.Context //nolint:containedctx // the context of the tab; chromedp keeps the tab in it
	site   *service
	locale string
	look   look

	from string // the address from which the visitor seems to come
}

// userAgent is the name of a usual browser; Chromium's own name says "headless".
const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// visit opens a browser for a new visitor.
func (s *service) visit(t *testing.T, l look, locale string) *visitor {
	t.Helper()
	ctx, leave := newProfile(t)
	v := &visitor{watch: &watch{allowed: []string{s.origin}}, t: t, ctx: ctx, site: s, locale: locale}
	s.mu.Lock()
	s.taken++
	v.from = fmt.Sprintf("198.18.%d.7", s.taken)
	s.mu.Unlock()
	chromedp.ListenTarget(ctx, v.notice)
	t.Cleanup(func() {
		v.keepFailure()
		leave()
		v.report(t)
	})
	v.arrange(l)
	return v
}

// arrange prepares a new tab for the visitor.
func (v *visitor) arrange(l look) {
	v.t.Helper()
	v.do(
		network.SetExtraHTTPHeaders(network.Headers{"X-Forwarded-For": v.from}),
		emulation.SetUserAgentOverride(userAgent).WithAcceptLanguage(v.locale),
		emulation.SetFocusEmulationEnabled(true), // so that a page in the background can have the focus, too
		emulation.SetScrollbarsHidden(true),      // so that the page has the whole width
		audits.Enable(),
	)
	v.become(l)
}

// newProfile opens a window that shares nothing with other windows.
func newProfile(t *testing.T) (ctx context.Context, leave func()) {
	t.Helper()
	asked, cancel := context.WithTimeout(browser, patience)
	defer cancel()
	asked = cdp.WithExecutor(asked, chromedp.FromContext(browser).Browser)
	profile, err := target.CreateBrowserContext().Do(asked)
	if err != nil {
		t.Fatalf("make a profile: %v", err)
	}
	// chromedp.WithNewBrowserContext asks for a tab, and a new profile has no
	// window yet that could hold it.
	tab, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(asked)
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	ctx, cancelTab := chromedp.NewContext(browser, chromedp.WithTargetID(tab))
	if err := chromedp.Run(ctx); err != nil { // how long events of the tab arrive depends on the context of the first run
		t.Fatalf("open a tab: %v", err)
	}
	return ctx, func() {
		cancelTab()
		last, cancel := context.WithTimeout(cdp.WithExecutor(browser, chromedp.FromContext(browser).Browser), patience)
		defer cancel()
		_ = target.DisposeBrowserContext(profile).Do(last)
	}
}

// become shows the page in another look, without loading the page again.
func (v *visitor) become(l look) {
	v.t.Helper()
	v.look = l
	v.do(
		emulation.SetDeviceMetricsOverride(l.width, l.height, 1, false),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: schemeFeature, Value: l.scheme()}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}),
	)
	v.until(fmt.Sprintf("innerWidth === %d && matchMedia('(%s: %s)').matches", l.width, schemeFeature, l.scheme()))
}

// withoutScripts turns scripts off for the pages that are opened from now on.
func (v *visitor) withoutScripts() *visitor {
	v.t.Helper()
	v.do(emulation.SetScriptExecutionDisabled(true))
	return v
}

// do runs actions in the browser.
func (v *visitor) do(actions ...chromedp.Action) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		v.t.Fatalf("%T: %v", actions[0], err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](v *visitor, expression string) T {
	v.t.Helper()
	var answer T
	v.do(chromedp.Evaluate(expression, &answer))
	return answer
}

// act runs a script that may lead to another page. The script runs after the answer about it: the answer of a script in a page
// that is left does not always arrive.
func (v *visitor) act(script string) {
	v.t.Helper()
	v.do(chromedp.Evaluate("setTimeout(() => { "+script+" }); true", nil))
}

// until waits until an expression is true, in this page or in a page that follows it.
func (v *visitor) until(expression string) {
	v.t.Helper()
	if !v.becomes(expression) {
		v.t.Fatalf("at %s, %s did not become true, want it true", v.where(), expression)
	}
}

func (v *visitor) becomes(expression string) bool {
	return waittest.Becomes(func() bool {
		var holds bool
		ctx, cancel := context.WithTimeout(v.ctx, patience)
		defer cancel()
		err := chromedp.Run(ctx, chromedp.Evaluate("!!("+expression+")", &holds)) // this fails while the page changes
		return err == nil && holds
	})
}

// where describes the present page, for the messages of failed tests.
func (v *visitor) where() string {
	var at string
	_ = chromedp.Run(v.ctx, chromedp.Evaluate(`location.pathname + " “" + document.title + "”"`, &at))
	return at
}

// open goes to an address: a path of the service, or a link from a mail.
func (v *visitor) open(address string) {
	v.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.site.origin + address
	}
	v.do(chromedp.Navigate(address))
	v.checkWidth()
}

// leaving calls act, which leads to another page, and waits until that page is loaded. The
// parameter to is the path of that page, without a query.
func (v *visitor) leaving(to string, act func()) {
	v.t.Helper()
	v.do(chromedp.Evaluate(`window.before = true`, nil))
	act()
	if !v.becomes(fmt.Sprintf("!window.before && document.readyState === 'complete' && location.pathname === %s", quote(to))) {
		v.t.Fatalf("at %s, want %s", v.where(), to)
	}
	v.checkWidth()
}

// checkWidth fails the test when the page is wider than the window.
func (v *visitor) checkWidth() {
	v.t.Helper()
	if over := v.overhang(); over > 0 {
		v.t.Errorf("%s is %d pixels wider than the window of %d, want it to fit", v.where(), over, v.look.width)
	}
}

// overhang returns the number of pixels by which the page is wider than the window.
func (v *visitor) overhang() int {
	v.t.Helper()
	return ask[int](v, `document.scrollingElement.scrollWidth - innerWidth`)
}

// says returns the text of key in the visitor's language. pairs are the names and values of the
// placeholders in the text.
func (v *visitor) says(key string, pairs ...string) string {
	params := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	return catalogue.Say(v.locale, key, params)
}

// wantText fails the test unless an element contains text.
func (v *visitor) wantText(selector, text string) {
	v.t.Helper()
	said := ask[[]string](v, fmt.Sprintf(`[...document.querySelectorAll(%s)].map(e => e.textContent)`, quote(selector)))
	if !strings.Contains(strings.Join(said, "\n"), text) {
		v.t.Errorf("%s: %s says %q, want %q", v.where(), selector, said, text)
	}
}

// wantNotice fails the test unless the page shows the notice of a code, in an element that
// screen readers announce.
func (v *visitor) wantNotice(code string) {
	v.t.Helper()
	v.until(`document.querySelector("[role=status]")?.textContent.trim()`)
	v.wantText("#notice[role=status]", v.says("notice."+code))
}

// wantRefusal fails the test unless the page refuses a sign-in, in an element that screen
// readers announce, and without saying what was wrong.
func (v *visitor) wantRefusal() {
	v.t.Helper()
	v.wantText("#problem[role=alert]", v.says("error.sign_in_wrong"))
}

// picture returns a picture of the page. If bottom is not 0, it shows only the part of the page
// above it.
func (v *visitor) picture(bottom float64) []byte {
	v.t.Helper()
	if bottom == 0 {
		bottom = ask[float64](v, `Math.max(document.documentElement.scrollHeight, innerHeight)`)
	}
	var png []byte
	v.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).
			WithClip(&page.Viewport{Width: float64(v.look.width), Height: bottom, Scale: 1}).Do(ctx)
		return err
	}))
	return png
}

// keepFailure keeps a picture of the last page of a failed test.
func (v *visitor) keepFailure() {
	if !v.t.Failed() {
		return
	}
	folder := filepath.Join("..", ".cache", "e2e")
	name := filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(v.t.Name())+"-"+v.look.String()+".png")
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	var png []byte
	if chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)) == nil && os.MkdirAll(folder, 0o755) == nil && os.WriteFile(name, png, 0o644) == nil {
		v.t.Logf("the last page: %s, see %s", v.where(), name)
	}
}

// quote returns text as a string for a script.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return string(quoted)
}

// withoutQuery returns an address without its query.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.RawQuery = ""
	return u.String()
}
