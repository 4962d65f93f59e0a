package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// town is a service with people, run as a process.
type town struct {
	t       *testing.T
	service *process
	data    string
	address string   // the same after a restart
	flags   []string // flags of the service, after the flags that every town has
	nobody  *client.Client

	environment []string // of the service

	mu      sync.Mutex
	secrets []string // texts that must not be in a log or a file
}

// remember adds texts that must stay secret.
func (w *town) remember(secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, secrets...)
}

// keepsSecrets fails the test if a secret is in a log or in a file of a folder. It leaves out the
// files whose purpose is to keep a secret.
func (w *town) keepsSecrets(folder string, logs ...*process) {
	w.t.Helper()
	texts := map[string]string{}
	for i, p := range logs {
		texts[fmt.Sprint("log ", i)] = p.said.String()
	}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "agent.yaml" || entry.Name() == "secret-key" {
			return err
		}
		content, err := os.ReadFile(path)
		texts[path] = string(content)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for where, text := range texts {
		for _, secret := range w.secrets {
			if secret != "" && strings.Contains(text, secret) {
				w.t.Errorf("got the secret in %s, want it nowhere: %s", where, secret)
			}
		}
	}
	w.t.Logf("%d secrets, %d logs and files", len(w.secrets), len(texts))
}

// newTown starts a service with flags.
func newTown(t *testing.T, flags ...string) *town {
	t.Helper()
	w := &town{t: t, data: t.TempDir(), address: "127.0.0.1:0", flags: flags}
	w.open()
	return w
}

func (w *town) url() string { return "http://" + w.address }

// open starts the service.
func (w *town) open() {
	w.t.Helper()
	w.service = launch(w.t, w.environment, append([]string{
		"serve", "--dev", "--listen=" + w.address, "--data-dir=" + w.data, "--log-format=json", "--captcha=off",
		"--secret-key=" + modelstest.Key,
	}, w.flags...)...)
	w.service.waitServing()
	w.address = w.service.address
	w.nobody = w.client()
}

