package reach

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// most is the number of bytes that are read of an answer, its headers included.
const most = 32 << 10

// infoPath is the path at which a media server describes itself to everybody, with its id.
const infoPath = "/System/Info/Public"

// talk connects to one address, looks at the certificate, and asks.
func (a *Asker) talk(ctx context.Context, target Target, at netip.Addr, systemID string) Answer {
	raw, err := a.Dial(ctx, netip.AddrPortFrom(at, uint16(target.Port))) //nolint:gosec // ports were checked when the address was read
	if err != nil {
		return Answer{Finding: NoAnswer}
	}
	defer func() { _ = raw.Close() }()
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })() // ends a read that waits for a slow answer
	var answer Answer
	conn := raw
	if target.Scheme == "https" {
		if conn, answer = a.secure(ctx, raw, target.Host); conn == nil {
			return answer
		}
	}
	finding := ask(conn, target, systemID)
	answer.Itself = finding == Fine
	if answer.Finding == "" {
		answer.Finding = finding
	}
	return answer
}

// secure speaks TLS and returns the connection, with the finding about the certificate: "" for a good one. The
// connection is nil if there is none.
//
// The certificate is checked after the handshake, so that the question is asked also if it is not good: the answer
// tells whose certificate it is. Nothing secret is sent.
func (a *Asker) secure(ctx context.Context, raw net.Conn, host string) (net.Conn, Answer) {
	conn := tls.Client(raw, &tls.Config{
		InsecureSkipVerify: true,                                                                 //nolint:gosec // the certificate is verified below, and the finding says what is wrong with it
		ServerName:         host, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS10, // an old server is found, too
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		if _, other := errors.AsType[tls.RecordHeaderError](err); other {
			return nil, Answer{Finding: NoTLS}
		}
		return nil, Answer{Finding: NoAnswer}
	}
	chain := conn.ConnectionState().PeerCertificates
	return conn, Answer{Finding: Judge(chain, host, a.Roots, a.Now()), Until: chain[0].NotAfter.UTC()}
}

// Judge returns the finding about a chain of certificates, whose first one a server has shown for host: "" for a good one.
// The pool roots may be nil for the authorities of the system.
func Judge(chain []*x509.Certificate, host string, roots *x509.CertPool, now time.Time) Finding {
	between := x509.NewCertPool()
	for _, one := range chain[1:] {
		between.AddCert(one)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host, CurrentTime: now})
	if err == nil {
		return ""
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired && now.After(chain[0].NotAfter) {
		return Expired
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return WrongName
	}
	return Untrusted
}

// ask sends the question and returns what the answer means.
func ask(conn net.Conn, target Target, systemID string) Finding {
	host := target.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if target.Scheme == "https" && target.Port != 443 || target.Scheme == "http" && target.Port != 80 {
		host += ":" + strconv.Itoa(target.Port)
	}
	question := "GET " + target.Path + infoPath + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: Latchkey\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, question); err != nil {
		return NoAnswer
	}
	limited := &io.LimitedReader{R: conn, N: most}
	answer, err := http.ReadResponse(bufio.NewReader(limited), nil)
	if err != nil {
		if limited.N == most {
			return NoAnswer // not a byte came
		}
		return OtherServer // not HTTP, or headers without an end
	}
	defer func() { _ = answer.Body.Close() }()
	return meaning(answer, target, systemID)
}

// meaning returns what an answer means.
func meaning(answer *http.Response, target Target, systemID string) Finding {
	switch status := answer.StatusCode; {
	case status >= http.StatusInternalServerError:
		return ServerAway
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return whereTo(answer.Header.Get("Location"), target)
	case status == http.StatusNotFound:
		return BasePath
	case status != http.StatusOK:
		return OtherServer
	}
	var info struct {
		ID string `json:"Id"` // Jellyfin 12 writes it in small letters while it starts, and names are compared without case
	}
	// An answer that does not end in time, or is too long, is cut off, so it cannot be read as JSON.
	if err := json.NewDecoder(answer.Body).Decode(&info); err != nil || info.ID == "" || !strings.EqualFold(info.ID, systemID) {
		return OtherServer
	}
	return Fine
}

// whereTo returns the finding about a redirect. A media server below a base path redirects everything outside of it
// to that path, on the same host.
func whereTo(location string, target Target) Finding {
	to, err := url.Parse(location)
	if err != nil || to.Host != "" && (!strings.EqualFold(to.Hostname(), target.Host) || to.Scheme != "" && to.Scheme != target.Scheme) {
		return Redirect
	}
	return BasePath
}
