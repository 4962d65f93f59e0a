package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// mediaServer starts a media server with an id. It answers an exchange by calling
// exchange.
func mediaServer(t *testing.T, id string, exchange http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /System/Info/Public", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("a token goes to a server before it is known, want none")
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"Id":"` + id + `","ServerName":"Den"}`))
	})
	if exchange != nil {
		mux.HandleFunc("GET /Connect/Exchange", exchange)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func at(addresses ...string) client.Server {
	s := client.Server{SystemID: "0f3c", AccessKey: `key"with%`}
	for _, address := range addresses {
		s.Addresses = append(s.Addresses, client.Address{Kind: "lan", URL: address})
	}
	return s
}

func TestReach(t *testing.T) {
	t.Parallel()
	c := must(client.New("https://id.example.org", client.WithTimeout(waittest.Patience), client.WithToken("lks_x")))(t)
	right, other := mediaServer(t, "0f3c", nil), mediaServer(t, "aaaa", nil)
	const nobody = "http://127.0.0.1:1"
	for _, test := range []struct {
		server client.Server
		want   string
	}{
		{at(right), right},
		{at(nobody, other, right), right},
		{at(right+"/", other), right + "/"},
		{at(nobody, other), ""},
		{at(), ""},
		{client.Server{Addresses: at(right).Addresses}, ""}, // no server is recognised without an id
	} {
		address, err := c.Servers.Reach(t.Context(), test.server)
		if address != test.want || (test.want == "") != (err != nil) {
			t.Errorf("reached %q (%v), want %q", address, err, test.want)
		}
		if test.want == "" {
			isError(t, err, client.ErrNotReached)
		}
	}
}

// A media server may be below a path, which belongs to every request to it.
func TestServerBelowAPath(t *testing.T) {
	t.Parallel()
	inside := http.NewServeMux()
	for path, answer := range map[string]string{
		"/System/Info/Public": `{"Id":"0f3c"}`, "/Connect/Exchange": `{"LocalUserId":"u1","AccessToken":"t1"}`,
	} {
		inside.HandleFunc("GET /my%20media"+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
	}
	host := httptest.NewServer(inside)
	t.Cleanup(host.Close)
	c := must(client.New("https://id.example.org", client.WithTimeout(waittest.Patience)))(t)
	address, err := c.Servers.Reach(t.Context(), at(host.URL, host.URL+"/my%20media"))
	if err != nil || address != host.URL+"/my%20media" {
		t.Fatalf("reached %q (%v), want %s/my%%20media", address, err, host.URL)
	}
	token, err := c.Servers.Exchange(t.Context(), address, at(address), "733", client.LocalDevice{Client: "Den TV", Name: "Den", ID: "tv-1", Version: "1"})
	if err != nil || token.AccessToken != "t1" {
		t.Errorf("got %+v and the error %v, want the token t1", token, err)
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	c := must(client.New("https://id.example.org", client.WithToken("lks_secret")))(t)
	device := client.LocalDevice{Client: "Den TV", Name: `Grandmother's "big" TV`, ID: "tv-1", Version: "1.4"}
	server := at()
	exchange := func(handler http.HandlerFunc) (client.LocalToken, error) {
		return c.Servers.Exchange(t.Context(), mediaServer(t, "0f3c", handler), server, "733", device)
	}
	token, err := exchange(func(w http.ResponseWriter, r *http.Request) {
		const want = `MediaBrowser Client="Den%20TV", Device="Grandmother%27s%20%22big%22%20TV", DeviceId="tv-1", Version="1.4", Token="key%22with%25"`
		if got := r.Header.Get("Authorization"); got != want || r.URL.Query().Get("ConnectUserId") != "733" {
			t.Errorf("asked with Authorization %q and query %s, want %q and ConnectUserId 733", got, r.URL.RawQuery, want)
		}
		_, _ = w.Write([]byte(`{"LocalUserId":"u1","AccessToken":"t1"}`))
	})
	if err != nil || token != (client.LocalToken{LocalUserID: "u1", AccessToken: "t1"}) {
		t.Errorf("got %+v and the error %v, want the token t1 of u1", token, err)
	}
	for _, status := range []int{401, 403, 404} {
		_, err := exchange(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		isError(t, err, client.ErrExchangeRefused)
	}
	for _, body := range []string{"", "{}", "nonsense", `{"AccessToken":7}`} {
		_, err := exchange(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		isError(t, err, client.ErrBadAnswer)
	}
	_, err = exchange(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://other.example/", http.StatusFound)
	})
	isError(t, err, client.ErrBadAnswer)
	_, err = exchange(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if problem, ok := errors.AsType[*client.Error](err); !ok || problem.RetryAfter != 7*time.Second || strings.Contains(err.Error(), server.AccessKey) {
		t.Error(err)
	}
}

// TestReachFromAway asks from outside the home network, where the address at home never
// answers. Reach must not wait for it.
func TestReachFromAway(t *testing.T) {
	t.Parallel()
	c := must(client.New("https://id.example.org", client.WithTimeout(waittest.Patience)))(t)
	silence := make(chan struct{})
	home := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-silence:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(home.Close)
	t.Cleanup(func() { close(silence) })
	right := mediaServer(t, "0f3c", nil)
	address, err := c.Servers.Reach(t.Context(), at(home.URL, home.URL+"/", right, "http://127.0.0.1:1"))
	if err != nil || address != right { // the addresses at home stay silent, so Reach has not waited for them
		t.Errorf("reached %q with the error %v, want %q", address, err, right)
	}
}

// TestExchangeLimitsRetryAfter has a media server ask for a wait of more years than a duration
// can hold.
func TestExchangeLimitsRetryAfter(t *testing.T) {
	t.Parallel()
	c := must(client.New("https://id.example.org"))(t)
	for _, after := range []string{"9223372036854775807", "10000000000", "-5", "soon"} {
		address := mediaServer(t, "0f3c", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := c.Servers.Exchange(t.Context(), address, at(), "733", client.LocalDevice{})
		if problem, ok := errors.AsType[*client.Error](err); !ok || problem.RetryAfter < 0 || problem.RetryAfter > 24*time.Hour {
			t.Errorf("Retry-After %s: got %+v, want a time from 0 to 24h", after, problem)
		}
	}
}
