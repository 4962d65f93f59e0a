package config_test

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/config"
)

// TestValues checks good and bad values of single settings. want is a part of the expected problem,
// or "" for a good value.
func TestValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"listen", "[::1]:80", ""},
		{"listen", "localhost:0", ""},
		{"listen", "8470", "not an address with a port"},
		{"listen", "127.0.0.1:99999", "not an address with a port"},
		{"listen", "a b:1", "not an address with a port"},

		{"metrics-listen", ":9470", ""},
		{"metrics-listen", "0.0.0.0:9470", ""},
		{"metrics-listen", "9470", "not an address with a port"},
		{"metrics-listen", "0.0.0.0:8470", "a port of their own"},

		{"public-url", "https://x.example/", ""},
		{"public-url", "https://[::1]:8443", ""},
		{"public-url", "x.example", "is not an address such as"},
		{"public-url", "ftp://x.example", "is not an address such as"},
		{"public-url", "https://", "is not an address such as"},
		{"public-url", "http://x.example", "must start with https://"},
		{"public-url", "https://x.example/latchkey", "nothing after the host"},
		{"public-url", "https://x.example?", "must not contain ? or #"},
		{"public-url", "https://x.example#", "must not contain ? or #"},
		{"public-url", "https://ada:lovelace@x.example", "a user or a password"},
		{"public-url", "https://bücher.example", "punycode"},
		{"public-url", "https://x.example:70000", "port"},
		{"public-url", "https://x.example:", "port"},

		{"database", "sqlite:a b/c.db", ""},
		{"database", "mysql://u:p@h/latchkey", ""},
		{"database", "mysql://u:p%2Fq@127.0.0.1:3306/latch-key_2", ""},
		{"database", "sqlite:", "does not name a file"},
		{"database", "sqlite::memory:", "must be a file"},
		{"database", "postgres://u:p@h/x", "must be sqlite:PATH or mysql://"},
		{"database", "mysql://u:p/q@h/x", "percent signs"},
		{"database", "mysql://u:1#2@h/x", "percent signs"},
		{"database", "mysql://h/x", "does not name a user"},
		{"database", "mysql://u:p@h:3306", "does not name a database"},
		{"database", "mysql://u:p@h/x/y", "does not name a database"},
		{"database", "mysql://u:p@/x", "does not name a host"},
		{"database", "mysql://u:p@h:99999/x", "port"},
		{"database", "mysql://u:p@h/x?tls=verify", ""},
		{"database", "mysql://u:p@h/x?tls=verify&tls-ca=/etc/ssl/own.pem", ""},
		{"database", "mysql://u:p@h/x?tls-ca=/etc/ssl/own.pem", ""},
		{"database", "mysql://u:p@h/x?tls=skip-verify", ""},
		{"database", "mysql://u:p@/x?socket=/run/mysqld/mysqld.sock", ""},
		{"database", "mysql://u:p@localhost/x?socket=/run/mysqld/mysqld.sock", ""},
		{"database", "mysql://u@/x?socket=/run/mysqld/mysqld.sock", ""},
		{"database", "mysql://u:p@h/x?tls=true", "a value of tls that does not exist"},
		{"database", "mysql://u:p@h/x?ssl-mode=REQUIRED", "a parameter that does not exist"},
		{"database", "mysql://u:p?q@h/x", "a parameter that does not exist"},
		{"database", "mysql://u:p@h/x?tls=", "without a value"},
		{"database", "mysql://u:p@h/x?tls=verify&tls=verify", "or twice"},
		{"database", "mysql://u:p@h/x?tls=skip-verify&tls-ca=/a.pem", "leave one of them out"},
		{"database", "mysql://u:p@h/x?tls-ca=own.pem", "does not begin with /"},
		{"database", "mysql://u:p@/x?socket=/s&tls=verify", "leave tls out"},
		{"database", "mysql://u:p@/x?socket=s", "does not begin with /"},
		{"database", "mysql://u:p@/x?tls=verify", "does not name a host"},
		{"database", "mysql://u:p@h/x#y", "must not contain ? or #"},
		{"database-connections", "-1", "from 0 to 1000"},
		{"database-connections", "0", ""},
		{"database-connections", "1000", ""},
		{"sqlite-cache", "0", "from 1 to 1024"},
		{"sqlite-map", "0", ""},
		{"sqlite-map", "2048", "from 0 to 2047"},

		{"secret-key", strings.Repeat("ä", 32), ""},
		{"secret-key", strings.Repeat("ä", 31), "has 31 characters"},
		{"secret-key-previous", "short", "has 5 characters"},
		{"secret-key-previous", "0123456789abcdef0123456789abcdef", "is the same as secret-key"},

		{"mail-url", "smtps://u:p@h", ""},
		{"mail-url", "smtp://relay.lan:25", ""},
		{"mail-url", "smtp://u%40x.example:p@h:587", ""},
		{"mail-url", "smtp://[2001:db8::25]:587", ""},
		{"mail-url", "smtp+plain://localhost", ""},
		{"mail-url", "smtp+plain://[::1]:1025", ""},
		{"mail-url", "smtp+plain://u:p@127.0.0.1:25", ""},
		{"mail-url", "smtp+plain://mailpit:1025?network=private", ""},
		{"mail-url", "smtp+plain://10.1.2.3?network=private", ""},
		{"mail-url", "smtp+plain://10.1.2.3:25", "add ?network=private"},
		{"mail-url", "smtp+plain://203.0.113.9:25?network=private", "in no private network"},
		{"mail-url", "smtp+plain://localhost?network=any", "must not contain ?"},
		{"mail-url", "smtp://h:587?network=private", "must not contain ?"},
		{"mail-url", "dir:mails", ""},
		{"mail-url", "dir:", "does not name a folder"},
		{"mail-url", "smtp://u@h:587", "must have both a user and a password"},
		{"mail-url", "smtp://u:p@h:587/x", "must end after the port"},
		{"mail-url", "smtp://u:p@h:0", "port"},
		{"mail-url", "mail.example.org", "must be smtp:"},
		{"mail-from", "latchkey@example.org", ""},
		{"mail-from", "Latchkey <a.b+c@mail.example.org>", ""},
		{"mail-from", "Wohnzimmer – Süd <a@xn--bcher-kva.example>", ""},
		{"mail-from", "Latchkey", "is not a sender"},
		{"mail-from", "latchkey@localhost", "is not a sender"},
		{"mail-from", "a@bücher.example", "is not a sender"},
		{"mail-from", `"a b"@example.org`, "is not a sender"},
		{"mail-from", "a@[192.0.2.1]", "is not a sender"},
		{"mail-from", "a@-example.org", "is not a sender"},
		{"mail-from", "a@example_1.org", "is not a sender"},
		{"mail-from", "=?utf-8?q?a?=@example.org", "is not a sender"},
		{"mail-from", strings.Repeat("a", 65) + "@example.org", "is not a sender"},
		{"mail-from", "a@" + strings.Repeat("b", 64) + ".org", "is not a sender"},
		{"mail-from", "a@example.org, b@example.org", "is not a sender"},
		{"mail-from", "a@example.org\r\nBcc: b@example.org", "line break"},

		{"service-name", "Wohnzimmer – Süd", ""},
		{"service-name", strings.Repeat("x", 61), "longer than 60"},
		{"service-name", "a\x1bb", "line break"},
		{"operator-name", "Anna & Tom Berg", ""},
		{"operator-name", strings.Repeat("x", 61), "longer than 60"},
		{"security-contact", "security@example.org", ""},
		{"security-contact", "mailto:security@example.org", ""},
		{"security-contact", "https://example.org/security", ""},
		{"security-contact", "http://example.org/security", "must be an email address"},
		{"security-contact", "ring us", "must be an email address"},

		{"captcha", "off", ""},
		{"sign-up", "Open", "is not one of open, invite, closed"},
		{"log-format", "xml", "is not one of json, text"},
		{"log-level", "trace", "is not one of"},
		{"password-min-length", "8", ""},
		{"password-min-length", "65", "from 8 to 64"},

		{"session-idle", "1d12h", ""},
		{"session-idle", "721h", ""}, // the problem is reported for session-life
		{"session-idle", "-1h", "out of range"},
		{"session-idle", "99999999d", "is not a length of time"},
		{"session-idle", "d", "is not a length of time"},
		{"session-idle", "1d-1h", "is not a length of time"},
		{"session-life", "1h", "shorter than session-idle, which is 168h"},
		{"device-life", "2h", "shorter than device-idle, which is 4320h"},
		{"reset-life", "25h", "from 5m to 24h"},
		{"drain-delay", "0", ""},

		{"trusted-proxies", "127.0.0.1,::1,fc00::/7,10.0.0.0/8", ""},
		{"trusted-proxies", "0.0.0.0/0", "includes far more"},
		{"trusted-proxies", "::/0", "includes far more"},
		{"trusted-proxies", "127.0.0.1,1.2.3.4/0", "includes far more"},
		{"trusted-proxies", "0.0.0.0/1", "includes far more"},
		{"trusted-proxies", "::ffff:0:0/96", "includes far more"},
		{"trusted-proxies", "::/1", "includes far more"},
		{"trusted-proxies", "fe80::1%eth0", "is neither an address"},
		{"trusted-proxies", "proxy.example.org", "is neither an address"},
		{"busy-addresses", "203.0.113.7=20,10.0.0.0/8=2 2001:db8::/48=1000", ""},
		{"busy-addresses", "203.0.113.7", "has no number"},
		{"busy-addresses", "203.0.113.7=", "is not a whole number from 2 to 1000"},
		{"busy-addresses", "203.0.113.7=1", "is not a whole number from 2 to 1000"},
		{"busy-addresses", "203.0.113.7=1001", "is not a whole number from 2 to 1000"},
		{"busy-addresses", "203.0.113.7=-5", "is not a whole number from 2 to 1000"},
		{"busy-addresses", "203.0.113.7=20=30", "is not a whole number from 2 to 1000"},
		{"busy-addresses", "=20", "is neither an address"},
		{"busy-addresses", "requests.example.org=20", "is neither an address"},
		{"busy-addresses", "0.0.0.0/0=20", "strangers are in it"},
		{"busy-addresses", "::/0=20", "strangers are in it"},
		{"busy-addresses", "203.0.113.7=20,::ffff:203.0.113.7=5", "names 203.0.113.7/32 twice"},
		{"dev", "2", "is neither true nor false"},
	}
	for _, test := range tests {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Parallel()
			_, loaded := load(t, good(), "--"+test.name+"="+test.value)
			problem := ""
			if err := loaded.Check(); err != nil {
				for line := range strings.Lines(err.Error()) {
					if strings.HasPrefix(line, test.name+": ") {
						problem = line
					}
				}
			}
			if (problem == "") != (test.want == "") || !strings.Contains(problem, test.want) {
				t.Errorf("problem %q, want %q", problem, test.want)
			}
		})
	}
}

