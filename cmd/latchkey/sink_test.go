package main

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// trust returns the environment of a process that trusts the certificate of the sink and no other.
// Go reads the certificates of the system from the file in SSL_CERT_FILE, once, when a program
// first needs them.
func trust(t *testing.T, sink *mailtest.Sink) []string {
	t.Helper()
	u, err := url.Parse(sink.URL())
	if err != nil {
		t.Fatal(err)
	}
	line, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	client, err := smtp.NewClient(line, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil { // only to read the certificate
		t.Fatal(err)
	}
	state, _ := client.TLSConnectionState()
	path := filepath.Join(t.TempDir(), "sink.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: state.PeerCertificates[0].Raw}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"SSL_CERT_FILE=" + path, "SSL_CERT_DIR=" + t.TempDir()}
}

// serveMail does the work of serve. The sink is the mail server of the program.
func serveMail(t *testing.T, sink *mailtest.Sink, flags ...string) *process {
	t.Helper()
	sink.Fail(mailtest.Faults{})
	p := launch(t, trust(t, sink), append(append(plain(t), "--public-url=http://latchkey.localhost", "--mail-url="+sink.URL()), flags...)...)
	p.waitServing()
	return p
}
