package health_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/health"
)

// now is the time of all tests.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// dns is a resolver with these TXT records. The record "!" stands for a server that does not answer.
type dns map[string][]string

func (d dns) LookupTXT(_ context.Context, name string) ([]string, error) {
	list, known := d[strings.TrimSuffix(name, ".")]
	switch {
	case !known:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case slices.Contains(list, "!"):
		return nil, &net.DNSError{Err: "timeout", Name: name, IsTimeout: true}
	}
	return list, nil
}

// healthy returns sources in which everything that is not outside is in order.
func healthy() *health.Sources {
	return &health.Sources{
		PublicURL: "https://latchkey.example.test",
		Settings:  health.Settings{SignUpOpen: true, Listen: "127.0.0.1:8470", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
		Folders:   []string{"/data", "/data"},
		Free:      func(string) (uint64, error) { return 10 << 30, nil },
		FileKind:  func(string) (string, error) { return "ext4", nil },
		Database:  "/data/latchkey.db",
		Stored: func(context.Context) (health.Stored, error) {
			return health.Stored{
				Engine: health.Engine{SQLite: true, Version: "3.50.4", Session: map[string]string{"journal_mode": "wal", "synchronous": "2"}},
				Backup: health.Backup{Every: 24 * time.Hour, LastAt: now.Add(-3 * time.Hour)},
			}, nil
		},
		Mail: health.Mail{Domain: "example.test", Reach: func(context.Context) error { return nil }},
		Resolver: dns{
			"example.test": {"v=spf1 include:_spf.example.net -all", "google-site-verification=x"}, "mail._domainkey.example.test": {"v=DKIM1; p=MIGf"},
			"_dmarc.example.test": {"v=DMARC1; p=reject"},
		},
		Dial:  func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") },
		Key:   []byte("a key of the tests"),
		Nonce: rand.Text, Version: "1.4.0", Now: func() time.Time { return now },
	}
}

// reasons returns what the checks with a name found.
func reasons(list []health.Check, name string) (all []string) {
	for _, one := range list {
		if one.Name == name {
			all = append(all, one.Reason)
		}
	}
	return all
}

// look makes all checks with changed sources.
func look(t *testing.T, change func(*health.Sources)) []health.Check {
	t.Helper()
	s := healthy()
	if change != nil {
		change(s)
	}
	list := health.Look(t.Context(), s)
	for _, one := range list {
		if state, known := health.Reasons()[one.Name][one.Reason]; !known || state != one.State || !slices.Contains(health.Names(), one.Name) {
			t.Errorf("the check %+v is not in the list of reasons", one)
		}
	}
	return list
}

// Every check finds what is wrong, and nothing where all is in order.
func TestFindings(t *testing.T) {
	t.Parallel()
	record := func(name string, texts ...string) func(*health.Sources) {
		return func(s *health.Sources) {
			if records, ok := s.Resolver.(dns); ok {
				records[name] = texts
			}
		}
	}
	stored := func(change func(*health.Stored)) func(*health.Sources) {
		return func(s *health.Sources) {
			good := s.Stored
			s.Stored = func(ctx context.Context) (health.Stored, error) {
				all, err := good(ctx)
				change(&all)
				return all, err
			}
		}
	}
	server := func(change func(*health.Engine)) func(*health.Sources) {
		return stored(func(s *health.Stored) {
			s.ClockOwn = true
			s.Engine = health.Engine{
				Version: "10.11.14-MariaDB-0+deb12u2", Pool: 8,
				Global:  map[string]string{"max_allowed_packet": "16777216", "wait_timeout": "28800", "max_connections": "151", "read_only": "OFF", "innodb_flush_log_at_trx_commit": "1", "log_bin": "OFF", "sync_binlog": "0"},
				Session: map[string]string{"sql_mode": "STRICT_TRANS_TABLES,TRADITIONAL", "tx_isolation": "REPEATABLE-READ", "character_set_connection": "utf8mb4"},
			}
			change(&s.Engine)
		})
	}
	global := func(name, value string) func(*health.Sources) {
		return server(func(e *health.Engine) { e.Global[name] = value })
	}
	session := func(name, value string) func(*health.Sources) {
		return server(func(e *health.Engine) { e.Session[name] = value })
	}
	node := func(name, value string) func(*health.Sources) {
		return server(func(e *health.Engine) {
			maps.Copy(e.Global, map[string]string{"wsrep_on": "ON", "wsrep_cluster_size": "3", "wsrep_cluster_status": "Primary", "binlog_format": "ROW"})
			e.Session["wsrep_sync_wait"] = "7"
			e.Global[name], e.Session[name] = value, value
		})
	}
	agent := func(a health.Agent) func(*health.Sources) {
		a.Server = "Den"
		return stored(func(s *health.Stored) { s.Agents = []health.Agent{a} })
	}
	settings := func(change func(*health.Settings)) func(*health.Sources) {
		return func(s *health.Sources) { change(&s.Settings) }
	}
	proxy := func(network string) func(*health.Sources) {
		return settings(func(s *health.Settings) { s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(network)} })
	}
	for _, test := range []struct {
		name, want string // the names of the findings, with commas
		change     func(*health.Sources)
	}{
		{"mail", "ok", nil},
		{"mail", "failed", func(s *health.Sources) { s.Mail.Reach = func(context.Context) error { return errors.New("535 no") } }},
		{"mail", "folder", func(s *health.Sources) { s.Mail.Folder = true }},
		{"mail", "folder_development", func(s *health.Sources) { s.Mail.Folder, s.Mail.Development = true, true }},
		{"spf", "", func(s *health.Sources) { s.Mail.Folder = true }},
		{"spf", "ok", nil},
		{"spf", "ok", record("example.test", "V=SPF1 redirect=_spf.example.net")},
		{"spf", "none", record("example.test", "v=spf10 -all", "something")},
		{"spf", "several", record("example.test", "v=spf1 -all", "v=spf1 ~all")},
		{"spf", "everybody", record("example.test", "v=spf1 a +all")},
		{"spf", "no_end", record("example.test", "v=spf1 a mx")},
		{"spf", "unknown", record("example.test", "!")},
		{"dkim", "ok", nil},
		{"dkim", "ok", record("mail._domainkey.example.test", "k=rsa; t=s; p=abc")},
		{"dkim", "revoked", record("mail._domainkey.example.test", "v=DKIM1; p=")},
		{"dkim", "not_found", record("mail._domainkey.example.test", "nothing of ours")},
		{"dkim", "unknown", record("mail._domainkey.example.test", "!")},
		{"dkim", "ok", func(s *health.Sources) {
			s.Resolver, s.Selectors = dns{"odd._domainkey.example.test": {"p=abc"}}, []string{"odd"}
		}},
		{"dmarc", "ok", nil},
		{"dmarc", "ok", func(s *health.Sources) { s.Mail.Domain = "accounts.mail.example.test" }},
		{"dmarc", "watch", record("_dmarc.example.test", "v=DMARC1; sp=reject; p=none; rua=mailto:a@example.test")},
		{"dmarc", "invalid", record("_dmarc.example.test", "v=DMARC1; p=maybe")},
		{"dmarc", "several", record("_dmarc.example.test", "v=DMARC1; p=none", "v=DMARC1; p=reject")},
		{"dmarc", "none", func(s *health.Sources) { s.Mail.Domain = "elsewhere.test" }},
		{"dmarc", "unknown", record("_dmarc.example.test", "!")},
		{"disk", "ok", nil},
		{"disk", "low", func(s *health.Sources) { s.Free = func(string) (uint64, error) { return 1 << 30, nil } }},
		{"disk", "full", func(s *health.Sources) { s.Free = func(string) (uint64, error) { return 1 << 20, nil } }},
		{"disk", "unknown,unknown", func(s *health.Sources) {
			s.Folders, s.Free = []string{"/a", "/b"}, func(string) (uint64, error) { return 0, errors.New("no") }
		}},
		{"database_file", "ok", nil},
		{"database_file", "network", func(s *health.Sources) { s.FileKind = func(string) (string, error) { return "nfs", nil } }},
		{"database_file", "unknown", func(s *health.Sources) { s.FileKind = func(string) (string, error) { return "", errors.New("no") } }},
		{"database_file", "", func(s *health.Sources) { s.Database = "" }},
		{"settings", "ok", nil},
		{"settings", "sign_up_open", settings(func(s *health.Settings) { s.CaptchaOff = true })},
		{"settings", "ok", settings(func(s *health.Settings) { s.CaptchaOff, s.SignUpOpen = true, false })},
		{"settings", "apps_open", settings(func(s *health.Settings) { s.AppsOpen = true })},
		{"settings", "md5", settings(func(s *health.Settings) { s.LegacyMD5 = true })},
		{"settings", "mail_plain", settings(func(s *health.Settings) { s.MailPlain = true })},
		{"settings", "development_open", settings(func(s *health.Settings) { s.Development = true })},
		{"settings", "development", func(s *health.Sources) { s.Settings.Development, s.PublicURL = true, "http://127.0.0.1:8470" }},
		{"settings", "development_open", func(s *health.Sources) {
			s.Settings.Development, s.Settings.Listen, s.PublicURL = true, ":8470", "http://localhost:8470"
		}},
		{"settings", "proxies_wide", proxy("10.0.0.0/8")},
		{"settings", "proxies_wide", proxy("0.0.0.0/0")},
		{"settings", "proxies_wide", proxy("fd00::/8")},
		{"settings", "ok", proxy("172.16.0.0/12")},
		{"settings", "ok", proxy("127.0.0.0/8")},
		{"settings", "ok", proxy("10.42.0.0/24")},
		{"clock", "same", nil},
		{"clock", "ok", server(func(*health.Engine) {})},
		{"clock", "apart", stored(func(s *health.Stored) { s.ClockOwn, s.ClockAhead = true, -10*time.Second })},
		{"clock", "differ", stored(func(s *health.Stored) { s.ClockOwn, s.ClockAhead = true, 2*time.Minute })},
		{"backup", "ok", nil},
		{"backup", "pending", stored(func(s *health.Stored) { s.Backup.LastAt = time.Time{} })},
		{"backup", "never", stored(func(s *health.Stored) { s.Backup = health.Backup{} })},
		{"backup", "by_hand", stored(func(s *health.Stored) { s.Backup.Every = 0 })},
		{"backup", "old", stored(func(s *health.Stored) { s.Backup = health.Backup{LastAt: now.Add(-200 * time.Hour)} })},
		{"backup", "old", stored(func(s *health.Stored) { s.Backup.LastAt = now.Add(-50 * time.Hour) })},
		{"backup", "failed", stored(func(s *health.Stored) { s.Backup.FailedAt, s.Backup.Failure = now, "disk full" })},
		{"queue", "ok", nil},
		{"queue", "waiting", stored(func(s *health.Stored) { s.Queue = health.Queue{Waiting: 1, Oldest: 2 * time.Hour} })},
		{"queue", "stuck", stored(func(s *health.Stored) { s.Queue = health.Queue{Waiting: 1, Oldest: 7 * time.Hour, Dead: 1} })},
		{"queue", "dead", stored(func(s *health.Stored) { s.Queue = health.Queue{Dead: 1} })},
		{"agent", "none", nil},
		{"agent", "ok", agent(health.Agent{Version: "1.4.0", OK: 9, CheckedAt: now})},
		{"agent", "ok", agent(health.Agent{Version: "development", OK: 9, CheckedAt: now})},
		{"agent", "ok", agent(health.Agent{Version: "1.10.0", OK: 9, CheckedAt: now})},
		{"agent", "older", agent(health.Agent{Version: "1.3.9", OK: 9, CheckedAt: now})},
		{"agent", "away", agent(health.Agent{Away: true, Wrong: 1})},
		{"agent", "wrong", agent(health.Agent{Version: "1.4.0", Wrong: 1, Warnings: 1, CheckedAt: now})},
		{"agent", "warnings", agent(health.Agent{Version: "1.4.0", Warnings: 1, CheckedAt: now})},
		{"agent", "unchecked", agent(health.Agent{Version: "1.4.0"})},
		{"agent", "disabled", agent(health.Agent{Disabled: true})},
		{"server_certificate", "ok", nil},
		{"server_certificate", "expired,soon", stored(func(s *health.Stored) {
			s.Certificates = []health.Certificate{{"Den", "https://a.test:443", now.Add(-time.Hour)}, {"Den", "https://b.test:443", now.Add(time.Hour)}}
		})},
		{"database", "ok", nil},
		{"database", "away", func(s *health.Sources) {
			s.Stored = func(context.Context) (health.Stored, error) { return health.Stored{}, errors.New("refused") }
		}},
		{"database", "ok", server(func(*health.Engine) {})},
		{"database", "ok", server(func(e *health.Engine) { e.Version = "8.4.2" })},
		{"database", "old", server(func(e *health.Engine) { e.Version = "10.5.20-MariaDB" })},
		{"database", "old", server(func(e *health.Engine) { e.Version = "5.7.44-log" })},
		{"database", "other", server(func(e *health.Engine) { e.Version = "8.0.11-TiDB-v8.5.2" })},
		{"database_session", "ok", server(func(*health.Engine) {})},
		{"database_session", "mode", session("sql_mode", "")},
		{"database_session", "isolation", session("tx_isolation", "READ-COMMITTED")},
		{"database_session", "characters", session("character_set_connection", "latin1")},
		{"database_write", "ok", nil},
		{"database_write", "journal", stored(func(s *health.Stored) { s.Engine.Session["journal_mode"] = "delete" })},
		{"database_write", "synchronous", stored(func(s *health.Stored) { s.Engine.Session["synchronous"] = "1" })},
		{"database_write", "ok", server(func(*health.Engine) {})},
		{"database_write", "read_only", global("read_only", "ON")},
		{"database_write", "flush", global("innodb_flush_log_at_trx_commit", "2")},
		{"database_write", "binlog", global("log_bin", "ON")},
		{"database_write", "doublewrite", global("innodb_doublewrite", "OFF")},
		{"database_limits", "ok", server(func(*health.Engine) {})},
		{"database_limits", "packet", global("max_allowed_packet", "1048576")},
		{"database_limits", "wait", global("wait_timeout", "30")},
		{"database_limits", "connections", global("max_connections", "10")},
		{"database_cluster", "", server(func(*health.Engine) {})},
		{"database_cluster", "ok", node("wsrep_on", "ON")},
		{"database_cluster", "two", node("wsrep_cluster_size", "2")},
		{"database_cluster", "alone", node("wsrep_cluster_status", "non-Primary")},
		{"database_cluster", "step", node("wsrep_sync_wait", "0")},
		{"database_cluster", "format", node("binlog_format", "STATEMENT")},
	} {
		t.Run(test.name+"/"+test.want, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(reasons(look(t, test.change), test.name), ","); got != test.want {
				t.Errorf("%s found %q, want %q", test.name, got, test.want)
			}
		})
	}
}