func TestRecaptchaNeedsItsKeys(t *testing.T) {
	t.Parallel()
	_, loaded := load(t, good(), "--captcha=recaptcha")
	if err := loaded.Check(); err == nil || strings.Count(err.Error(), "is missing") != 2 {
		t.Errorf("got %v, want both keys missing", err)
	}
	_, loaded = load(t, good(), "--captcha=recaptcha", "--recaptcha-site-key=a", "--recaptcha-secret=b")
	if err := loaded.Check(); err != nil {
		t.Error(err)
	}
}

func TestAddressesAreBroughtIntoOneForm(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"HTTPS://X.Example/":        "https://x.example",
		"https://x.example:443":     "https://x.example",
		"https://x.example:8443/":   "https://x.example:8443",
		"https://[2001:DB8::1]:443": "https://[2001:db8::1]",
	} {
		s, loaded := load(t, good(), "--public-url="+given)
		if err := loaded.Check(); err != nil || s.PublicURL != want {
			t.Errorf("%s became %s (%v), want %s", given, s.PublicURL, err, want)
		}
	}
	if s, _ := load(t, good(), "--security-contact=a@example.org"); s.SecurityContact != "mailto:a@example.org" {
		t.Errorf("contact %q, want mailto:a@example.org", s.SecurityContact)
	}
}

