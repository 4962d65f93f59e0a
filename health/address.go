package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/reach"
)

// The limits of the checks of the public address.
const (
	certificateSoon = 14 * 24 * time.Hour
	clockOff        = 30 * time.Second // the date of an answer has whole seconds, and the answer takes a moment
	answerMost      = 16 << 10
)

// visit is what came of the question at the public address.
type visit struct {
	chain  []*x509.Certificate
	status int
	date   time.Time // of the answer; zero without one
	asked  time.Time
	answer Arrival
	proven bool // the service itself has answered
	err    error
}

// lookAtAddress asks the public address of the service as its people do: does it answer, with which certificate, and what
// of the request arrives.
func lookAtAddress(ctx context.Context, s *Sources) []Check {
	public, err := url.Parse(s.PublicURL)
	if err != nil {
		return []Check{found("address", "name_unknown", map[string]any{"Host": s.PublicURL})}
	}
	v := visitAddress(ctx, s)
	checks := []Check{v.judgeAddress(public), v.judgeCertificate(public, s)}
	if v.proven {
		checks = append(checks, v.answer.Judge("proxy", s.PublicURL))
	} else {
		checks = append(checks, found("proxy", "not_reached", nil))
	}
	return append(checks, v.judgeClock())
}

// visitAddress sends the question. It looks at the certificate afterwards, so that the answer is read also with a wrong
// one; nothing that is secret for longer than some minutes is sent.
func visitAddress(ctx context.Context, s *Sources) visit {
	v := visit{asked: s.Now()}
	transport := &http.Transport{
		DialContext: s.Dial, DisableKeepAlives: true, ForceAttemptHTTP2: false, MaxResponseHeaderBytes: answerMost,
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // the certificate is judged by judgeCertificate, which says what is wrong with it
			MinVersion:         tls.VersionTLS12,
			VerifyConnection: func(state tls.ConnectionState) error {
				v.chain = state.PeerCertificates
				return nil
			},
		},
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.PublicURL+ArrivalPath, nil)
	if err != nil {
		v.err = err
		return v
	}
	question := Ask(s.Key, v.asked, s.Nonce())
	request.Header.Set(ArrivalHeader, question)
	request.Header.Set("User-Agent", "Latchkey doctor")
	response, err := client.Do(request)
	if err != nil {
		v.err = err
		return v
	}
	defer func() { _ = response.Body.Close() }()
	v.status = response.StatusCode
	v.date, _ = http.ParseTime(response.Header.Get("Date"))
	body, _ := io.ReadAll(io.LimitReader(response.Body, answerMost))
	want, _ := Answers(s.Key, v.asked, question)
	v.proven = v.status == http.StatusOK && json.Unmarshal(body, &v.answer) == nil && v.answer.Proof == want
	return v
}

func (v *visit) judgeAddress(public *url.URL) Check {
	params := map[string]any{"Host": public.Hostname(), "Status": strconv.Itoa(v.status)}
	reason := "ok"
	switch name, unknown := errors.AsType[*net.DNSError](v.err); {
	case unknown && name.IsNotFound:
		reason = "name_unknown"
	case v.err != nil:
		reason = "no_answer"
	case v.proven:
	case v.status == http.StatusMisdirectedRequest:
		reason = "wrong_host"
	case v.status >= http.StatusInternalServerError:
		reason = "not_ready"
	case v.status >= http.StatusMultipleChoices && v.status < http.StatusBadRequest:
		reason = "redirect"
	default:
		reason = "other_program"
	}
	return found("address", reason, params)
}

func (v *visit) judgeCertificate(public *url.URL, s *Sources) Check {
	_, plain := errors.AsType[tls.RecordHeaderError](v.err)
	switch {
	case public.Scheme != "https":
		return found("certificate", "none", nil)
	case plain || v.err != nil && strings.Contains(v.err.Error(), "server gave HTTP response to HTTPS client"): // http wraps the record's error so
		return found("certificate", "no_tls", nil)
	case len(v.chain) == 0:
		return found("certificate", "not_reached", nil)
	}
	end := v.chain[0].NotAfter
	params := map[string]any{"Days": int(end.Sub(s.Now()) / (24 * time.Hour)), "Date": end.UTC().Format(time.DateOnly), "Host": public.Hostname(), "Issuer": v.chain[0].Issuer.CommonName}
	switch finding := reach.Judge(v.chain, public.Hostname(), s.Roots, s.Now()); {
	case finding == reach.Expired:
		return found("certificate", "expired", params)
	case finding == reach.WrongName:
		return found("certificate", "name", params)
	case finding != "":
		return found("certificate", "untrusted", params)
	case end.Sub(s.Now()) < certificateSoon:
		return found("certificate", "soon", params)
	default:
		return found("certificate", "ok", params)
	}
}

// judgeClock compares the clock of this machine with the date of the answer.
func (v *visit) judgeClock() Check {
	if v.date.IsZero() {
		return found("clock_outside", "not_reached", nil)
	}
	off := v.asked.Sub(v.date)
	params := map[string]any{"Seconds": int(off.Abs() / time.Second)}
	if off.Abs() > clockOff {
		return found("clock_outside", "differ", params)
	}
	return found("clock_outside", "ok", params)
}
