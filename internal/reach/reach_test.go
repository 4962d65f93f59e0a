package reach_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/reach"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

const ourID = "5ed0b3f6c2a94d0f8b0f4f1f6d3a2c1b"

var (
	now    = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	public = netip.MustParseAddr("93.184.215.14")
)

// asker returns an asker whose every name is at a public address, and whose connections end at a
// server of the test. It notes where it was sent.
func asker(server string, dialled *[]netip.AddrPort) *reach.Asker {
	return &reach.Asker{
		Resolve: func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{public}, nil },
		Dial: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			*dialled = append(*dialled, to)
			return (&net.Dialer{}).DialContext(ctx, "tcp", server)
		},
		May: reach.Public, Now: func() time.Time { return now }, Patience: waittest.Patience,
	}
}

func info(id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/System/Info/Public" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"ServerName":"Den","Id":%q}`, id)
	}
}

func TestMeaningOfAnswers(t *testing.T) {
	t.Parallel()
	to := func(where string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", where)
			w.WriteHeader(http.StatusFound)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		path   string
		want   reach.Finding
	}{
		"the media server":                   {info(ourID), "", reach.Fine},
		"its id in capitals":                 {info(strings.ToUpper(ourID)), "", reach.Fine},
		"Jellyfin 12 while it starts":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"`+ourID+`"}`) }, "", reach.Fine},
		"another id":                         {info("0123456789abcdef0123456789abcdef"), "", reach.OtherServer},
		"no id":                              {info(""), "", reach.OtherServer},
		"a web page":                         {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>It works!") }, "", reach.OtherServer},
		"another path":                       {info(ourID), "/jellyfin", reach.BasePath},
		"a base path that the address lacks": {to("/jellyfin/System/Info/Public"), "", reach.BasePath},
		"the same place, written in full":    {to("http://media.example.com:8096/jellyfin/"), "", reach.BasePath},
		"another scheme":                     {to("https://media.example.com/"), "", reach.Redirect},
		"this machine":                       {to("http://127.0.0.1/System/Info/Public"), "", reach.Redirect},
		"cloud metadata":                     {to("//169.254.169.254/latest/"), "", reach.Redirect},
		"a sign-in of the proxy":             {status(http.StatusUnauthorized), "", reach.OtherServer},
		"a proxy without its media server":   {status(http.StatusBadGateway), "", reach.ServerAway},
		"a redirect that is no address":      {to("http://[::1"), "", reach.Redirect},
		"an answer of many megabytes":        {giant, "", reach.OtherServer},
		"a header of many megabytes":         {giantHeader, "", reach.OtherServer},
		"an answer that waits for more first": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "{}")
		}, "", reach.OtherServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.answer)
			defer server.Close()
			var dialled []netip.AddrPort
			got := asker(server.Listener.Addr().String(), &dialled).Ask(t.Context(), reach.Target{Scheme: "http", Host: "media.example.com", Port: 8096, Path: test.path}, ourID)
			if got.Finding != test.want || got.Itself != (test.want == reach.Fine) || got.At != public {
				t.Errorf("found %+v, want %q at %v", got, test.want, public)
			}
			if len(dialled) != 1 || dialled[0] != netip.AddrPortFrom(public, 8096) {
				t.Errorf("connected to %v, want %v:8096 once: no redirect is followed", dialled, public)
			}
		})
	}
}

func giant(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"ServerName":"`)
	for range 1024 {
		if _, err := io.WriteString(w, strings.Repeat("x", 16<<10)); err != nil {
			return // the asker has left
		}
	}
	_, _ = io.WriteString(w, `","Id":"`+ourID+`"}`)
}

func giantHeader(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Long", strings.Repeat("x", 4<<20))
	_, _ = io.WriteString(w, `{"Id":"`+ourID+`"}`)
}

// A name that leads elsewhere at the second resolution leads nowhere else: there is no second one.
func TestNamesAreResolvedOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(info(ourID))
	defer server.Close()
	var dialled []netip.AddrPort
	a := asker(server.Listener.Addr().String(), &dialled)
	var resolved atomic.Int32
	a.Resolve = func(_ context.Context, name string) ([]netip.Addr, error) {
		if name != "media.example.com." {
			t.Errorf("resolved %q, want the name with a dot, which takes no search domain", name)
		}
		if resolved.Add(1) > 1 {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("2606:2800:21f::1"), public, netip.MustParseAddr("10.0.0.1")}, nil
	}
	got := a.Ask(t.Context(), reach.Target{Scheme: "http", Host: "media.example.com", Port: 80}, ourID)
	if got.Finding != reach.Fine || resolved.Load() != 1 || len(dialled) != 1 || dialled[0].Addr() != public {
		t.Errorf("found %+v after %d resolutions at %v, want fine after one at %v", got, resolved.Load(), dialled, public)
	}
}

