//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// TestOwnerStory is an evening of an owner beside a real agent: they sign grandmother's television in from their own
// page, give her two more weeks from the mail, and read that the certificate of their address has expired.
func TestOwnerStory(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		locale string
		look   look
		owner  string
	}{{"en", desktop, "omar"}, {"de", phone, "olga"}} {
		t.Run(one.locale, func(t *testing.T) {
			t.Parallel()
			jellyfin := jellyfintest.New(t, "12")
			films := jellyfin.AddLibrary("Films")
			jellyfin.AddUser("Mira", "a password that nobody is asked for", false)
			address, until := expiredProxy(t, jellyfin.URL)
			s := serve(t)
			of, grandmother := s.account(t, one.owner), s.account(t, "grandmother")
			token := s.token(t, of)
			p := agentProgram{t.TempDir(), []string{
				"LATCHKEY_AGENT_SERVICE=" + s.origin, "LATCHKEY_AGENT_CLAIM_CODE=" + s.claimCode(t, token), "LATCHKEY_AGENT_LISTEN=127.0.0.1:0",
				"LATCHKEY_AGENT_MEDIA_SERVER=jellyfin", "LATCHKEY_AGENT_MEDIA_SERVER_URL=" + jellyfin.URL, "LATCHKEY_AGENT_API_KEY=" + jellyfin.APIKey,
				"LATCHKEY_AGENT_ADDRESSES=" + address, "LATCHKEY_AGENT_REPORT_LAN=false",
			}}
			p.do(t, "", "setup")
			p.start(t, jellyfin.APIKey)
			server := s.ownServer(t, token)
			s.localUserID(t, token, server, "Mira") // the agent has reported, and with her the films
			s.invite(t, token, server, grandmother, map[string]any{"libraries": []string{films}})
			s.localUserID(t, token, server, "grandmother")
			s.alter(t, `UPDATE accounts SET locale = ? WHERE username = ?`, one.locale, of.username)

			owner := s.visit(t, one.look, one.locale)
			signIn(owner, of)
			row := rowOf(owner, server, grandmother)
			signsTelevisionIn(owner, jellyfin.URL, row, grandmother)
			givesTwoMoreWeeks(owner, of, row)
			readsAboutTheCertificate(owner, "/servers/"+server, until)
		})
	}
}

// expiredProxy starts a proxy before a media server. Its certificate has expired. It returns the address of the proxy and
// the last moment of the certificate.
func expiredProxy(t *testing.T, media string) (address string, until time.Time) {
	t.Helper()
	behind, err := url.Parse(media)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	until = time.Now().AddDate(0, 0, -3).UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.AddDate(0, -3, 0), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(behind))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, until
}

// rowOf opens the list of people and follows the row of a person. It returns the page of the row.
func rowOf(owner *visitor, server string, of person) string {
	owner.t.Helper()
	owner.open("/servers/" + server + "/people?q=" + of.username)
	row := ask[string](owner, `document.querySelector('main a[href^="/servers/`+server+`/people/"]').getAttribute("href")`)
	owner.follow(`main a[href="`+row+`"]`, row)
	return row
}

// signsTelevisionIn lets the owner type the six digits that grandmother reads to them.
func signsTelevisionIn(owner *visitor, media, row string, grandmother person) {
	t := owner.t
	t.Helper()
	tv := watchTelevision(t, media)
	page := ask[string](owner, `document.querySelector('main a[href*="/televisions/"]').getAttribute("href")`)
	owner.follow(`main a[href="`+page+`"]`, page)
	owner.fill("code", tv.next().Code)
	owner.send(page)
	owner.wantText("main", owner.says("page.television.warning"))
	owner.audit("television for grandmother " + owner.locale)
	owner.tabTo(`form[action="` + page + `"] button`)
	owner.press(" ")
	owner.until(`document.querySelector("main").textContent.includes(` + quote(owner.says("page.television_wait.done.title")) + `)`)
	if got := tv.next(); got.Name != grandmother.username {
		t.Errorf("the television is signed in as %+v, want grandmother", got)
	}
	owner.site.mail(t, "television", grandmother.email)
	owner.open(row)
}

// givesTwoMoreWeeks lets a week before the end come, and follows the link of the owner's mail.
func givesTwoMoreWeeks(owner *visitor, of person, row string) {
	t, s := owner.t, owner.site
	t.Helper()
	end := time.Now().AddDate(0, 0, 6).UTC()
	s.alter(t, "UPDATE links SET ends_at = ?, remind_at = '2020-01-01 00:00:00+00:00' WHERE id = "+path.Base(row), end)
	owner.arriveByLink(s.link(t, "stay_ending_owner", of.email), "/stay")
	owner.audit("two more weeks from the mail " + owner.locale)
	owner.push(`form[action="/stay"] button`, "/stay")
	owner.wantText("main", owner.says("page.stay_more.done"))
	owner.open(row)
	later := end.AddDate(0, 0, 14)
	owner.wantText("main", owner.says("date.day", "Day", later.Format("2"), "Month", owner.says("date.month."+later.Format("1")), "Year", later.Format("2006")))
}

// readsAboutTheCertificate asks the agent for its checks, and finds the certificate on the page of the checks and on the
// overview.
func readsAboutTheCertificate(owner *visitor, server string, until time.Time) {
	owner.t.Helper()
	expired := owner.says("check.address.certificate_expired", "Date",
		owner.says("date.day", "Day", until.Format("2"), "Month", owner.says("date.month."+until.Format("1")), "Year", until.Format("2006")))
	owner.open(server + "/checks")
	owner.push(`form[action="`+server+`/checks"] button`, server+"/checks")
	owner.until(`document.readyState === "complete" && document.querySelector("[role=status]") === null && document.querySelector("main").textContent.includes(` + quote(expired) + `)`)
	owner.audit("an expired certificate " + owner.locale)
	owner.open(server)
	owner.audit("overview with an expired certificate " + owner.locale)
}
