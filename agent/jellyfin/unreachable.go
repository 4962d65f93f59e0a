package jellyfin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// cause is an error without the address of its request, whose query may hold a
// secret.
func cause(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		return inner.Err
	}
	return err
}

// unreachable says why there was no answer, and what to do. It never quotes the
// error, which may quote what was answered.
func unreachable(err error) string {
	if errors.Is(err, context.Canceled) {
		return "it was not waited for"
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return "it does not answer in time: see that it runs"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "its name is not known: see that media-server-url is right"
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "it refuses the connection: see that it runs and that media-server-url names its port"
	}
	if untrusted(err) {
		return "its certificate is not trusted: see that media-server-url names the host of the certificate, and that the certificate is valid"
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return "it does not speak TLS there: media-server-url has to begin with http://, or name another port"
	}
	return "the connection broke before an answer came: see that media-server-url names Jellyfin, its port, and http or https rightly"
}

func untrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.HostnameError](err)
	return ok
}