// client returns a client whose connections are closed when the test ends.
func (w *town) client() *client.Client {
	w.t.Helper()
	transport := &http.Transport{}
	w.t.Cleanup(transport.CloseIdleConnections)
	c, err := client.New(w.url(), client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// resident is a person with a confirmed account who is signed in.
type resident struct {
	*client.Client

	w     *town
	name  string
	id    string
	token string // of the session
}

// signUp signs a person up, confirms the address by the mail, and signs in.
func (w *town) signUp(name string) *resident {
	w.t.Helper()
	email := name + "@example.org"
	_, err := w.nobody.Accounts.SignUp(w.t.Context(), client.SignUp{Username: name, Email: email, Password: goodPassword})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.nobody.Accounts.Confirm(w.t.Context(), w.mailedToken("confirm", email)); err != nil {
		w.t.Fatal(err)
	}
	r := &resident{w: w, name: name}
	r.signIn()
	return r
}

// mailedToken waits for the mail of a kind to an address, and returns the token in its link.
func (w *town) mailedToken(kind, to string) string {
	w.t.Helper()
	link, err := url.Parse(w.mail(kind, to).FirstLink())
	if err != nil {
		w.t.Fatal(err)
	}
	return link.Query().Get("token")
}

func (r *resident) signIn() {
	r.w.t.Helper()
	signed, err := r.w.nobody.Sessions.SignIn(r.w.t.Context(), client.SignIn{NameOrEmail: r.name, Password: goodPassword, DeviceName: "browser"})
	if err != nil {
		r.w.t.Fatal(err)
	}
	r.Client, r.id, r.token = r.w.nobody.As(signed.Token), string(signed.Account.ID), signed.Token
	r.w.remember(signed.Token)
}

// mail waits for the mail of a kind to an address.
func (w *town) mail(kind, to string) (found *mailtest.Mail) {
	w.t.Helper()
	within(w.t, patience, "a mail "+kind+" to "+to, func() bool {
		files, err := filepath.Glob(filepath.Join(w.data, "mail", "*-"+kind+"-*.eml"))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err == nil && strings.Contains(string(raw), to) {
				found = mailtest.Parse(w.t, raw)
			}
		}
		return found != nil
	})
	return found
}

// claimCode makes a claim code for a server.
func (r *resident) claimCode() string {
	r.w.t.Helper()
	claim, err := r.Servers.MakeClaimCode(r.w.t.Context())
	if err != nil {
		r.w.t.Fatal(err)
	}
	r.w.remember(claim.Code)
	return claim.Code
}

// owns waits until the only server of an owner has local users with these names. It returns the id
// of the server and the ids of the local users.
func (r *resident) owns(localUsers ...string) (server client.ID, ids map[string]client.ID) {
	r.w.t.Helper()
	within(r.w.t, patience, "the local users are reported", func() bool {
		owned, err := r.Servers.Owned(r.w.t.Context())
		if err != nil || len(owned) == 0 {
			return false
		}
		server = owned[len(owned)-1].ID
		users, err := r.People.LocalUsers(r.w.t.Context(), server)
		ids = map[string]client.ID{}
		for _, u := range users {
			ids[u.Name] = u.ID
		}
		return err == nil && !slices.ContainsFunc(localUsers, func(name string) bool { return ids[name] == "" })
	})
	return server, ids
}

// invites lets an owner invite a person, who accepts. localUser is the local user for the link; ""
// means a guest.
func (r *resident) invites(whom *resident, server, localUser client.ID) {
	r.w.t.Helper()
	kind := client.Linked
	if localUser == "" {
		kind = client.Guest
	}
	invite, err := r.Invites.Create(r.w.t.Context(), client.NewInvite{
		To: whom.name, Type: kind, Servers: []client.NewInviteServer{{ServerID: server, LocalUserID: localUser}},
	})
	if err != nil {
		r.w.t.Fatal(err)
	}
	if err := whom.Invites.Accept(r.w.t.Context(), invite.ID); err != nil {
		r.w.t.Fatal(err)
	}
}

// removes lets an owner end the link of a person.
func (r *resident) removes(whom *resident, server client.ID) {
	r.w.t.Helper()
	for person, err := range r.People.List(r.w.t.Context(), server) {
		if err != nil {
			r.w.t.Fatal(err)
		}
		if person.Username == whom.name {
			if err := r.People.Remove(r.w.t.Context(), server, person.ID); err != nil {
				r.w.t.Fatal(err)
			}
			return
		}
	}
	r.w.t.Fatalf("%s has no link, want one", whom.name)
}

// ask sends a request and returns the answer; status is 0 if no answer came.
func ask(t *testing.T, method, address string, form url.Values, header ...string) (status int, body string) {
	t.Helper()
	var content io.Reader
	if form != nil {
		content = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, content)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	c := oneShot()
	c.Timeout = patience
	response, err := c.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(raw)
}

// decode reads JSON, and fails the test for any other answer.
func decode[T any](t *testing.T, status int, body string) (out T) {
	t.Helper()
	if status != http.StatusOK {
		t.Fatalf("status %d: %s, want %d", status, body, http.StatusOK)
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%v: %s, want no error", err, body)
	}
	return out
}

// fetch asks for JSON, and fails the test for any other answer.
func fetch[T any](t *testing.T, method, address string, form url.Values, header ...string) T {
	t.Helper()
	status, body := ask(t, method, address, form, header...)
	return decode[T](t, status, body)
}

// command runs a command as a process that has to succeed, and returns what it
// wrote.
func command(t *testing.T, input string, arguments ...string) string {
	t.Helper()
	p := launchInput(t, input, nil, arguments...)
	if err := p.wait(); err != nil {
		t.Fatalf("%v: %v, want no error\n%s", arguments, err, p.said)
	}
	return p.said.String()
}

// refused runs a command as a process that has to fail, with an output that contains want.
func refused(t *testing.T, want, input string, arguments ...string) string {
	t.Helper()
	p := launchInput(t, input, nil, arguments...)
	p.meant = true
	if err := p.wait(); err == nil {
		t.Fatalf("%v: got no error, want one\n%s", arguments, p.said)
	} else if !exitedWith(err, 1) {
		t.Fatal(errors.Join(err, errors.New(p.said.String())))
	}
	if !strings.Contains(p.said.String(), want) {
		t.Errorf("%v does not say %q:\n%s", arguments, want, p.said)
	}
	return p.said.String()
}
