package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// The headers that carry the token of a request.
const (
	bearer       = "Authorization: Bearer "
	connectToken = "X-Connect-UserToken: "
)

// begin appends the first lines of a request. Each request comes from an address of its own,
// because some limits count the requests of a network.
func begin(b []byte, random *rand.Rand, method, path string) []byte {
	n := random.Uint32()
	return fmt.Appendf(b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"+
		"Accept: */*\r\nX-Forwarded-For: %d.%d.%d.%d\r\n", method, path, benchHost, 11+n>>24%100, n>>16&255, n>>8&255, n&255)
}

// plain returns a request without a session.
func plain(path string) func([]byte, *rand.Rand) []byte {
	return func(b []byte, random *rand.Rand) []byte {
		return append(begin(b, random, http.MethodGet, path), "\r\n"...)
	}
}

// signed appends a request with the session of an account that is chosen at random.
func (t *town) signed(b []byte, random *rand.Rand, path, header string) []byte {
	b = append(begin(b, random, http.MethodGet, path), header...)
	b = append(b, t.token(random.IntN(t.quiet()))...)
	return append(b, "\r\n\r\n"...)
}

// page returns the request of a browser that is signed in.
func (t *town) page(path string) func([]byte, *rand.Rand) []byte {
	return func(b []byte, random *rand.Rand) []byte {
		b = append(begin(b, random, http.MethodGet, path), "Cookie: __Host-latchkey-session="...)
		b = append(b, t.token(random.IntN(t.quiet()/2)*2+1)...) // accounts with an odd number use a browser
		return append(b, "\r\n\r\n"...)
	}
}

// startPage appends the request for the page that says how to get into a server.
func (t *town) startPage(b []byte, random *rand.Rand) []byte {
	return t.serverPage(b, random, "/start")
}

// openPage appends the request for the page that shows the ways into a server from this browser.
func (t *town) openPage(b []byte, random *rand.Rand) []byte { return t.serverPage(b, random, "/open") }

// serverPage appends the request of a browser for a page about the first server that an account may use.
func (t *town) serverPage(b []byte, random *rand.Rand, page string) []byte {
	i := random.IntN(t.quiet()/2)*2 + 1
	path := "/servers/" + strconv.FormatInt(t.serverID(t.serverOf(i, 0)), 10) + page
	b = append(begin(b, random, http.MethodGet, path), "Cookie: __Host-latchkey-session="...)
	return append(append(b, t.token(i)...), "\r\n\r\n"...)
}

// form appends the rest of the request by which a browser sends a form.
func form(b []byte, body string) []byte {
	return fmt.Appendf(b, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// openInvite returns the request of a browser that has the link of an invite.
func (*town) openInvite(path string) func([]byte, *rand.Rand) []byte {
	return func(b []byte, random *rand.Rand) []byte {
		return form(begin(b, random, http.MethodPost, path), "link="+inviteSecret(random.IntN(invites)))
	}
}

// open appends the request of a browser in which a person presses Open.
func (t *town) open(b []byte, random *rand.Rand) []byte {
	i := t.opener(random)
	path := "/servers/" + strconv.FormatInt(t.serverID(t.serverOf(i, 0)), 10) + "/open"
	b = append(begin(b, random, http.MethodPost, path), "Cookie: __Host-latchkey-session="...)
	return form(append(append(b, t.token(i)...), "\r\n"...), "")
}

// authorize appends the request of a browser that came back from the agent, in which the person says yes. It
// makes a code.
func (t *town) authorize(b []byte, random *rand.Rand) []byte {
	const asked = "state=a-state-of-the-bench-0123456789&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	i := t.opener(random)
	path := "/servers/" + strconv.FormatInt(t.serverID(t.serverOf(i, 0)), 10) + "/authorize"
	b = append(begin(b, random, http.MethodPost, path), "Cookie: __Host-latchkey-session="...)
	return form(append(append(b, t.token(i)...), "\r\n"...), asked)
}

// redeem returns the request of an agent for a code that is over. A valid code can be redeemed only once, so
// the bench cannot send it again and again.
func (t *town) redeem(path string) func([]byte, *rand.Rand) []byte {
	return func(b []byte, random *rand.Rand) []byte {
		i := random.IntN(t.servers()/10) * 10 // every tenth server speaks the Emby Connect protocol, and it is never the first of ten
		body := fmt.Sprintf(`{"code":"%s","code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}`,
			secret.FormatToken(secret.OpenCode, secret.Hash(digest("open", random.IntN(codes)))))
		b = append(append(append(begin(b, random, http.MethodPost, path), bearer...), serverKey(i)...), "\r\n"...)
		return fmt.Appendf(b, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

// floorOpen appends the request that makes the floor write the same row as the service does for [town.open].
func (t *town) floorOpen(b []byte, random *rand.Rand) []byte {
	i := t.opener(random)
	b = append(begin(b, random, http.MethodPost, "/open/"+strconv.FormatInt(t.serverID(t.serverOf(i, 0)), 10)), bearer...)
	return form(append(append(b, t.token(i)...), "\r\n"...), "")
}

// opener returns the number of an account that uses a browser and whose first server has an agent.
func (t *town) opener(random *rand.Rand) int {
	for {
		if i := random.IntN(t.quiet()/2)*2 + 1; serverKind(t.serverOf(i, 0)) == models.ServerAgent {
			return i
		}
	}
}

// poll appends the request of a device that waits until it is approved.
func (*town) poll(b []byte, random *rand.Rand) []byte {
	deviceID, userCode := code(random.IntN(codes))
	return append(begin(b, random, http.MethodGet, "/service/pin?deviceId="+deviceID+"&pin="+userCode), "X-Application: Television/1.0\r\n\r\n"...)
}

// signIn appends the request by which an app signs in to an account that has a
// password.
func (t *town) signIn(b []byte, random *rand.Rand) []byte {
	body := fmt.Sprintf(`{"name_or_email":"%s","password":"%s","device_name":"bench"}`, username(random.IntN(min(passwords, t.accounts))), benchPassword)
	b = begin(b, random, http.MethodPost, "/api/v1/sessions")
	return append(b, "Content-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body...)
}

// signInAgain appends the request of a device that has signed in before, from the same address. The
// service knows such a device, so it sends no mail about it. There are only a few of these devices,
// so that nearly all of them are known after the first round.
func (*town) signInAgain(b []byte, random *rand.Rand) []byte {
	const devices = 20
	i := random.IntN(devices)
	body := fmt.Sprintf(`{"name_or_email":"%s","password":"%s","device_name":"bench","client":"Bench","device_id":"bench-%d"}`, username(i), benchPassword, i)
	return fmt.Appendf(b, "%s /api/v1/sessions HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nX-Forwarded-For: 10.200.0.%d\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", http.MethodPost, benchHost, i, len(body), body)
}

// argon2id appends a request to the floor for one hash.
func argon2id(b []byte, random *rand.Rand) []byte {
	return append(begin(b, random, http.MethodPost, "/argon2id"), "Content-Length: 0\r\n\r\n"...)
}
