package jobs_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/internal/webhook"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

// hookReceiver is a receiver of messages.
type hookReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int // of its answers
	ids    []string
	bodies []string
}

func newHookReceiver(t *testing.T) *hookReceiver {
	t.Helper()
	r := &hookReceiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ids, r.bodies = append(r.ids, request.Header.Get("webhook-id")), append(r.bodies, string(body))
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

// got returns the ids and the bodies of the messages so far.
func (r *hookReceiver) got() (ids, bodies []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ids), slices.Clone(r.bodies)
}

func (r *hookReceiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// hooks returns a worker that reaches every address at the receiver.
func hooks(t *testing.T, store *models.Store, r *hookReceiver) *jobs.Webhooks {
	t.Helper()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return &jobs.Webhooks{
		Store: store, Say: catalogue.Say, Service: "Latchkey", Log: slog.New(slog.DiscardHandler), Parallel: 2, Interval: time.Millisecond, Look: time.Hour,
		Sender: &webhook.Sender{
			Resolve: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("192.168.1.20")}, nil
			},
			Dial: func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", r.Listener.Addr().String())
			},
			May: func(context.Context, netip.Addr) bool { return false }, Trusted: func(netip.Addr) bool { return true },
			Now: store.Now, Patience: waittest.Patience,
		},
	}
}

func plainWebhooks(o *models.Options) { o.PlainWebhooks = true }

// operatorsHook makes a webhook of the operators that hears of sign-ups and mails.
func operatorsHook(t *testing.T, store *models.Store, form, locale string) models.Webhook {
	t.Helper()
	in := models.NewWebhook{
		Form: form, WebhookTarget: models.WebhookTarget{Address: "http://home.example.com/topic"},
		WebhookChoices: models.WebhookChoices{Name: "Chat", Locale: locale, Events: models.HappenedKinds(true)},
	}
	made, _, err := store.Webhooks.Make(t.Context(), models.WebhookBy{AccountID: models.CommandLine, Operator: true}, in, models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// What happens arrives in the language of the webhook, for people and for programs.
func TestWebhookMessages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, _ *modelstest.Clock) {
		r := newHookReceiver(t)
		work := hooks(t, store, r)
		operatorsHook(t, store, models.WebhookNtfy, "de")
		operatorsHook(t, store, models.WebhookSigned, "en")
		signUp(t, store, "ann")
		if err := work.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		ids, bodies := r.got()
		slices.Sort(bodies)
		if len(bodies) != 2 || !strings.Contains(bodies[0], `"message":"ann hat sich angemeldet."`) || !strings.Contains(bodies[1], `{"type":"account.signed_up"`) {
			t.Errorf("got %q with the ids %q, want a German sentence and JSON", bodies, ids)
		}
	}, modelstest.Loose, plainWebhooks)
}

// A worker that dies after it has sent a message leaves it to another one, which sends it with the same id; and a receiver
// that is away gets it later.
func TestWebhookWorkerDies(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		r := newHookReceiver(t)
		work := hooks(t, store, r)
		hook := operatorsHook(t, store, models.WebhookSigned, "en")
		signUp(t, store, "ann")
		if _, err := store.WebhookQueue.HandOn(t.Context()); err != nil {
			t.Fatal(err)
		}
		due, err := store.WebhookQueue.Claim(t.Context(), 1, nil) // by a worker that dies now
		if err != nil || len(due) != 1 {
			t.Fatalf("claimed %+v and error %v, want one message", due, err)
		}
		once := func(want int) (ids []string) {
			t.Helper()
			if err := work.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			if ids, _ = r.got(); len(ids) != want {
				t.Fatalf("the receiver got %q, want %d messages", ids, want)
			}
			return ids
		}
		once(0)
		clock.Advance(models.DeliveryLease + time.Millisecond)
		r.answer(http.StatusServiceUnavailable)
		once(1)
		clock.Advance(time.Hour)
		r.answer(http.StatusOK)
		want := "msg_" + models.FormatID(due[0].ID)
		if ids := once(2); ids[0] != want || ids[1] != want {
			t.Errorf("got the ids %q, want %q each time", ids, want)
		}
		log, err := store.Webhooks.Deliveries(t.Context(), models.WebhookBy{AccountID: models.CommandLine, Operator: true}, hook.ID)
		if err != nil || len(log) != 1 || log[0].State != models.DeliveryDelivered || log[0].Attempts != 3 {
			t.Errorf("the log has %+v and error %v, want it delivered at the third try", log, err)
		}
	}, modelstest.Loose, plainWebhooks)
}

// The worker that runs beside the service delivers by itself, and in the order of the events.
func TestWebhookWorkerRuns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, _ *modelstest.Clock) {
		r := newHookReceiver(t)
		work := hooks(t, store, r)
		operatorsHook(t, store, models.WebhookSigned, "en")
		stop := running(t, work.Run)
		signUp(t, store, "ann")
		signUp(t, store, "bob")
		waittest.Eventually(t, "both messages", func() bool { ids, _ := r.got(); return len(ids) == 2 })
		stop()
		_, bodies := r.got()
		for i, name := range []string{"ann", "bob"} {
			var body struct {
				Data struct {
					Account struct {
						Username string `json:"username"`
					} `json:"account"`
				} `json:"data"`
			}
			if err := json.Unmarshal([]byte(bodies[i]), &body); err != nil || body.Data.Account.Username != name {
				t.Errorf("message %d is %s and error %v, want %s: messages come in their order", i, bodies[i], err, name)
			}
		}
	}, modelstest.Loose, plainWebhooks)
}