// site is a web server on this machine, whose certificate is for latchkey.example.test.
type site struct {
	roots *x509.CertPool
	dial  func(context.Context, string, string) (net.Conn, error)
}

// newSite starts a site, with TLS if end is not zero: its certificate is for name and ends then.
func newSite(t *testing.T, name string, end time.Time, handler http.HandlerFunc) site {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(&bytes.Buffer{}, "", 0)
	s := site{roots: x509.NewCertPool()}
	if end.IsZero() {
		server.Start()
	} else {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		card := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Tests"}, DNSNames: []string{name}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: end, IsCA: true, BasicConstraintsValid: true}
		raw, err := x509.CreateCertificate(rand.Reader, card, card, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		if card, err = x509.ParseCertificate(raw); err != nil {
			t.Fatal(err)
		}
		s.roots.AddCert(card)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	s.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}
	return s
}

// service answers as the service does behind a proxy of this machine.
func service(forwarded string, trusted ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.Format(http.TimeFormat))
		proof, ours := health.Answers([]byte("a key of the tests"), now, r.Header.Get(health.ArrivalHeader))
		if !ours || r.URL.Path != health.ArrivalPath {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
			r.Header.Set("X-Forwarded-Proto", "https")
		}
		var networks []netip.Prefix
		for _, one := range trusted {
			networks = append(networks, netip.MustParsePrefix(one))
		}
		answer := health.ArrivalOf(r, networks)
		answer.Proof = proof
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// The public address is asked as people ask it, and what is wrong with name, certificate, proxy and clock has a name.
func TestPublicAddress(t *testing.T) {
	t.Parallel()
	const own = "latchkey.example.test"
	year := now.AddDate(1, 0, 0)
	good := service("203.0.113.9", "127.0.0.1/32")
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		site                               func(t *testing.T) site
		change                             func(*health.Sources)
		address, certificate, proxy, clock string
	}{
		"good":        {site: func(t *testing.T) site { return newSite(t, own, year, good) }, address: "ok", certificate: "ok", proxy: "ok", clock: "ok"},
		"soon":        {site: func(t *testing.T) site { return newSite(t, own, now.AddDate(0, 0, 9), good) }, address: "ok", certificate: "soon", proxy: "ok", clock: "ok"},
		"expired":     {site: func(t *testing.T) site { return newSite(t, own, now.AddDate(0, 0, -1), good) }, address: "ok", certificate: "expired", proxy: "ok", clock: "ok"},
		"other name":  {site: func(t *testing.T) site { return newSite(t, "other.test", year, good) }, address: "ok", certificate: "name", proxy: "ok", clock: "ok"},
		"untrusted":   {site: func(t *testing.T) site { s := newSite(t, own, year, good); s.roots = x509.NewCertPool(); return s }, address: "ok", certificate: "untrusted", proxy: "ok", clock: "ok"},
		"no TLS":      {site: func(t *testing.T) site { return newSite(t, "", time.Time{}, good) }, address: "no_answer", certificate: "no_tls", proxy: "not_reached", clock: "not_reached"},
		"no header":   {site: func(t *testing.T) site { return newSite(t, own, year, service("", "127.0.0.1/32")) }, address: "ok", certificate: "ok", proxy: "no_header", clock: "ok"},
		"untrusted p": {site: func(t *testing.T) site { return newSite(t, own, year, service("203.0.113.9", "10.0.0.1/32")) }, address: "ok", certificate: "ok", proxy: "untrusted", clock: "ok"},
		"bad gateway": {site: func(t *testing.T) site { return newSite(t, own, year, status(http.StatusBadGateway)) }, address: "not_ready", certificate: "ok", proxy: "not_reached", clock: "differ"},
		"wrong host":  {site: func(t *testing.T) site { return newSite(t, own, year, status(http.StatusMisdirectedRequest)) }, address: "wrong_host", certificate: "ok", proxy: "not_reached", clock: "differ"},
		"elsewhere":   {site: func(t *testing.T) site { return newSite(t, own, year, status(http.StatusMovedPermanently)) }, address: "redirect", certificate: "ok", proxy: "not_reached", clock: "differ"},
		"a stranger":  {site: func(t *testing.T) site { return newSite(t, own, year, status(http.StatusOK)) }, address: "other_program", certificate: "ok", proxy: "not_reached", clock: "differ"},
		"another key": {site: func(t *testing.T) site { return newSite(t, own, year, good) }, change: func(s *health.Sources) { s.Key = []byte("another key") }, address: "other_program", certificate: "ok", proxy: "not_reached", clock: "ok"},
		"no name": {site: func(t *testing.T) site { return newSite(t, own, year, good) }, change: func(s *health.Sources) {
			s.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, &net.DNSError{IsNotFound: true} }
		}, address: "name_unknown", certificate: "not_reached", proxy: "not_reached", clock: "not_reached"},
		"plain": {site: func(t *testing.T) site { return newSite(t, "", time.Time{}, service("")) }, change: func(s *health.Sources) { s.PublicURL = "http://" + own }, address: "ok", certificate: "none", proxy: "direct", clock: "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := test.site(t)
			list := look(t, func(s *health.Sources) {
				s.Dial, s.Roots = at.dial, at.roots
				if test.change != nil {
					test.change(s)
				}
			})
			want := []string{test.address, test.certificate, test.proxy, test.clock}
			got := slices.Concat(reasons(list, "address"), reasons(list, "certificate"), reasons(list, "proxy"), reasons(list, "clock_outside"))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("address, certificate, proxy and clock (-want +got):\n%s", diff)
			}
		})
	}
}

