package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
)

// row has the answers of a route: to a visitor who is not signed in, to a person who is,
// and to a form that another site sent with that person's cookies. After the status 303,
// a row has the address to which the answer leads.
type row struct{ signedOut, signedIn, crossSite string }

// table has a row for every route. A route without a row fails the test, so
// that its author decides who may use it.
func table() map[string]row {
	const (
		open      = "200"
		forbidden = "403"
		mailed    = "410" // needs the token from a mail
	)
	signIn := func(page string) string { return "303 /signin?return_to=" + url.QueryEscape(page) }
	account := func(page string) row { return row{signIn(page), open, open} }
	// The server of another owner, or one that does not exist, is not found.
	serverPage := func(path string) row { return row{signIn("/servers/1" + path), "404", "404"} }
	ofServer, ofSettings, ofPeople := row{signIn("/servers/1"), "404", forbidden}, row{signIn("/servers/1/settings"), "404", forbidden}, row{signIn("/servers/1/people"), "404", forbidden}
	operators := func(page string) row { return row{signIn(page), "404", "404"} }
	ofOperators := func(page string) row { return row{signIn(page), "404", forbidden} }
	ofWebhook := row{signIn("/webhooks/1"), "404", forbidden}
	ofCircle := row{signIn("/circles/1"), "404", forbidden}
	ofImport := row{signIn("/servers/1/imports/:import"), "404", forbidden}
	ofMember := row{signIn("/family/members/1"), "404", forbidden} // somebody whom the reader does not look after
	return map[string]row{
		"GET /":                                      {open, open, open},
		"GET /help":                                  {open, open, open},
		"GET /welcome":                               {"404", "404", "404"}, // no set-up is open
		"POST /welcome":                              {"404", "404", forbidden},
		"GET /welcome/:step":                         {"404", "404", "404"},
		"POST /welcome/:step":                        {"404", "404", forbidden},
		"GET /welcome/arrived":                       {mailed, mailed, mailed},
		"POST /welcome/arrived":                      {mailed, mailed, forbidden},
		"GET /welcome/mail/state":                    {"404", "404", "404"},
		"POST /welcome/finish":                       {"404", "404", forbidden},
		"GET /help/pin":                              {open, open, open},
		"GET /help/:topic":                           {"404", "404", "404"},
		"GET /signup":                                {open, "303 /servers", "303 /servers"},
		"GET /signup/sent":                           {open, open, open},
		"GET /signin":                                {open, "303 /servers", "303 /servers"},
		"GET /forgot":                                {open, open, open},
		"GET /forgot/sent":                           {open, open, open},
		"GET /account":                               account("/account"),
		"GET /account/email":                         account("/account/email"),
		"GET /account/password":                      account("/account/password"),
		"GET /account/confirm-password":              account("/account/confirm-password"),
		"GET /account/sessions":                      account("/account/sessions"),
		"GET /account/history":                       account("/account/history"),
		"GET /account/pin":                           account("/account/pin"),
		"GET /account/pin/forgot":                    account("/account/pin/forgot"),
		"GET /account/export":                        {signIn("/account/export"), open, forbidden}, // each export is recorded in the history
		"GET /account/delete":                        account("/account/delete"),
		"GET /confirm":                               {mailed, mailed, mailed},
		"GET /reset":                                 {mailed, mailed, mailed},
		"GET /account/email/confirm":                 {mailed, mailed, mailed},
		"GET /account/email/undo":                    {mailed, mailed, mailed},
		"GET /account/pin/reset":                     {mailed, mailed, mailed},
		"GET /account/sessions/not-me":               {mailed, mailed, mailed},
		"GET /mail/stop":                             {mailed, mailed, mailed},
		"GET /captcha/challenge":                     {open, open, open},
		"GET /api/docs":                              {open, open, open},
		"GET /api/docs/objects":                      {open, open, open},
		"GET /api/docs/:group":                       {"404", "404", "404"},
		"GET /api/openapi.yaml":                      {open, open, open},
		"GET /livez":                                 {open, open, open},
		"GET /readyz":                                {open, open, open},
		"GET /arrival":                               {"404", "404", "404"},
		"GET /robots.txt":                            {open, open, open},
		"GET /favicon.ico":                           {open, open, open},
		"GET /static/*file":                          {"404", "404", "404"},
		"GET /.well-known/security.txt":              {open, open, open},
		"GET /.well-known/change-password":           {"302 /account/password", "302 /account/password", "302 /account/password"},
		"GET /dev/mail":                              {open, open, open},
		"POST /language":                             {"400", "400", forbidden},
		"POST /messages/close":                       {"404", "404", forbidden},
		"POST /signup":                               {"422", "422", forbidden},
		"POST /signup/resend":                        {"303 /signup/sent", "303 /signup/sent", forbidden},
		"POST /signup/correct":                       {"303 /signup/sent", "303 /signup/sent", forbidden},
		"POST /signin":                               {"422", "422", forbidden},
		"POST /signout":                              {"303 /", "303 /", forbidden},
		"POST /signout/everywhere":                   {signIn("/servers"), "303 /signin", forbidden},
		"POST /forgot":                               {"422", "422", forbidden},
		"POST /confirm":                              {mailed, mailed, forbidden},
		"POST /mail/stop":                            {mailed, mailed, forbidden},
		"POST /mail/stop/end":                        {mailed, mailed, forbidden},
		"GET /who":                                   account("/who"),
		"GET /who/:id":                               {signIn("/who/1"), "404", "404"},
		"POST /who/:id":                              {signIn("/who/1"), "404", forbidden},
		"POST /who/join":                             {signIn("/who"), "422", forbidden},
		"POST /who/tiles":                            {signIn("/who"), "303 /who", forbidden},
		"GET /account/picture":                       account("/account/picture"),
		"GET /unlock":                                account("/unlock"),
		"POST /unlock":                               {signIn("/unlock"), "422", forbidden},
		"POST /unlock/close":                         {signIn("/unlock"), "303 /unlock", forbidden},
		"GET /servers/:id/televisions/:link_id":      serverPage("/televisions/:link_id"),
		"POST /servers/:id/televisions/:link_id":     {signIn("/servers/1/televisions/:link_id"), "404", forbidden},
		"GET /servers/:id/televisions/:link_id/:try": serverPage("/televisions/:link_id/:try"),
		"GET /servers/:id/televisions/:link_id/:try/state": serverPage("/televisions/:link_id/:try"),
		"GET /servers/:id/hold":                            serverPage("/hold"),
		"POST /servers/:id/hold":                           {signIn("/servers/1/hold"), "404", forbidden},
		"GET /servers/:id/protection":                      serverPage("/protection"),
		"POST /servers/:id/protection":                     {signIn("/servers/1/protection"), "404", forbidden},
		"POST /servers/:id/protection/let-unlock":          {signIn("/servers/1/protection"), "404", forbidden},
		"GET /servers/:id/people/:link_id/protection":      serverPage("/people/:link_id/protection"),
		"POST /servers/:id/people/:link_id/protection":     {signIn("/servers/1/people/:link_id/protection"), "404", forbidden},
		"GET /stay":                             {mailed, mailed, mailed},
		"POST /stay":                            {mailed, mailed, forbidden},
		"GET /servers/:id/people/:link_id/stay": serverPage("/people/:link_id/stay"),
		"POST /servers/:id/people/:link_id/stay/end":       {signIn("/servers/1/people/:link_id/stay"), "404", forbidden},
		"POST /servers/:id/people/:link_id/stay/more":      {signIn("/servers/1/people/:link_id/stay"), "404", forbidden},
		"POST /servers/:id/people/:link_id/stay/pause":     {signIn("/servers/1/people/:link_id/stay"), "404", forbidden},
		"POST /servers/:id/people/:link_id/stay/resume":    {signIn("/servers/1/people/:link_id/stay"), "404", forbidden},
		"POST /servers/:id/people/:link_id/stay/libraries": {signIn("/servers/1/people/:link_id/stay"), "404", forbidden},
		"POST /servers/:id/people/:link_id/stay/hand":      {signIn("/servers/1/people/:link_id/stay"), "404", forbidden},
		"GET /family":                               account("/family"),
		"POST /family/members":                      {signIn("/family"), "422", forbidden},
		"POST /family/people":                       {signIn("/family"), "422", forbidden},
		"POST /family/people/remove":                {signIn("/family"), "404", forbidden},
		"POST /family/accept":                       {signIn("/family"), "404", forbidden},
		"POST /family/decline":                      {signIn("/family"), "404", forbidden},
		"POST /family/leave":                        {signIn("/family"), "404", forbidden},
		"GET /family/members/:id":                   {ofMember.signedOut, "404", "404"},
		"POST /family/members/:id/sessions/end":     ofMember,
		"POST /family/members/:id/sessions/end-all": ofMember,
		"POST /family/members/:id/ceiling":          ofMember,
		"POST /family/members/:id/password":         ofMember,
		"POST /family/members/:id/pin":              ofMember,
		"POST /family/members/:id/let-go":           ofMember,
		"POST /family/members/:id/delete":           ofMember,
		"POST /family/members/:id/links/accept":     ofMember,
		"POST /family/members/:id/links/decline":    ofMember,
		"POST /family/members/:id/invites/accept":   ofMember,
		"POST /family/members/:id/invites/decline":  ofMember,
		"POST /account/picture":                     {signIn("/account/picture"), "415", forbidden},
		"POST /account/picture/remove":              {signIn("/account/picture"), "303 /account", forbidden},
		"GET /pictures/:token":                      {"404", "404", "404"},
		"POST /account/invite-mails":                {signIn("/account/invite-mails"), "400", forbidden},
		"POST /reset":                               {mailed, mailed, forbidden},
		"POST /account":                             {signIn("/account"), "422", forbidden},
		"POST /account/email":                       {signIn("/account/email"), "422", forbidden},
		"POST /account/email/confirm":               {mailed, mailed, forbidden},
		"POST /account/email/undo":                  {mailed, mailed, forbidden},
		"POST /account/password":                    {signIn("/account/password"), "422", forbidden},
		"POST /account/confirm-password":            {signIn("/account/confirm-password"), "422", forbidden},
		"POST /account/sessions/end":                {signIn("/account/sessions"), "404", forbidden},
		"POST /account/sessions/end-device":         {signIn("/account/sessions"), "404", forbidden},
		"POST /account/sessions/end-others":         {signIn("/account/sessions"), "303 /account/sessions", forbidden},
		"POST /account/sessions/not-me":             {mailed, mailed, forbidden},
		"POST /account/pin":                         {signIn("/account/pin"), "422", forbidden},
		"POST /account/pin/mail":                    {signIn("/account/pin/forgot"), "303 /account/pin/forgot", forbidden},
		"POST /account/pin/forgot":                  {signIn("/account/pin/forgot"), "422", forbidden},
		"POST /account/pin/reset":                   {mailed, mailed, forbidden},
		"POST /account/delete":                      {signIn("/account/delete"), "422", forbidden},
		"POST /family/members/:id/let-go/back":      ofMember,
		"GET /family/members/:id/picture":           {signIn("/family/members/1/picture"), "404", "404"},
		"POST /family/members/:id/picture":          {signIn("/family/members/1/picture"), "404", forbidden},
		"POST /family/members/:id/picture/remove":   {signIn("/family/members/1/picture"), "404", forbidden},

		"GET /servers":                            account("/servers"),
		"GET /servers/new":                        account("/servers/new"),
		"GET /servers/:id":                        serverPage(""),
		"GET /servers/:id/settings":               serverPage("/settings"),
		"GET /servers/:id/people":                 serverPage("/people"),
		"GET /servers/:id/people/:link_id":        serverPage("/people/:link_id"),
		"GET /servers/:id/people/:link_id/way-in": serverPage("/people/:link_id/way-in"),
		"GET /servers/:id/open":                   serverPage("/open"),
		"GET /servers/:id/start":                  serverPage("/start"),
		"GET /servers/:id/password":               serverPage("/password"),
		"GET /servers/:id/password/state":         serverPage("/password"),
		"POST /servers/:id/open":                  {signIn("/servers/1/open"), "303 /servers/1/open", forbidden},
		"GET /servers/:id/authorize":              {signIn("/servers/1/authorize"), "400", "400"}, // without the parameters of an agent
		"POST /servers/:id/authorize":             {signIn("/servers/1/authorize"), "400", forbidden},
		"GET /invitations":                        account("/invitations"),
		"GET /link":                               account("/link"),
		"GET /link/code":                          {signIn("/link/code"), "303 /link", "303 /link"},
		"GET /pin":                                {"302 /link", "302 /link", "302 /link"},
		"POST /servers/leave":                     {signIn("/servers"), "404", forbidden},
		"POST /servers/new":                       {signIn("/servers/new"), "303 /servers/new", forbidden},
		"POST /servers/claim":                     {signIn("/servers/new"), "422", forbidden},
		"POST /servers/:id/rename":                ofSettings,
		"GET /servers/:id/picture":                serverPage("/picture"),
		"POST /servers/:id/picture":               {signIn("/servers/1/picture"), "404", forbidden},
		"POST /servers/:id/picture/remove":        {signIn("/servers/1/picture"), "404", forbidden},
		"POST /servers/:id/start-note":            ofSettings,
		"POST /servers/:id/linked-passwords":      ofSettings,
		"POST /servers/:id/addresses":             ofSettings,
		"POST /servers/:id/addresses/move":        ofSettings,
		"POST /servers/:id/addresses/hide":        ofSettings,
		"POST /servers/:id/addresses/remove":      ofSettings,
		"POST /servers/:id/people/remove":         ofPeople,
		"POST /servers/:id/libraries/replace":     ofServer,
		"POST /servers/:id/key":                   ofSettings,
		"POST /servers/:id/key/stolen":            ofSettings,
		"POST /servers/:id/key/end":               ofSettings,
		"POST /servers/:id/hand-over":             ofSettings,
		"POST /servers/:id/remove":                ofSettings,
		"GET /servers/:id/invite":                 serverPage("/invite"),
		"GET /servers/:id/join":                   serverPage("/join"),
		"GET /servers/:id/join/state":             {signIn("/servers/1/join"), "404", "404"},
		"POST /servers/:id/join":                  {signIn("/servers/1/join"), "404", forbidden},
		"POST /servers/:id/password":              {signIn("/servers/1/password"), "404", forbidden},
		"POST /servers/:id/start":                 {signIn("/servers/1/start"), "404", forbidden},
		"POST /servers/:id/people/terms":          ofPeople,
		"POST /servers/:id/self-service":          ofSettings,
		"POST /servers/:id/invites/withdraw":      ofServer,
		"POST /invites":                           {signIn("/servers"), "404", forbidden},
		"POST /invites/accept":                    {signIn("/invitations"), "404", forbidden},
		"POST /invites/decline":                   {signIn("/invitations"), "404", forbidden},
		"GET /invites/:id/family":                 {signIn("/invites/1/family"), "404", "404"},
		"POST /invites/:id/family":                {signIn("/invites/1/family"), "404", forbidden},
		"GET /i":                                  {open, open, open},
		"POST /i":                                 {"422", "422", forbidden},
		"POST /invite/accept":                     {signIn("/invite"), mailed, forbidden},
		"GET /servers/:id/invites":                serverPage("/invites"),
		"GET /servers/:id/invites/:invite":        serverPage("/invites/:invite"),
		"GET /servers/:id/checks":                 serverPage("/checks"),
		"POST /servers/:id/checks":                {signIn("/servers/1/checks"), "404", forbidden},
		"GET /servers/:id/checks/state":           {signIn("/servers/1/checks"), "404", "404"},
		"POST /servers/:id/tries":                 {signIn("/servers/1/checks"), "404", forbidden},
		"GET /invite":                             {mailed, mailed, mailed},
		"GET /invite/signup":                      {"302 /invite", "302 /invite", "302 /invite"},
		"POST /invite/signup":                     {mailed, mailed, forbidden},
		"POST /invitations/accept":                {signIn("/invitations"), "404", forbidden},
		"POST /invitations/decline":               {signIn("/invitations"), "404", forbidden},
		"POST /link":                              {signIn("/link"), "422", forbidden},
		"POST /link/approve":                      {signIn("/link"), "422", forbidden},
		"POST /link/deny":                         {signIn("/link"), "422", forbidden},
		"POST /link/quick-connect":                {signIn("/link"), "422", forbidden},
		"GET /link/quick-connect/:id":             {signIn("/link/quick-connect/1"), "404", "404"},
		"GET /link/quick-connect/:id/state":       {signIn("/link/quick-connect/1"), "404", "404"},

		"POST /account/email/again":                 {signIn("/account"), "404", forbidden},
		"GET /servers/:id/import":                   serverPage("/import"),
		"POST /servers/:id/import":                  {signIn("/servers/1/import"), "404", forbidden},
		"POST /servers/:id/import/file":             {signIn("/servers/1/import"), "404", forbidden},
		"GET /servers/:id/imports/:import":          serverPage("/imports/:import"),
		"POST /servers/:id/imports/:import/run":     ofImport,
		"POST /servers/:id/imports/:import/discard": ofImport,
		"POST /servers/:id/imports/:import/remind":  ofImport,
		"GET /circles":                              account("/circles"),
		"POST /circles":                             {signIn("/circles"), "422", forbidden},
		"GET /circles/:id":                          {signIn("/circles/1"), "404", "404"},
		"POST /circles/:id/rename":                  ofCircle,
		"POST /circles/:id/invites":                 ofCircle,
		"POST /circles/:id/owners":                  ofCircle,
		"POST /circles/:id/owners/take-back":        ofCircle,
		"POST /circles/:id/servers":                 ofCircle,
		"POST /circles/:id/servers/terms":           ofCircle,
		"POST /circles/:id/servers/take":            ofCircle,
		"POST /circles/:id/servers/take-out":        ofCircle,
		"POST /circles/:id/people/admit":            ofCircle,
		"POST /circles/:id/people/refuse":           ofCircle,
		"POST /circles/:id/people/allow":            ofCircle,
		"POST /circles/:id/decline":                 ofCircle,
		"POST /circles/:id/leave":                   ofCircle,
		"POST /circles/:id/dissolve":                ofCircle,
		"POST /servers/:id/invite/profiles":         ofServer,
		"POST /servers/:id/invite/profiles/rename":  ofServer,
		"POST /servers/:id/invite/profiles/delete":  ofServer,
		"POST /servers/:id/invite/profiles/copy":    ofServer,

		// For everybody who is not an operator, these pages do not exist.
		"GET /admin":                            operators("/admin"),
		"GET /admin/throttles":                  operators("/admin/throttles"),
		"GET /admin/settings":                   operators("/admin/settings"),
		"GET /admin/health":                     operators("/admin/health"),
		"GET /admin/settings/:name":             operators("/admin/settings/:name"),
		"POST /admin/settings/:name":            {signIn("/admin/settings/:name"), "404", forbidden},
		"POST /admin/settings/:name/remove":     {signIn("/admin/settings/:name"), "404", forbidden},
		"GET /admin/history":                    operators("/admin/history"),
		"POST /admin/throttles":                 {signIn("/admin/throttles"), "404", forbidden},
		"GET /admin/accounts":                   operators("/admin/accounts"),
		"GET /admin/accounts/:id":               operators("/admin/accounts/1"),
		"POST /admin/accounts/:id/confirm":      ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/disable":      ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/enable":       ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/unlock":       ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/send-reset":   ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/end-sessions": ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/operator":     ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/operator-end": ofOperators("/admin/accounts/1"),
		"POST /admin/accounts/:id/delete":       ofOperators("/admin/accounts/1"),
		"GET /admin/servers":                    operators("/admin/servers"),
		"GET /admin/servers/:id":                operators("/admin/servers/1"),
		"POST /admin/servers/:id/disable":       ofOperators("/admin/servers/1"),
		"POST /admin/servers/:id/enable":        ofOperators("/admin/servers/1"),
		"POST /admin/servers/:id/remove":        ofOperators("/admin/servers/1"),
		"GET /admin/invites":                    operators("/admin/invites"),
		"POST /admin/invites":                   ofOperators("/admin/invites"),
		"GET /admin/invites/:id":                operators("/admin/invites/1"),
		"POST /admin/invites/:id/withdraw":      ofOperators("/admin/invites/1"),
		"GET /admin/families":                   operators("/admin/families"),
		"GET /admin/families/:id":               operators("/admin/families/1"),
		"GET /admin/messages":                   operators("/admin/messages"),
		"POST /admin/messages":                  ofOperators("/admin/messages"),
		"GET /admin/messages/:id":               operators("/admin/messages/1"),
		"POST /admin/messages/:id/withdraw":     ofOperators("/admin/messages/1"),
		"GET /admin/mails":                      operators("/admin/mails"),
		"GET /admin/mails/:id":                  operators("/admin/mails/1"),
		"POST /admin/mails/:id/retry":           ofOperators("/admin/mails/1"),
		"POST /admin/mails/:id/drop":            ofOperators("/admin/mails/1"),

		"GET /webhooks":              account("/webhooks"),
		"POST /webhooks":             {signIn("/webhooks"), "422", forbidden},
		"GET /webhooks/:id":          {ofWebhook.signedOut, "404", "404"},
		"POST /webhooks/:id":         ofWebhook,
		"POST /webhooks/:id/address": ofWebhook,
		"POST /webhooks/:id/on":      ofWebhook,
		"POST /webhooks/:id/off":     ofWebhook,
		"POST /webhooks/:id/test":    ofWebhook,
		"POST /webhooks/:id/replay":  ofWebhook,
		"POST /webhooks/:id/delete":  ofWebhook,
		"POST /webhooks/:id/secret":  ofWebhook,

		"GET /admin/webhooks":              operators("/admin/webhooks"),
		"POST /admin/webhooks":             ofOperators("/admin/webhooks"),
		"GET /admin/webhooks/:id":          operators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id":         ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/address": ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/on":      ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/off":     ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/test":    ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/replay":  ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/delete":  ofOperators("/admin/webhooks/1"),
		"POST /admin/webhooks/:id/secret":  ofOperators("/admin/webhooks/1"),
	}
}

