package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// secretPrefix begins every secret, as Standard Webhooks (https://www.standardwebhooks.com) wants it.
const secretPrefix = "whsec_"

// ReadSecret returns the key in a secret as people see it: whsec_ and base64. It returns nil for any other text.
func ReadSecret(text string) []byte {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil
	}
	return raw
}

// Sign returns the value of the header Webhook-Signature for a body, as Standard Webhooks defines it.
func Sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
