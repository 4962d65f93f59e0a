package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// CertificateAdvice returns in words what is wrong with the certificate of the service, and
// what people can do about that. It returns "" for an error that is not about a
// certificate. The text begins with a small letter and has no full stop.
func CertificateAdvice(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate of the service comes from an authority that this machine does not trust: if the operator of the service has an authority of their own, " +
			"add its certificate to those that this machine trusts and restart the agent. Otherwise another machine may have taken the place of the service: ask the operator"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate at the service's address is for another name: correct the address, or ask the operator of the service for a certificate with this name"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "the certificate of the service has expired or is not valid yet: check the clock of this machine. If it is right, ask the operator of the service to renew the certificate"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "this machine does not trust the certificate of the service: ask the operator of the service to check it"
	}
	return ""
}