func development(s *handlers.Server) {
	s.Dev = true
	s.CaptchaKind, s.Challenge = handlers.CaptchaProofOfWork, func() (any, error) { return captcha.Challenge{}, nil }
}

func TestEveryRoute(t *testing.T) {
	t.Parallel()
	s := newSite(t, development)
	routes, err := handlers.Routes(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	stranger, owner := s.browser(t), s.browser(t)
	p := owner.join("ann")
	rows := table()
	met := map[string]bool{}
	for _, route := range routes {
		name := route.Method + " " + route.Path
		if strings.HasPrefix(route.Path, "/api/v1/") {
			continue // see TestEveryAPIRoute
		}
		want, ok := rows[name]
		if route.Method == http.MethodHead {
			want, ok = rows["GET "+route.Path]
		}
		if !ok {
			t.Errorf("%s has no row: add one to table, in handlers/routes_test.go, that says who may ask for it", name)
			continue
		}
		met[name] = true
		path := strings.NewReplacer("*file", "nothing", ":id", "1").Replace(route.Path)
		if !owner.isSignedIn() {
			owner.signIn(p)
		}
		check := func(who string, a answer, want string) {
			t.Helper()
			if got := strings.TrimSpace(strconv.Itoa(a.status) + " " + a.location()); got != want {
				t.Errorf("%s, %s: %s, want %s", name, who, got, want)
			}
			if a.header.Get("Content-Security-Policy") == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s, %s: headers are missing, want some Content-Security-Policy, X-Content-Type-Options nosniff", name, who)
			}
		}
		check("from another site", owner.from("cross-site", route.Method, path), want.crossSite)
		check("signed out", stranger.from("same-origin", route.Method, path), want.signedOut)
		check("signed in", owner.from("same-origin", route.Method, path), want.signedIn)
	}
	for name := range rows {
		if !met[name] {
			t.Errorf("there is no route %s: remove its row from table, in handlers/routes_test.go, or add it to handlers/routes.go", name)
		}
		if head := strings.Replace(name, "GET ", "HEAD ", 1); !met[head] {
			t.Errorf("there is no route %s: register the page with get, in handlers/routes.go", head)
		}
	}
}

// from sends an empty request as a page of this site, or of another site,
// would.
func (b *browser) from(site, method, path string) answer {
	b.t.Helper()
	request := b.request(method, path, "")
	request.Header.Set("Sec-Fetch-Site", site)
	return b.send(request)
}