func TestTrustedPrefixes(t *testing.T) {
	t.Parallel()
	s, _ := load(t, good(), "--trusted-proxies=127.0.0.1,10.1.2.3/8,::1,::ffff:192.0.2.0/120")
	want := []netip.Prefix{
		netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.0/24"),
	}
	if diff := cmp.Diff(want, s.TrustedPrefixes(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("networks (-want +got):\n%s", diff)
	}
}

func TestBusyNetworks(t *testing.T) {
	t.Parallel()
	s, _ := load(t, good(), "--busy-addresses=203.0.113.7=20,10.1.2.3/16=5", "--busy-addresses=2001:db8::/48=3")
	want := []config.BusyNetwork{
		{Prefix: netip.MustParsePrefix("203.0.113.7/32"), Times: 20},
		{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Times: 5},
		{Prefix: netip.MustParsePrefix("2001:db8::/48"), Times: 3},
	}
	if diff := cmp.Diff(want, s.BusyNetworks(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("the busy addresses differ (-want +got):\n%s", diff)
	}
}

func TestLevel(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "": slog.LevelInfo} {
		s := config.Settings{LogLevel: text}
		if got := s.Level(); got != want {
			t.Errorf("%q is level %v, want %v", text, got, want)
		}
	}
}

// TestMetricsStayOnThisMachine checks that the numbers are told to other machines only if the operator names an address.
func TestMetricsStayOnThisMachine(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": "", ":9470": "127.0.0.1:9470", "0.0.0.0:9470": "0.0.0.0:9470", "[::1]:9470": "[::1]:9470"} {
		s, loaded := load(t, good().with("LATCHKEY_METRICS_LISTEN", given))
		if err := loaded.Check(); err != nil || s.MetricsListen != want {
			t.Errorf("%q: got %q, error %v; want %q", given, s.MetricsListen, err, want)
		}
	}
}