// A name that leads into the network around the service looks like one that does not exist.
func TestPrivateAddressesAreNeverAsked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
		"192.0.0.192", "168.63.129.16", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1", "192.88.99.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2001:0:4136:e378::1", "2001:db8::1",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "3fff::1", "5f00::1", "100::1",
	} {
		var dialled []netip.AddrPort
		a := asker("", &dialled)
		a.Resolve = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr(text)}, nil
		}
		for _, host := range []string{"media.example.com", text} {
			got := a.Ask(t.Context(), reach.Target{Scheme: "http", Host: host, Port: 80}, ourID)
			if got != (reach.Answer{Finding: reach.NameUnknown}) || len(dialled) > 0 {
				t.Errorf("%s as %s: found %+v and connected to %v, want a name that nobody knows, and no connection", text, host, got, dialled)
			}
		}
	}
	for _, text := range []string{"8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"} {
		if !reach.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is not public, want it to be", text)
		}
	}
	if reach.Public(netip.Addr{}) || reach.Public(netip.MustParseAddr("2606:4700::1111").WithZone("eth0")) {
		t.Error("no address, and one with a zone, are public; want that they are not")
	}
}

func TestNameAndOwnMachine(t *testing.T) {
	t.Parallel()
	var dialled []netip.AddrPort
	a := asker("", &dialled)
	a.Own = func(_ context.Context, address netip.Addr) bool { return address == public }
	target := reach.Target{Scheme: "http", Host: "media.example.com", Port: 80}
	if got := a.Ask(t.Context(), target, ourID); got.Finding != reach.OwnMachine {
		t.Errorf("found %+v, want the own machine", got)
	}
	a.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	if got := a.Ask(t.Context(), target, ourID); got.Finding != reach.NameUnknown || len(dialled) > 0 {
		t.Errorf("found %+v and connected to %v, want an unknown name and no connection", got, dialled)
	}
	a.Own = nil
	a.Resolve = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{public}, nil }
	a.Dial = func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, errors.New("connection refused") }
	if got := a.Ask(t.Context(), target, ourID); got.Finding != reach.NoAnswer || got.At != public {
		t.Errorf("found %+v, want no answer", got)
	}
}

// certificate makes a certificate for a name, signed by an authority of the test.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: until.AddDate(0, -3, 0), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

// The answer names the problem of the certificate, and the media server behind it is recognised
// nevertheless.
func TestCertificates(t *testing.T) {
	t.Parallel()
	good, late := now.AddDate(0, 0, 40), now.AddDate(0, 0, -3)
	for name, test := range map[string]struct {
		named string
		until time.Time
		trust bool
		id    string
		want  reach.Finding
	}{
		"a good one":             {"media.example.com", good, true, ourID, reach.Fine},
		"an expired one":         {"media.example.com", late, true, ourID, reach.Expired},
		"for another name":       {"other.example.com", good, true, ourID, reach.WrongName},
		"of nobody":              {"media.example.com", good, false, ourID, reach.Untrusted},
		"expired, of a stranger": {"media.example.com", late, true, strings.Repeat("0", 32), reach.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown, pool := certificate(t, test.named, test.until)
			server := httptest.NewUnstartedServer(info(test.id))
			server.EnableHTTP2 = true // an asker that spoke HTTP/2 would read other bytes
			server.TLS = &tls.Config{Certificates: []tls.Certificate{shown}, MinVersion: tls.VersionTLS12}
			server.StartTLS()
			defer server.Close()
			var dialled []netip.AddrPort
			a := asker(server.Listener.Addr().String(), &dialled)
			if a.Roots = pool; !test.trust {
				a.Roots = x509.NewCertPool()
			}
			got := a.Ask(t.Context(), reach.Target{Scheme: "https", Host: "media.example.com", Port: 443}, ourID)
			if got.Finding != test.want || !got.Until.Equal(test.until) || got.Itself != (test.id == ourID) {
				t.Errorf("found %+v, want %q until %v", got, test.want, test.until)
			}
		})
	}
}

// other starts a server that answers every connection with the same bytes.
func other(t *testing.T, bytes string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, bytes)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestOtherProtocols(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scheme, says string
		want         reach.Finding
	}{
		"http behind https": {"https", "HTTP/1.1 400 Bad Request\r\n\r\n", reach.NoTLS},
		"HTTP/2 unasked":    {"http", "\x00\x00\x12\x04\x00\x00\x00\x00\x00", reach.OtherServer},
		"ssh":               {"http", "SSH-2.0-OpenSSH_9.2\r\n", reach.OtherServer},
		"nothing":           {"http", "", reach.NoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dialled []netip.AddrPort
			got := asker(other(t, test.says), &dialled).Ask(t.Context(), reach.Target{Scheme: test.scheme, Host: "media.example.com", Port: 8096}, ourID)
			if got.Finding != test.want || got.Itself {
				t.Errorf("found %+v, want %q", got, test.want)
			}
		})
	}
}

// A server that sends a byte now and then is left when the patience ends.
func TestSlowDrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		left := make(chan struct{})
		go func() {
			defer close(left)
			_, _ = there.Read(make([]byte, 1024))
			for _, one := range "HTTP/1.1 200 OK\r\nX-Slow: " + strings.Repeat("x", 1000) {
				time.Sleep(time.Second)
				if _, err := there.Write([]byte(string(one))); err != nil {
					return
				}
			}
		}()
		var dialled []netip.AddrPort
		a := asker("", &dialled)
		a.Dial = func(context.Context, netip.AddrPort) (net.Conn, error) { return here, nil }
		a.Patience = 10 * time.Second
		began := time.Now()
		got := a.Ask(t.Context(), reach.Target{Scheme: "http", Host: "media.example.com", Port: 80}, ourID)
		if got.Finding != reach.OtherServer || time.Since(began) != a.Patience {
			t.Errorf("found %+v after %v, want another server after %v", got, time.Since(began), a.Patience)
		}
		<-left
	})
}