// A question is answered only for who has the key, and only for some minutes.
func TestQuestions(t *testing.T) {
	t.Parallel()
	key, other := []byte("one key"), []byte("another")
	question := health.Ask(key, now, "abc")
	for name, test := range map[string]struct {
		key      []byte
		at       time.Time
		question string
		want     bool
	}{
		"ours":        {key, now.Add(time.Minute), question, true},
		"too late":    {key, now.Add(6 * time.Minute), question, false},
		"another key": {other, now, question, false},
		"no key":      {nil, now, health.Ask(nil, now, "abc"), false},
		"none":        {key, now, "", false},
		"changed":     {key, now, strings.Replace(question, "abc", "abd", 1), false},
		"long":        {key, now, question + strings.Repeat("x", 300), false},
	} {
		if proof, ours := health.Answers(test.key, test.at, test.question); ours != test.want || (proof != "") != test.want {
			t.Errorf("%s: got %v, want %v", name, ours, test.want)
		}
	}
}

// Pages get the same list for a minute.
func TestKeeperAsksOnceAMinute(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	at := now
	s := healthy()
	good := s.Stored
	s.Stored = func(ctx context.Context) (health.Stored, error) { asked.Add(1); return good(ctx) }
	s.Now = func() time.Time { return at }
	keeper := &health.Keeper{Sources: s}
	for _, step := range []struct {
		after time.Duration
		want  int32
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}} {
		at = at.Add(step.after)
		list, _ := keeper.List(t.Context())
		if asked.Load() != step.want || len(list) == 0 {
			t.Errorf("asked %d times, want %d", asked.Load(), step.want)
		}
	}
	if worst := health.Worst([]health.Check{{State: health.OK}, {State: health.Problem}, {State: health.Unknown}}); worst != health.Problem {
		t.Errorf("the worst state is %s, want problem", worst)
	}
}
