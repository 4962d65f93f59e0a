package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/webhook"
)

// verified reports whether a message was signed with the secret that the service showed when the webhook was added.
func verified(secret string, header http.Header, body []byte, now time.Time) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	seconds, wrong := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || wrong != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(header.Get("webhook-id") + "." + header.Get("webhook-timestamp") + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for have := range strings.FieldsSeq(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(have), []byte(want)) {
			return true
		}
	}
	return false
}

// Example checks a message as docs/webhooks.md shows it.
func Example() {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	at := time.Unix(1614265330, 0)
	message := webhook.Message{ID: "msg_17", At: at, Type: "link.accepted", Data: json.RawMessage(`{}`)}
	to := webhook.Target{Form: webhook.Signed, Address: "https://example.com/hooks", Secret: webhook.ReadSecret(secret)}
	request, err := webhook.Request(context.Background(), to, message, at)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(request.Body)
	fmt.Println(verified(secret, request.Header, body, at.Add(time.Minute)))
	fmt.Println(verified(secret, request.Header, append(body, ' '), at))
	fmt.Println(verified(secret, request.Header, body, at.Add(time.Hour)))
	// Output:
	// true
	// false
	// false
}

// The documentation shows the code that the example runs.
func TestDocumentedCheck(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "// verified reports")
	code, _, found := strings.Cut(code, "\n}\n")
	if !found || !strings.Contains(string(docs), "// verified reports"+code+"\n}\n") {
		t.Error("docs/webhooks.md shows other code than the example that is tested")
	}
}
