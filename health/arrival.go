package health

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/peer"
)

// The question by which this package learns how requests arrive at the service.
const (
	ArrivalPath   = "/arrival"
	ArrivalHeader = "X-Latchkey-Arrival"
	arrivalLife   = 5 * time.Minute
)

// Arrival is how a request arrived at the service.
type Arrival struct {
	Host      string   `json:"host"`
	Remote    string   `json:"remote"`    // the address at the other end of the connection
	Trusted   bool     `json:"trusted"`   // whether that one is a trusted proxy
	Forwarded []string `json:"forwarded"` // the addresses in X-Forwarded-For
	Proto     string   `json:"proto"`     // X-Forwarded-Proto
	Caller    string   `json:"caller"`    // who counts as the caller
	Proof     string   `json:"proof"`     // that the service has answered, and no other program
}

// ArrivalOf returns how a request arrived.
func ArrivalOf(r *http.Request, trusted []netip.Prefix) Arrival {
	a := Arrival{Host: r.Host, Proto: r.Header.Get("X-Forwarded-Proto"), Forwarded: []string{}}
	remote, _ := peer.Address(r.RemoteAddr, nil, nil)
	caller, _ := peer.Address(r.RemoteAddr, r.Header, trusted)
	for _, prefix := range trusted {
		a.Trusted = a.Trusted || prefix.Contains(remote)
	}
	if remote.IsValid() {
		a.Remote, a.Caller = remote.String(), caller.String()
	}
	for hop := range strings.SplitSeq(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") {
		if hop = strings.TrimSpace(hop); hop != "" {
			a.Forwarded = append(a.Forwarded, hop)
		}
	}
	return a
}

// Judge returns the finding about an arrival, with the name of the check.
func (a Arrival) Judge(name, publicURL string) Check {
	public, err := url.Parse(publicURL)
	secure := err == nil && public.Scheme == "https"
	params := map[string]any{"Proxy": a.Remote, "Caller": a.Caller, "Host": a.Host, "Proto": a.Proto}
	reason := "ok"
	switch {
	case len(a.Forwarded) > 0 && !a.Trusted:
		reason = "untrusted"
	case len(a.Forwarded) == 0 && secure: // the service speaks no TLS itself, so a proxy stands before it
		reason = "no_header"
	case err == nil && !strings.EqualFold(bareHost(a.Host), bareHost(public.Host)):
		reason = "host"
	case len(a.Forwarded) == 0:
		reason = "direct"
	case secure && strings.EqualFold(a.Proto, "http"):
		reason = "proto"
	}
	return found(name, reason, params)
}

// bareHost returns a host without a default port and without the dot at its end.
func bareHost(host string) string {
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
	return strings.TrimSuffix(host, ".")
}

// Ask returns the value of [ArrivalHeader] for a question with a nonce.
func Ask(key []byte, now time.Time, nonce string) string {
	at := strconv.FormatInt(now.Unix(), 10)
	return at + "." + nonce + "." + proof(key, "question", at, nonce)
}

// Answers reads a question. It returns the proof for the answer, and false for a question that nobody with the key has
// asked a short time ago.
func Answers(key []byte, now time.Time, question string) (string, bool) {
	const most = 200
	parts := strings.Split(question, ".")
	if len(key) == 0 || len(question) > most || len(parts) != 3 {
		return "", false
	}
	seconds, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > arrivalLife || !hmac.Equal([]byte(parts[2]), []byte(proof(key, "question", parts[0], parts[1]))) {
		return "", false
	}
	return proof(key, "answer", parts[0], parts[1]), true
}

func proof(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(mac.Sum(nil))
}
