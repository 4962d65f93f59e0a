package agent_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// detour sends requests to another address as soon as such an address is set.
type detour struct {
	way atomic.Pointer[detourWay]
}

type detourWay struct {
	address string
	through http.RoundTripper
}

func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	way := d.way.Load()
	if way == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	other, err := http.NewRequestWithContext(r.Context(), r.Method, way.address+r.URL.Path, nil)
	if err != nil {
		return nil, err
	}
	return way.through.RoundTrip(other)
}

// The agent does not trust the certificate at the service's address, for each of the usual
// reasons. The agent reports the reason, sends no request, and continues with its own copy.
func TestUntrustedCertificateIsNamed(t *testing.T) {
	t.Parallel()
	var met atomic.Int64
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	through := func(config *tls.Config) http.RoundTripper {
		config.MinVersion = tls.VersionTLS12
		return &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	}
	inMyTime := func() time.Time { return secure.Certificate().NotBefore.Add(time.Hour) }
	s := newSite(t)
	way := &detour{}
	d := newDeployment(t, s, func(o *agent.Options) {
		o.Service = s.NewClient(t, client.WithHTTPClient(&http.Client{Transport: way}), client.WithUserAgent("agent/test"), client.WithRetries(1, 0), client.WithTimeout(waittest.Patience))
	}).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	for _, test := range []struct {
		name string
		way  detourWay
		want string
	}{
		{"authority", detourWay{secure.URL, through(&tls.Config{RootCAs: x509.NewCertPool(), Time: inMyTime})}, "comes from an authority that this machine does not trust"},
		{"name", detourWay{secure.URL, through(&tls.Config{RootCAs: trusted, ServerName: "id.elsewhere.test", Time: inMyTime})}, "is for another name"},
		{"expired", detourWay{secure.URL, through(&tls.Config{RootCAs: trusted, Time: func() time.Time { return secure.Certificate().NotAfter.Add(time.Hour) }})}, "has expired or is not valid yet"},
	} {
		way.way.Store(&test.way)
		eventually(t, "trouble", func() bool { return strings.Contains(d.troubleText("service_certificate"), test.want) }, d.log)
		eventually(t, "no other trouble with the service", func() bool { return !d.trouble("service_away") })
		d.exchanged(key, "u1")
		way.way.Store(nil)
		eventually(t, "the end of it", func() bool { return !d.trouble("service_certificate") })
	}
	if n := met.Load(); n != 0 {
		t.Errorf("%d requests reached a server whose certificate is not trusted, want 0", n)
	}
}

// An error that is not about a certificate gets no advice about certificates.
func TestCertificateAdviceIsAboutCertificates(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errDown, errors.New("tls: handshake failure"), x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}} {
		if got := agent.CertificateAdvice(err); got != "" {
			t.Errorf("%v: advice %q, want none", err, got)
		}
	}
	other := &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}}
	if got := agent.CertificateAdvice(other); !strings.Contains(got, "does not trust the certificate") {
		t.Errorf("%v: advice %q, want that the certificate is not trusted", other, got)
	}
}
