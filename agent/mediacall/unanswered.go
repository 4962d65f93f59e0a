package mediacall

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

// cause returns an error without the address of its request, whose query may contain a
// secret.
func cause(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		return inner.Err
	}
	return err
}

// why returns in words the reason for a missing answer of a product, such as Jellyfin, and a remedy. The
// text never quotes the error, because the error may quote the answer.
func why(err error, product string) string {
	if errors.Is(err, context.Canceled) {
		return "the request was cancelled"
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return "it does not answer in time: check that it runs"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "its name is not known: check that media-server-url is right"
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "it refuses the connection: check that it runs and that media-server-url names its port"
	}
	if untrusted(err) {
		return "its certificate is not trusted: check that media-server-url names the host of the certificate, that the certificate is valid, and that this machine trusts the authority that it comes from"
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return "it does not speak TLS there: media-server-url must begin with http://, or name another port"
	}
	return "the connection broke before an answer came: check that media-server-url has the right host, the right port, and http or https as " + product + " wants"
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
